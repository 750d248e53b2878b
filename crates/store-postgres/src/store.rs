use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cogward_session::{
    ABANDONED_SECONDS, BudgetKey, Holder, KeptMark, Lease, LoginKey, LookupKey, Quota, Record,
    Replaced, RevocationMark, SessionStore, StoreError, Taken, Timestamp, UserIndex,
};

use crate::calls::Parameters;
use crate::connect::Connector;
use crate::fault::Fault;
use crate::lanes::{Lanes, Limits, Which};
use crate::open::{OpenError, Options};
use crate::rows::{self, column, seconds};
use crate::schema::SESSIONS;

/// Sessions in a PostgreSQL database.
pub struct PostgresStore {
    pub(crate) reads: Lanes,
    /// Apart from those that read, for whom nothing is ever locked.
    pub(crate) writes: Lanes,
    pub(crate) call_limit: Duration,
    sweeps: AtomicUsize,
}

impl PostgresStore {
    /// Opens the database, whose tables are made or brought up to date if need be. One that
    /// cannot be reached is no error: the store is unavailable until it can.
    ///
    /// # Errors
    /// [`OpenError`] for what waiting does not mend, but never [`OpenError::Unreachable`].
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let connector = Arc::new(Connector::new(&options, &SESSIONS)?);
        let first = match connector.connect().await {
            Ok(live) => Some(live),
            Err(Fault::Unusable(error)) => return Err(error),
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                let server = options.url.server();
                tracing::warn!(server, error, "PostgreSQL cannot be reached yet");
                None
            }
        };
        // So that who writes first need not wait either.
        let second = match first {
            Some(_) => connector.connect().await.ok(),
            None => None,
        };
        let (writes, call_limit) = ((options.connections / 2).max(1), options.call_limit);
        let reads = options.connections.saturating_sub(writes).max(1);
        let silence = call_limit / 4;
        // Time enough to ask another connection. A write could not be sent again.
        let reading = Limits {
            patience: call_limit / 2,
            silence,
        };
        let writing = Limits {
            patience: call_limit,
            silence,
        };
        Ok(Self {
            reads: Lanes::start(&connector, reads, reading, first),
            writes: Lanes::start(&connector, writes, writing, second),
            call_limit,
            sweeps: AtomicUsize::new(0),
        })
    }

    /// Merges with what is there, however many others do so at once.
    async fn merge_mark(&self, user: &UserIndex, new: KeptMark) -> Result<(), Fault> {
        let mut expected: Option<KeptMark> = None;
        for _ in 0..MERGES {
            let merged = expected.map_or(new, |kept| kept.merge(new));
            // Once it can be read it is as durable as it will be.
            if expected == Some(merged) {
                return Ok(());
            }
            let parameters: Parameters<'_> = &[
                &user.as_bytes().as_slice(),
                &merged.expires_at.as_secs(),
                &merged.to_bytes(),
                &expected.map(|kept| kept.to_bytes()),
            ];
            let rows = self.write(|s| &s.put_mark, parameters).await?;
            let row = rows.first().ok_or(Fault::Row("done"))?;
            if column(row, 0, "done")? {
                return Ok(());
            }
            let found: Option<i64> = column(row, 1, "expires_at")?;
            expected = found.map(|_| rows::mark(row, 1)).transpose()?;
        }
        Err(Fault::Contended)
    }

    async fn sweep_one(&self, which: Which, at: Parameters<'_>, limit: usize) -> Swept {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let parameters = [at, &[&limit]].concat();
        let rows = self.limited(self.write(which, &parameters)).await?;
        let row = rows.first().ok_or(Fault::Row("count"))?;
        let count: i64 = column(row, 0, "count")?;
        usize::try_from(count).map_err(|_| Fault::Row("count"))
    }
}

type Swept = Result<usize, Fault>;

/// More than there are connections of all processes that could take turns in winning.
const MERGES: usize = 1000;

