use std::sync::Arc;

use cogward_session::{
    LoginKey, LookupKey, Marks, Record, Replaced, RevocationMark, StoreError, Timestamp, UserIndex,
};
use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::Operation;
use crate::cache::RecordCache;
use crate::rows::{self, mark_columns, record_columns};

pub(crate) struct Insert {
    pub(crate) key: LookupKey,
    pub(crate) record: Arc<Record>,
}

impl Operation for Insert {
    type Output = ();

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<(), StoreError> {
        let Record {
            version,
            user,
            last_seen_at,
            expires_at,
            identity,
            tokens,
            device,
        } = &*self.record;
        let inserted = sql(statements.insert.execute((
            self.key.as_bytes(),
            version.cast_signed(),
            user.as_bytes(),
            last_seen_at.as_secs(),
            expires_at.as_secs(),
            identity,
            tokens,
            device,
        )))?;
        if inserted == 0 {
            Err(StoreError::Exists)
        } else {
            Ok(())
        }
    }

    fn settle(self, outcome: Option<&()>, cache: &RecordCache) {
        match outcome {
            Some(()) => cache.put(self.key, self.record),
            None => cache.remove(&self.key),
        }
    }
}

pub(crate) struct Replace {
    pub(crate) key: LookupKey,
    pub(crate) expected: u64,
    pub(crate) record: Arc<Record>,
}

impl Operation for Replace {
    type Output = Replaced;

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<Replaced, StoreError> {
        let Record {
            version,
            user,
            last_seen_at,
            expires_at,
            identity,
            tokens,
            device,
        } = &*self.record;
        let changed = sql(statements.replace.execute((
            self.key.as_bytes(),
            self.expected.cast_signed(),
            version.cast_signed(),
            user.as_bytes(),
            last_seen_at.as_secs(),
            expires_at.as_secs(),
            identity,
            tokens,
            device,
        )))?;
        statements.replaced(changed, &self.key)
    }

    fn settle(self, outcome: Option<&Replaced>, cache: &RecordCache) {
        match outcome {
            Some(Replaced::Done) => cache.put(self.key, self.record),
            Some(_) => {}
            None => cache.remove(&self.key),
        }
    }
}

pub(crate) struct Touch {
    pub(crate) key: LookupKey,
    pub(crate) expected: u64,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Operation for Touch {
    type Output = Replaced;

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<Replaced, StoreError> {
        let changed = sql(statements.touch.execute((
            self.key.as_bytes(),
            self.expected.cast_signed(),
            self.last_seen_at.as_secs(),
            self.expires_at.as_secs(),
        )))?;
        statements.replaced(changed, &self.key)
    }

    fn settle(self, outcome: Option<&Replaced>, cache: &RecordCache) {
        match outcome {
            Some(Replaced::Done) => cache.change(self.key, |record| {
                record.last_seen_at = self.last_seen_at;
                record.expires_at = self.expires_at;
            }),
            Some(_) => {}
            None => cache.remove(&self.key),
        }
    }
}

pub(crate) struct Remove {
    pub(crate) key: LookupKey,
}

impl Operation for Remove {
    type Output = Option<Arc<Record>>;

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<Self::Output, StoreError> {
        let removed = statements
            .remove
            .query_row([self.key.as_bytes()], rows::read);
        Ok(sql(removed.optional())?.map(|(_, record)| Arc::new(record)))
    }

    fn settle(self, _: Option<&Self::Output>, cache: &RecordCache) {
        cache.remove(&self.key);
    }
}

pub(crate) struct PutLogin {
    pub(crate) key: LoginKey,
    pub(crate) sealed: Vec<u8>,
    pub(crate) expires_at: Timestamp,
}

impl Operation for PutLogin {
    type Output = ();

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<(), StoreError> {
        let row = (self.key.as_bytes(), self.expires_at.as_secs(), &self.sealed);
        let inserted = sql(statements.put_login.execute(row))?;
        if inserted == 0 {
            Err(StoreError::Exists)
        } else {
            Ok(())
        }
    }

    fn settle(self, _: Option<&()>, _: &RecordCache) {}
}

pub(crate) struct TakeLogin {
    pub(crate) key: LoginKey,
    pub(crate) now: Timestamp,
}

impl Operation for TakeLogin {
    type Output = Option<Vec<u8>>;

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<Self::Output, StoreError> {
        let taken = statements
            .take_login
            .query_row([self.key.as_bytes()], |row| {
                Ok((Timestamp::from_secs(row.get(0)?), row.get(1)?))
            });
        let taken = sql(taken.optional())?;
        Ok(taken
            .filter(|(expires_at, _)| self.now < *expires_at)
            .map(|(_, sealed)| sealed))
    }

    fn settle(self, _: Option<&Self::Output>, _: &RecordCache) {}
}

pub(crate) struct PutMark {
    pub(crate) user: UserIndex,
    pub(crate) mark: RevocationMark,
    pub(crate) expires_at: Timestamp,
    /// All that have been committed; changed by the writing thread only.
    pub(crate) marks: Arc<Marks>,
}

impl Operation for PutMark {
    type Output = ();

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<(), StoreError> {
        // Not from memory: another write of this transaction may have put one.
        let found = statements
            .mark
            .query_row([self.user.as_bytes()], rows::read_mark);
        let merged = match sql(found.optional())? {
            Some(found) => found.merge(self.mark),
            None => self.mark,
        };
        sql(statements.put_mark.execute((
            self.user.as_bytes(),
            merged.before.as_secs(),
            merged.spared.map(|spared| spared.sign_in),
            merged.spared.map(|spared| spared.before.as_secs()),
            self.expires_at.as_secs(),
        )))?;
        Ok(())
    }

