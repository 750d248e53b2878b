//! SQLite: one connection behind a lock, which is held for some rows, no longer.
//!
//! No table grows with the number of sign-ins. What expires is removed some rows at a time when
//! others are added; and where the time stands still, or somebody fills the pool, so many rows are
//! kept and the oldest go first:
//!
//! | rows | at most |
//! |---|---|
//! | sign-ins (`families`) | 1000 of a user, 100 000 |
//! | refresh tokens | 100 of a sign-in, replaced ones too |
//! | devices | 100 of a user: those used longest ago go, and what they signed in ends |
//! | browsers signed in with the pages | 1000 of a user, 100 000 |
//! | challenges that wait, those of the pages | 50 000, 10 000 |
//! | authorization codes, registrations of passkeys | 10 000 each |
//! | one-time codes | 4 of a user; 10 000 of names nobody has |
//! | names with failed attempts | 50 000 |
//! | messages | 1000 |
//! | passkeys, passwords of the past | 20 and 24 of a user |
//! | signing keys | 10 generations |

#[cfg(test)]
mod bounds;

pub(crate) mod attempts;
pub(crate) mod auth_codes;
pub(crate) mod challenges;
pub(crate) mod codes;
pub(crate) mod devices;
pub(crate) mod families;
pub(crate) mod groups;
pub(crate) mod hosted;
pub(crate) mod hosted_challenges;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod meta;
pub(crate) mod user_lists;
pub(crate) mod users;
pub(crate) mod web_authn;
pub(crate) mod web_authn_ceremonies;

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::digest;
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior, ffi};

use crate::options::PoolError;

/// How many late rows one call removes at most. It adds one, so they become fewer; and a clock that
/// is put forward makes no call wait for all of them.
const SWEPT: i64 = 100;

pub(crate) struct Db {
    connection: Mutex<Connection>,
    /// How often everything was forgotten.
    resets: AtomicU64,
}

thread_local! {
    /// The count of resets when the call that runs on this thread began.
    static BEGUN: Cell<Option<u64>> = const { Cell::new(None) };
}

impl Db {
    pub(crate) fn open(data_dir: Option<&Path>) -> Result<Self, PoolError> {
        let connection = match data_dir {
            None => Connection::open_in_memory()?,
            Some(dir) => {
                let path = dir.join("pool.db");
                if path.exists() {
                    set_aside(&path)?;
                }
                create_private(dir).map_err(|source| PoolError::DataDir {
                    path: dir.to_owned(),
                    source,
                })?;
                Connection::open(path)?
            }
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        // WAL with NORMAL keeps every commit through a killed process.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        connection.set_prepared_statement_cache_capacity(128);
        Ok(Self {
            connection: Mutex::new(connection),
            resets: AtomicU64::new(0),
        })
    }

    /// Runs a call as one: none of its transactions sees what comes after a [`reset`](Self::reset),
    /// so that it brings nothing back.
    pub(crate) fn call<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = BEGUN.replace(Some(self.resets.load(Ordering::Acquire)));
        let value = work();
        BEGUN.set(before);
        value
    }

