//! Records of people, in a file that several processes may share.

mod statements;
mod writer;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use cogward_people::{CodeKey, DirectoryError, OneTimeCode, Person, Seen, UserDirectory};
use cogward_session::Timestamp;

use crate::open::{self, OpenError, Schema};
use writer::Writer;

/// "CGWU", in the file's header.
const APPLICATION_ID: i64 = 0x4347_5755;
/// How long a caller waits for the disk.
const CALL_LIMIT: Duration = Duration::from_secs(3);

/// Step `n` takes a database from schema version `n` to `n + 1`.
static SCHEMA: Schema = Schema {
    application_id: APPLICATION_ID,
    migrations: &[
        "
    CREATE TABLE person (
        sub TEXT PRIMARY KEY NOT NULL,
        email TEXT UNIQUE,
        email_verified INTEGER NOT NULL,
        given_name TEXT,
        family_name TEXT,
        terms_accepted_at INTEGER,
        created_at INTEGER NOT NULL,
        last_signed_in_at INTEGER,
        told_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
        "
    CREATE TABLE one_time_code (
        sub TEXT NOT NULL,
        purpose TEXT NOT NULL,
        salt BLOB NOT NULL,
        hash BLOB NOT NULL,
        expires_at INTEGER NOT NULL,
        spent INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        tries_since INTEGER NOT NULL,
        PRIMARY KEY (sub, purpose)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX one_time_code_by_expiry ON one_time_code (expires_at);
    ",
    ],
};

/// People in a SQLite file.
///
/// Dropping it waits for what was queued to be written and closes the file.
pub struct SqliteDirectory {
    writer: Writer,
}

impl SqliteDirectory {
    /// Opens the database at `path`, a new one when there is no such file. Its folder must
    /// exist. The files (`path`, `-wal`, `-shm`, `.lock`) are for their owner alone.
    ///
    /// # Errors
    /// [`OpenError`] when it is not ours, damaged, or cannot be opened. Nothing is overwritten.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (connection, file) = open::open_shared(path, &SCHEMA)?;
        let writer = Writer::start(connection, file, CALL_LIMIT).map_err(OpenError::Thread)?;
        Ok(Self { writer })
    }
}

#[async_trait]
impl UserDirectory for SqliteDirectory {
    async fn keep(&self, seen: Seen) -> Result<(), DirectoryError> {
        let keep = move |db: &_| statements::keep(db, &seen);
        self.writer.run(keep).await
    }

    async fn verified(&self, email: &str) -> Result<bool, DirectoryError> {
        let email = email.to_owned();
        self.writer
            .run(move |db| statements::verified(db, &email))
            .await
    }

    async fn by_sub(&self, sub: &str) -> Result<Option<Person>, DirectoryError> {
        let sub = sub.to_owned();
        self.writer
            .run(move |db| statements::by_sub(db, &sub))
            .await
    }

    async fn by_email(&self, email: &str) -> Result<Option<Person>, DirectoryError> {
        let email = email.to_owned();
        self.writer
            .run(move |db| statements::by_email(db, &email))
            .await
    }

    async fn page(&self, after: Option<&str>, limit: usize) -> Result<Vec<Person>, DirectoryError> {
        let after = after.map(str::to_owned);
        let page = move |db: &_| statements::page(db, after.as_deref(), limit);
        self.writer.run(page).await
    }

    async fn delete(&self, sub: &str) -> Result<bool, DirectoryError> {
        let sub = sub.to_owned();
        self.writer
            .run(move |db| statements::delete(db, &sub))
            .await
    }

    async fn put_code(
        &self,
        key: &CodeKey,
        code: &OneTimeCode,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, DirectoryError> {
        let (key, code) = (key.clone(), code.clone());
        let put = move |db: &_| statements::put_code(db, &key, &code, expires_at, now);
        self.writer.run(put).await
    }

    async fn try_code(
        &self,
        key: &CodeKey,
        now: Timestamp,
    ) -> Result<Option<OneTimeCode>, DirectoryError> {
        let key = key.clone();
        self.writer
            .run(move |db| statements::try_code(db, &key, now))
            .await
    }

    async fn spend_code(&self, key: &CodeKey, code: &OneTimeCode) -> Result<bool, DirectoryError> {
        let (key, code) = (key.clone(), code.clone());
        self.writer
            .run(move |db| statements::spend_code(db, &key, &code))
            .await
    }

    async fn return_code(&self, key: &CodeKey, code: &OneTimeCode) -> Result<(), DirectoryError> {
        let (key, code) = (key.clone(), code.clone());
        self.writer
            .run(move |db| statements::return_code(db, &key, &code))
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, DirectoryError> {
        self.writer
            .run(move |db| statements::sweep(db, now, limit))
            .await
    }

    async fn ping(&self) -> Result<(), DirectoryError> {
        self.writer.run(statements::ping).await
    }
}