    fn settle(self, outcome: Option<&()>, _: &RecordCache) {
        if outcome.is_some() {
            self.marks.put(&self.user, self.mark, self.expires_at);
        }
    }
}

pub(crate) struct Sweep {
    pub(crate) now: Timestamp,
    pub(crate) limit: usize,
    /// Filled as rows go.
    pub(crate) swept: Vec<LookupKey>,
    pub(crate) marks: Arc<Marks>,
}

impl Operation for Sweep {
    type Output = usize;

    fn run(&mut self, statements: &mut Statements<'_>) -> Result<usize, StoreError> {
        self.swept.clear();
        let now = self.now.as_secs();
        let limit = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        let sessions = statements
            .sweep_sessions
            .query_map((now, limit(self.limit)), |row| {
                row.get(0).map(LookupKey::from_bytes)
            });
        for key in sql(sessions)? {
            self.swept.push(sql(key)?);
        }
        let room = self.limit.saturating_sub(self.swept.len());
        let logins = sql(statements.sweep_logins.execute((now, limit(room))))?;
        let room = room.saturating_sub(logins);
        let marks = sql(statements.sweep_marks.execute((now, limit(room))))?;
        Ok(self.swept.len() + logins + marks)
    }

    fn settle(self, outcome: Option<&usize>, cache: &RecordCache) {
        self.swept.iter().for_each(|key| cache.remove(key));
        if outcome.is_some() {
            self.marks.sweep(self.now, self.limit);
        }
    }
}

pub(crate) struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    roll_back: Statement<'c>,
    insert: Statement<'c>,
    replace: Statement<'c>,
    touch: Statement<'c>,
    exists: Statement<'c>,
    remove: Statement<'c>,
    put_login: Statement<'c>,
    take_login: Statement<'c>,
    mark: Statement<'c>,
    put_mark: Statement<'c>,
    sweep_sessions: Statement<'c>,
    sweep_logins: Statement<'c>,
    sweep_marks: Statement<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            roll_back: connection.prepare("ROLLBACK")?,
            insert: connection.prepare(
                "INSERT INTO session
                   (key, version, user, last_seen_at, expires_at, identity, tokens, device)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO NOTHING",
            )?,
            replace: connection.prepare(
                "UPDATE session SET version = ?3, user = ?4, last_seen_at = ?5,
                   expires_at = ?6, identity = ?7, tokens = ?8, device = ?9
                 WHERE key = ?1 AND version = ?2",
            )?,
            touch: connection.prepare(
                "UPDATE session SET last_seen_at = ?3, expires_at = ?4
                 WHERE key = ?1 AND version = ?2",
            )?,
            exists: connection.prepare("SELECT 1 FROM session WHERE key = ?1")?,
            remove: connection.prepare(concat!(
                "DELETE FROM session WHERE key = ?1 RETURNING ",
                record_columns!()
            ))?,
            put_login: connection.prepare(
                "INSERT INTO login (key, expires_at, sealed) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO NOTHING",
            )?,
            take_login: connection
                .prepare("DELETE FROM login WHERE key = ?1 RETURNING expires_at, sealed")?,
            mark: connection.prepare(concat!(
                "SELECT ",
                mark_columns!(),
                " FROM mark WHERE user = ?1"
            ))?,
            put_mark: connection.prepare(concat!(
                "INSERT INTO mark (user, ",
                mark_columns!(),
                ", expires_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (user) DO UPDATE
                 SET before = ?2, spared = ?3, spared_before = ?4,
                   expires_at = max(expires_at, ?5)"
            ))?,
            sweep_sessions: connection.prepare(
                "DELETE FROM session WHERE id IN
                   (SELECT id FROM session WHERE expires_at <= ?1 LIMIT ?2) RETURNING key",
            )?,
            sweep_logins: connection.prepare(
                "DELETE FROM login WHERE rowid IN
                   (SELECT rowid FROM login WHERE expires_at <= ?1 LIMIT ?2)",
            )?,
            sweep_marks: connection.prepare(
                "DELETE FROM mark WHERE rowid IN
                   (SELECT rowid FROM mark WHERE expires_at <= ?1 LIMIT ?2)",
            )?,
        })
    }

    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.begin.execute([]).map(drop)
    }

    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        self.commit.execute([]).map(drop)
    }

    pub(super) fn roll_back(&mut self) -> rusqlite::Result<()> {
        self.roll_back.execute([]).map(drop)
    }

    fn replaced(&mut self, changed: usize, key: &LookupKey) -> Result<Replaced, StoreError> {
        Ok(if changed > 0 {
            Replaced::Done
        } else if sql(self.exists.exists([key.as_bytes()]))? {
            Replaced::Conflict
        } else {
            Replaced::Missing
        })
    }
}

fn sql<T>(result: rusqlite::Result<T>) -> Result<T, StoreError> {
    result.map_err(StoreError::unavailable)
}
