//! SQLite: one connection behind a lock, used on blocking threads only.

pub(crate) mod attempts;
pub(crate) mod auth_codes;
pub(crate) mod codes;
pub(crate) mod families;
pub(crate) mod hosted;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod meta;
pub(crate) mod users;

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest;
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::options::PoolError;

pub(crate) struct Db(Mutex<Connection>);

impl Db {
    pub(crate) fn open(data_dir: Option<&Path>) -> Result<Self, PoolError> {
        let connection = match data_dir {
            None => Connection::open_in_memory()?,
            Some(dir) => {
                create_private(dir).map_err(|source| PoolError::DataDir {
                    path: dir.to_owned(),
                    source,
                })?;
                Connection::open(dir.join("pool.db"))?
            }
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        // WAL with NORMAL keeps every commit through a killed process.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Runs `work` in one transaction, rolled back when it fails.
    pub(crate) fn run<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.0.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// What is stored for a bearer value, so that the file holds nothing usable.
pub(crate) fn digest_of(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes())
        .as_ref()
        .to_vec()
}

/// The file holds signing keys and codes: the owner's eyes only.
fn create_private(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(dir.join("pool.db")).map(drop)
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS users (
  sub TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
  status TEXT NOT NULL, enabled INTEGER NOT NULL, attributes TEXT NOT NULL,
  groups TEXT NOT NULL, created_at INTEGER NOT NULL, signed_in_at INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS attempts (
  subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, failed_at INTEGER NOT NULL,
  locked_until INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS codes (
  subject TEXT NOT NULL, purpose TEXT NOT NULL, code TEXT NOT NULL, expires_at INTEGER NOT NULL,
  failures INTEGER NOT NULL, failures_since INTEGER NOT NULL, PRIMARY KEY (subject, purpose)
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, kind TEXT NOT NULL,
  code TEXT NOT NULL, sent_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS families (
  origin_jti TEXT PRIMARY KEY, sub TEXT NOT NULL, client_id TEXT NOT NULL, scope TEXT NOT NULL,
  event_id TEXT NOT NULL, auth_time INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  revoked INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS families_by_user ON families (sub);
CREATE TABLE IF NOT EXISTS refresh_tokens (
  hash BLOB PRIMARY KEY, origin_jti TEXT NOT NULL REFERENCES families ON DELETE CASCADE,
  replaced_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS refresh_tokens_by_family ON refresh_tokens (origin_jti);
CREATE TABLE IF NOT EXISTS auth_codes (
  hash BLOB PRIMARY KEY, sub TEXT NOT NULL, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL, nonce TEXT, challenge TEXT, auth_time INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS hosted_sessions (
  hash BLOB PRIMARY KEY, sub TEXT NOT NULL, confirmed INTEGER NOT NULL, auth_time INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS signing_keys (
  kid TEXT PRIMARY KEY, purpose TEXT NOT NULL, pkcs8 BLOB NOT NULL, generation INTEGER NOT NULL
) STRICT;
PRAGMA foreign_keys = ON;
";
