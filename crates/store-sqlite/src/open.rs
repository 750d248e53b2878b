use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cogward_session::{Marks, Timestamp, UserIndex};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::owner::{FileIdentity, OwnerLock, create_private, make_private, opening_in_turn};
use crate::rows::{self, mark_columns};

/// How a database is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of records kept in memory. 32 MiB by default.
    pub cache_bytes: u64,
    /// How long a caller waits for the disk; then the store counts as unavailable. A write
    /// that was queued may still be carried out. 3 s by default.
    pub call_limit: Duration,
    /// Threads that read, each with a connection of its own. 2 by default.
    pub readers: usize,
    /// The size in bytes the database file must not outgrow; none by default. A write beyond
    /// it fails like one on a full disk.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 32 << 20,
            call_limit: Duration::from_secs(3),
            readers: 2,
            max_bytes: None,
        }
    }
}

/// Why a database cannot be used. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or this one, has it open.
    #[error("the database {path} is in use by another process: stop that, or name another file")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A file cannot be opened or made.
    #[error("cannot open {path}: check that its folder exists and that this user may write there")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not made by Cogward.
    #[error("{path} is not a database of Cogward, or one for something else: name another file")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Made by a later release.
    #[error(
        "the database {path} has schema {found}, this release knows up to {known}: use a later release"
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The latest this release knows.
        known: i64,
    },
    /// SQLite cannot read it.
    #[error(
        "the database {path} is damaged: restore a copy, or move it away to start with an empty one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// SQLite failed in another way.
    #[error("the database {path} cannot be set up")]
    Setup {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread for the database")]
    Thread(#[source] io::Error),
}

impl OpenError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }

    fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.into();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { path, source }
            }
            _ => Self::Setup { path, source },
        }
    }
}

/// An open database: the writing connection, those for reading, and the proof of ownership.
pub(crate) struct Database {
    pub(crate) writer: Connection,
    pub(crate) readers: Vec<Connection>,
    pub(crate) marks: Arc<Marks>,
    pub(crate) file: FileIdentity,
    pub(crate) lock: OwnerLock,
}

pub(crate) fn open(path: &Path, options: &Options) -> Result<Database, OpenError> {
    let lock = OwnerLock::take(path)?;
    let file = create_private(path).map_err(|source| OpenError::file(path, source))?;
    let sqlite = |source| OpenError::sqlite(path, source);
    let writer = set_up(path, &file, &SCHEMA, options.max_bytes)?;
    writer.execute_batch(TOUCH_EVERY_TREE).map_err(sqlite)?;
    let marks = marks(&writer).map_err(sqlite)?;
    keep_directory_entry(path).map_err(|source| OpenError::file(path, source))?;
    let readers = (0..options.readers.max(1))
        .map(|_| connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY))
        .collect::<Result<_, _>>()
        .map_err(sqlite)?;
    let file = FileIdentity::of(path).map_err(|source| OpenError::file(path, source))?;
    Ok(Database {
        writer,
        readers,
        marks: Arc::new(marks),
        file,
        lock,
    })
}

/// A database that several processes may have open: the connection and the file.
pub(crate) fn open_shared(
    path: &Path,
    schema: &Schema,
) -> Result<(Connection, FileIdentity), OpenError> {
    let _turn = opening_in_turn(path)?;
    let file = create_private(path).map_err(|source| OpenError::file(path, source))?;
    let connection = set_up(path, &file, schema, None)?;
    keep_directory_entry(path).map_err(|source| OpenError::file(path, source))?;
    let file = FileIdentity::of(path).map_err(|source| OpenError::file(path, source))?;
    Ok((connection, file))
}

/// Nobody else does so with this file meanwhile.
fn set_up(
    path: &Path,
    file: &File,
    schema: &Schema,
    max_bytes: Option<u64>,
) -> Result<Connection, OpenError> {
    let sqlite = |source| OpenError::sqlite(path, source);
    let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
    let version = schema_version(&writer, path, schema)?;
    make_private(file).map_err(|source| OpenError::file(path, source))?;
    set_up_writing(&writer, max_bytes).map_err(sqlite)?;
    migrate(&mut writer, version, schema).map_err(sqlite)?;
    Ok(writer)
}

/// What a file holds, and how it came to.
pub(crate) struct Schema {
    /// In the file's header.
    pub(crate) application_id: i64,
    /// Step `n` takes a database from schema version `n` to `n + 1`.
    pub(crate) migrations: &'static [&'static str],
}

impl Schema {
    fn version(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }
}

static SCHEMA: Schema = Schema {
    application_id: APPLICATION_ID,
    migrations: &MIGRATIONS,
};

/// "CGWD", in the file's header.
const APPLICATION_ID: i64 = 0x4347_5744;