#[async_trait]
impl SessionStore for PostgresStore {
    async fn load(
        &self,
        key: &LookupKey,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let key = key.as_bytes().as_slice();
        let rows = self.limited(self.read(|s| &s.load, &[&key])).await?;
        let found = rows.first().map(rows::record).transpose()?;
        Ok(found
            .filter(|(_, record)| record.is_live(now))
            .map(|(_, record)| Arc::new(record)))
    }

    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError> {
        let parameters: Parameters<'_> = &[
            &key.as_bytes().as_slice(),
            &record.version.cast_signed(),
            &record.user.as_bytes().as_slice(),
            &record.last_seen_at.as_secs(),
            &record.expires_at.as_secs(),
            &&*record.identity,
            &&*record.tokens,
            &&*record.device,
        ];
        self.added(|s| &s.insert, parameters).await
    }

    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        let parameters: Parameters<'_> = &[
            &key.as_bytes().as_slice(),
            &expected.cast_signed(),
            &record.version.cast_signed(),
            &record.user.as_bytes().as_slice(),
            &record.last_seen_at.as_secs(),
            &record.expires_at.as_secs(),
            &&*record.identity,
            &&*record.tokens,
            &&*record.device,
        ];
        self.replaced(|s| &s.replace, parameters).await
    }

    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let parameters: Parameters<'_> = &[
            &key.as_bytes().as_slice(),
            &expected.cast_signed(),
            &last_seen_at.as_secs(),
            &expires_at.as_secs(),
        ];
        self.replaced(|s| &s.touch, parameters).await
    }

    async fn remove(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        let key = key.as_bytes().as_slice();
        let rows = self.limited(self.write(|s| &s.remove, &[&key])).await?;
        let removed = rows.first().map(rows::record).transpose()?;
        Ok(removed.map(|(_, record)| Arc::new(record)))
    }

    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        let users: Vec<&[u8]> = users
            .iter()
            .map(|user| user.as_bytes().as_slice())
            .collect();
        let parameters: Parameters<'_> = &[&users, &now.as_secs()];
        // One statement sees all as it is at one moment, also what moves meanwhile.
        let rows = self.limited(self.read(|s| &s.list, parameters)).await?;
        let records = rows.iter().filter_map(|row| rows::record(row).ok());
        let listed: Vec<_> = records
            .map(|(key, record)| (key, Arc::new(record)))
            .collect();
        if listed.len() < rows.len() {
            let rows = rows.len() - listed.len();
            tracing::warn!(
                rows,
                "PostgreSQL holds rows that Cogward did not write: a list of sessions goes \
                 without them"
            );
        }
        Ok(listed)
    }

    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = key.as_bytes().as_slice();
        let parameters: Parameters<'_> = &[&key, &expires_at.as_secs(), &sealed];
        self.added(|s| &s.put_login, parameters).await
    }

    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.as_bytes().as_slice();
        let rows = self.limited(self.write(|s| &s.take_login, &[&key])).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let live = now < seconds(row, 0, "expires_at")?;
        let sealed = column(row, 1, "sealed")?;
        Ok(live.then_some(sealed))
    }

    async fn put_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let new = KeptMark { mark, expires_at };
        Ok(self.limited(self.merge_mark(user, new)).await?)
    }

    async fn mark(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError> {
        let users: Vec<&[u8]> = users
            .iter()
            .map(|user| user.as_bytes().as_slice())
            .collect();
        let rows = self.limited(self.read(|s| &s.marks, &[&users])).await?;
        let marks = rows.iter().map(|row| rows::mark(row, 0));
        let marks = marks.collect::<Result<Vec<_>, _>>()?;
        let live = marks.into_iter().filter(|kept| now < kept.expires_at);
        Ok(live.map(|kept| kept.mark).reduce(RevocationMark::merge))
    }

    /// By the clock of PostgreSQL.
    async fn lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
        _now: Timestamp,
        seconds: u32,
    ) -> Result<Lease, StoreError> {
        let parameters: Parameters<'_> = &[
            &key.as_bytes().as_slice(),
            &holder.as_bytes().as_slice(),
            &f64::from(seconds),
            &f64::from(ABANDONED_SECONDS),
        ];
        let rows = self.limited(self.write(|s| &s.lease, parameters)).await?;
        let taken_over = rows.first().map(|row| column(row, 0, "taken_over"));
        Ok(match taken_over.transpose()? {
            None => Lease::Held,
            Some(false) => Lease::Granted,
            Some(true) => Lease::TakenOver,
        })
    }

    async fn release(&self, key: &LookupKey, holder: &Holder) -> Result<(), StoreError> {
        let parameters: Parameters<'_> =
            &[&key.as_bytes().as_slice(), &holder.as_bytes().as_slice()];
        self.limited(self.write(|s| &s.release, parameters)).await?;
        Ok(())
    }

    /// By the clock of PostgreSQL.
    async fn take_from(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        _now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let parameters: Parameters<'_> =
            &[&budget.as_bytes().as_slice(), &quota.step(), &quota.span()];
        let rows = self.limited(self.write(|s| &s.take_from, parameters));
        let rows = rows.await?;
        let row = rows.first().ok_or(Fault::Row("wait"))?;
        let wait: i64 = column(row, 0, "wait")?;
        Ok(match u32::try_from(wait).map_err(|_| Fault::Row("wait"))? {
            0 => Taken::Granted,
            seconds => Taken::Refused { seconds },
        })
    }

    async fn give_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        let parameters: Parameters<'_> = &[&budget.as_bytes().as_slice(), &quota.step()];
        self.limited(self.write(|s| &s.give_back, parameters))
            .await?;
        Ok(())
    }

    /// Begins with another table each time, so that the limit starves none.
    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let (now, abandoned) = (now.as_secs(), f64::from(ABANDONED_SECONDS));
        let first = self.sweeps.fetch_add(1, Ordering::Relaxed);
        let mut swept = 0;
        for table in (0..5).map(|n| first.wrapping_add(n) % 5) {
            let room = limit - swept;
            let (which, at): (Which, Parameters<'_>) = match table {
                0 => (|s| &s.sweep_sessions, &[&now]),
                1 => (|s| &s.sweep_logins, &[&now]),
                2 => (|s| &s.sweep_marks, &[&now]),
                3 => (|s| &s.sweep_leases, &[&abandoned]),
                _ => (|s| &s.sweep_budgets, &[]),
            };
            swept += self.sweep_one(which, at, room).await?;
        }
        Ok(swept)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let writes = async {
            let rows = self.writes.query(|s| &s.ping, &[]).await?;
            let row = rows.first().ok_or(Fault::Row("ping"))?;
            match column(row, 0, "ping")? {
                true => {
                    self.leave_standby();
                    Err(Fault::ReadOnly)
                }
                false => Ok(()),
            }
        };
        let both = async { tokio::try_join!(self.read(|s| &s.ping, &[]), writes) };
        self.limited(both).await?;
        Ok(())
    }
}