    /// Forgets everything but keys, certificate and what decoys are made of, and begins again with
    /// what `work` writes; nobody sees anything between. `done` runs before anybody else does.
    pub(crate) fn reset<E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), E>,
        done: impl FnOnce(),
    ) -> Result<(), E> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(CLEAR)?;
        work(&transaction)?;
        transaction.commit()?;
        done();
        self.resets.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Runs `work` in one transaction, rolled back when it fails. One of a call that began before
    /// the last reset fails as aborted.
    pub(crate) fn run<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection.lock();
        let now = self.resets.load(Ordering::Acquire);
        if BEGUN.get().is_some_and(|begun| begun != now) {
            let aborted = ffi::Error::new(ffi::SQLITE_ABORT);
            let why = "the pool was reset meanwhile".to_owned();
            return Err(rusqlite::Error::SqliteFailure(aborted, Some(why)).into());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// Moves a database of an earlier version out of the way: its passwords cannot be carried over.
fn set_aside(path: &Path) -> Result<(), PoolError> {
    let connection = Connection::open(path)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    drop(connection);
    if tables == 0 || version == VERSION {
        return Ok(());
    }
    if version > VERSION {
        return Err(PoolError::Newer {
            path: path.to_owned(),
        });
    }
    let old = path.with_extension(format!("db.version-{version}"));
    for suffix in ["", "-wal", "-shm"] {
        let of = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        match fs::rename(of(path), of(&old)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(PoolError::DataDir {
                    path: path.to_owned(),
                    source: error,
                });
            }
            _ => {}
        }
    }
    tracing::warn!(
        kept = %old.display(),
        "the pool's database is of an earlier version and cannot be read: a new pool begins"
    );
    Ok(())
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

/// Written into `PRAGMA user_version`.
const VERSION: i64 = 3;

const CLEAR: &str = "
DELETE FROM meta WHERE name IN ('definition', 'first_users');
DELETE FROM users; DELETE FROM groups; DELETE FROM attempts; DELETE FROM codes;
DELETE FROM messages; DELETE FROM challenges; DELETE FROM families; DELETE FROM auth_codes;
DELETE FROM hosted_sessions; DELETE FROM hosted_challenges;
";

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS users (
  sub TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL,
  password_set_at INTEGER NOT NULL, password_history TEXT NOT NULL, status TEXT NOT NULL,
  enabled INTEGER NOT NULL, attributes TEXT NOT NULL, mfa TEXT NOT NULL,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL, signed_in_at INTEGER,
  epoch INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS users_by_creation ON users (created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_status ON users (lower(status), created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_enabled
  ON users (iif(enabled, 'Enabled', 'Disabled'), created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_email ON users (json_extract(attributes, '$.email'), created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_family_name ON users (json_extract(attributes, '$.family_name'), created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_given_name ON users (json_extract(attributes, '$.given_name'), created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_name ON users (json_extract(attributes, '$.name'), created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_phone_number ON users (json_extract(attributes, '$.phone_number'), created_at, sub);
CREATE INDEX IF NOT EXISTS users_by_preferred_username ON users (json_extract(attributes, '$.preferred_username'), created_at, sub);
CREATE TABLE IF NOT EXISTS names (
  name TEXT PRIMARY KEY, sub TEXT NOT NULL REFERENCES users ON DELETE CASCADE
) STRICT;
CREATE INDEX IF NOT EXISTS names_by_user ON names (sub);
CREATE TABLE IF NOT EXISTS groups (
  name TEXT PRIMARY KEY, description TEXT, precedence INTEGER, role_arn TEXT,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS memberships (
  name TEXT NOT NULL REFERENCES groups ON DELETE CASCADE,
  sub TEXT NOT NULL REFERENCES users ON DELETE CASCADE, PRIMARY KEY (name, sub)
) STRICT;
CREATE INDEX IF NOT EXISTS memberships_by_user ON memberships (sub);
CREATE TABLE IF NOT EXISTS attempts (
  subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, failed_at INTEGER NOT NULL,
  locked_until INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts (failed_at);
CREATE TABLE IF NOT EXISTS codes (
  subject TEXT NOT NULL, purpose TEXT NOT NULL, code TEXT NOT NULL, sent_to TEXT NOT NULL,
  instead_of TEXT, expires_at INTEGER NOT NULL, failures INTEGER NOT NULL,
  failures_since INTEGER NOT NULL, decoy INTEGER UNIQUE, PRIMARY KEY (subject, purpose)
) STRICT;
CREATE INDEX IF NOT EXISTS codes_by_expiry ON codes (expires_at);
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, kind TEXT NOT NULL,
  code TEXT NOT NULL, sent_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS challenges (
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, state TEXT NOT NULL,
  expires_at INTEGER NOT NULL, used INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS challenges_by_expiry ON challenges (expires_at);
CREATE TABLE IF NOT EXISTS families (
  id INTEGER PRIMARY KEY AUTOINCREMENT, origin_jti TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL UNIQUE, sub TEXT NOT NULL, client_id TEXT NOT NULL,
  scope TEXT NOT NULL, event_id TEXT NOT NULL, auth_time INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, revoked INTEGER NOT NULL, device_key TEXT,
  last_active_at INTEGER NOT NULL, hosted INTEGER NOT NULL, resource TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS families_by_user ON families (sub);
CREATE INDEX IF NOT EXISTS families_by_device ON families (sub, device_key);
CREATE INDEX IF NOT EXISTS families_by_expiry ON families (expires_at);
CREATE TABLE IF NOT EXISTS refresh_tokens (
  hash BLOB PRIMARY KEY, origin_jti TEXT NOT NULL REFERENCES families (origin_jti) ON DELETE CASCADE,
  replaced_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS refresh_tokens_by_family ON refresh_tokens (origin_jti);
CREATE TABLE IF NOT EXISTS auth_codes (
  hash BLOB PRIMARY KEY, sub TEXT NOT NULL, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL, nonce TEXT, challenge TEXT, resource TEXT, auth_time INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, epoch INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS auth_codes_by_expiry ON auth_codes (expires_at);
CREATE TABLE IF NOT EXISTS hosted_sessions (
  hash BLOB PRIMARY KEY, sub TEXT NOT NULL, confirmed INTEGER NOT NULL, auth_time INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, epoch INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS hosted_sessions_by_expiry ON hosted_sessions (expires_at);
CREATE INDEX IF NOT EXISTS hosted_sessions_by_user ON hosted_sessions (sub);
CREATE TABLE IF NOT EXISTS hosted_challenges (
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, state TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS hosted_challenges_by_expiry ON hosted_challenges (expires_at);
CREATE TABLE IF NOT EXISTS devices (
  device_key TEXT PRIMARY KEY, sub TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  name TEXT, verifier TEXT, remembered INTEGER NOT NULL, ip TEXT NOT NULL,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL, authenticated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS devices_by_user ON devices (sub);
CREATE TABLE IF NOT EXISTS web_authn (
  credential_id TEXT PRIMARY KEY, sub TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  credential TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS web_authn_by_user ON web_authn (sub);
CREATE TABLE IF NOT EXISTS web_authn_ceremonies (
  challenge TEXT PRIMARY KEY, sub TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  token BLOB NOT NULL, ceremony TEXT NOT NULL, expires_at INTEGER NOT NULL, UNIQUE (sub, token)
) STRICT;
CREATE INDEX IF NOT EXISTS web_authn_ceremonies_by_expiry ON web_authn_ceremonies (expires_at);
CREATE TABLE IF NOT EXISTS signing_keys (
  kid TEXT PRIMARY KEY, purpose TEXT NOT NULL, pkcs8 BLOB NOT NULL, generation INTEGER NOT NULL
) STRICT;
PRAGMA foreign_keys = ON;
";