/// Step `n` takes a database from schema version `n` to `n + 1`.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE session (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        version INTEGER NOT NULL,
        user BLOB NOT NULL,
        last_seen_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        identity BLOB NOT NULL,
        tokens BLOB NOT NULL,
        device BLOB NOT NULL
    ) STRICT;
    CREATE INDEX session_by_user ON session (user);
    CREATE INDEX session_by_expiry ON session (expires_at);
    CREATE TABLE login (
        key BLOB PRIMARY KEY NOT NULL,
        expires_at INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX login_by_expiry ON login (expires_at);
    ",
    "
    CREATE TABLE mark (
        user BLOB PRIMARY KEY NOT NULL,
        before INTEGER NOT NULL,
        spared BLOB,
        spared_before INTEGER,
        expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX mark_by_expiry ON mark (expires_at);
    ",
];

/// So that a damaged root is met now and not by the first user.
const TOUCH_EVERY_TREE: &str = "
    SELECT key, user FROM session ORDER BY id LIMIT 1;
    SELECT key FROM session ORDER BY key LIMIT 1;
    SELECT user FROM session ORDER BY user LIMIT 1;
    SELECT expires_at FROM session ORDER BY expires_at LIMIT 1;
    SELECT sealed FROM login ORDER BY rowid LIMIT 1;
    SELECT key FROM login ORDER BY key LIMIT 1;
    SELECT expires_at FROM login ORDER BY expires_at LIMIT 1;
    SELECT user FROM mark ORDER BY user LIMIT 1;
    SELECT expires_at FROM mark ORDER BY expires_at LIMIT 1;
";

pub(crate) fn connect(path: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    Ok(connection)
}

/// The version of a database of ours; 0 for an empty file.
fn schema_version(connection: &Connection, path: &Path, schema: &Schema) -> Result<i64, OpenError> {
    let (application, found, tables) = connection
        .query_row(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
             FROM pragma_application_id, pragma_user_version",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, i64>(2)?)),
        )
        .map_err(|source| match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::Foreign { path: path.into() },
            _ => OpenError::sqlite(path, source),
        })?;
    let known = schema.version();
    let ours = application == schema.application_id;
    match application {
        0 if tables == 0 && found == 0 => Ok(0),
        _ if ours && found <= known => Ok(found),
        _ if ours => Err(OpenError::TooNew {
            path: path.into(),
            found,
            known,
        }),
        _ => Err(OpenError::Foreign { path: path.into() }),
    }
}

fn set_up_writing(connection: &Connection, max_bytes: Option<u64>) -> rusqlite::Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidParameterName(format!(
            "journal mode {mode} instead of wal: the file system cannot share memory"
        )));
    }
    // What was answered must survive a power failure, on macOS too.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;",
    )?;
    if let Some(bytes) = max_bytes {
        let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = (bytes / u64::from(page.max(1))).max(1);
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection, from: i64, schema: &Schema) -> rusqlite::Result<()> {
    if from >= schema.version() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    let steps = schema.migrations.iter();
    for step in steps.skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", schema.application_id)?;
    transaction.pragma_update(None, "user_version", schema.version())?;
    transaction.commit()
}

/// All marks: they are answered from memory.
fn marks(connection: &Connection) -> rusqlite::Result<Marks> {
    let marks = Marks::default();
    let mut select = connection.prepare(concat!(
        "SELECT user, expires_at, ",
        mark_columns!(),
        " FROM mark"
    ))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (user, expires_at) = (UserIndex::from_bytes(row.get(0)?), row.get(1)?);
        marks.put(
            &user,
            rows::read_mark(row)?,
            Timestamp::from_secs(expires_at),
        );
    }
    Ok(marks)
}

/// A new file's name must survive a power failure as well as its content.
fn keep_directory_entry(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    #[cfg(unix)]
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = (parent, File::open(path)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `FULL` is 2: an answered write has reached the disk.
    #[test]
    fn writes_are_synchronous_and_logged_ahead() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let database = open(&path, &Options::default()).unwrap();
        let pragma = |name: &str| -> rusqlite::types::Value {
            database
                .writer
                .pragma_query_value(None, name, |row| row.get(0))
                .unwrap()
        };
        assert_eq!(pragma("synchronous"), 2.into());
        assert_eq!(pragma("fullfsync"), 1.into());
        assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
        assert_eq!(pragma("user_version"), SCHEMA.version().into());
        assert!(
            database
                .readers
                .iter()
                .all(|r| r.is_readonly("main").unwrap())
        );
        assert_eq!(database.readers.len(), 2);
    }

    /// Killed while the first tables were made: nothing of ours is in the file yet.
    #[test]
    fn an_unfinished_new_file_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let unfinished = connect(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )
        .unwrap();
        set_up_writing(&unfinished, None).unwrap();
        drop(unfinished);
        assert!(std::fs::metadata(&path).unwrap().len() > 0);
        open(&path, &Options::default()).unwrap();
    }
}
