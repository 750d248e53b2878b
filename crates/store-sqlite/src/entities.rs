//! Facts of resources, from a table that the application made and fills.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use cogward_policy::entities::TableName;
use cogward_policy::{EntityError, EntityProvider, Facts};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::open;
use crate::owner::FileIdentity;

/// Facts from a table in a SQLite file of the application's, by its columns `id` and `owner`,
/// and `type` and `attributes` (the text of a JSON object) where it has those.
///
/// The file is only read. One that is put in its place is read from then on.
pub struct SqliteEntities {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    limit: Duration,
}

/// Why a table cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum EntitiesError {
    /// It is not there, no database, or not to be read.
    #[error(
        "cannot read {path}: check that it is a SQLite database and that this user may read it"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such table.
    #[error("there is no table `{table}` in {path}: make it, or name another")]
    Table {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// It does not say what it must.
    #[error("the table `{table}` in {path} has no column `{column}`: it needs `id` and `owner`")]
    Column {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
        /// The first column that is missing.
        column: &'static str,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread for the entity table")]
    Thread(#[source] io::Error),
}

impl SqliteEntities {
    /// Opens the file at `path`, which must be there. Who asks waits up to `limit` for the disk,
    /// or for the application's own work on the file.
    ///
    /// # Errors
    /// [`EntitiesError`] when the table cannot be asked.
    pub fn open(path: &Path, table: TableName, limit: Duration) -> Result<Self, EntitiesError> {
        let source = Source {
            path: path.to_owned(),
            table,
            limit,
        };
        let open = source.open()?;
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("entities".into())
            .spawn(move || serve(&source, open, &jobs))
            .map_err(EntitiesError::Thread)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            limit,
        })
    }
}

#[async_trait]
impl EntityProvider for SqliteEntities {
    async fn find(&self, _: &str, id: &str) -> Result<Option<Facts>, EntityError> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            id: id.to_owned(),
            reply,
        };
        let queue = self.queue.as_ref();
        let sent = queue.is_some_and(|queue| queue.send(job).is_ok());
        if !sent {
            return Err(EntityError::unavailable("its thread has ended"));
        }
        match tokio::time::timeout(self.limit, answer).await {
            Err(_) => Err(EntityError::unavailable("the disk takes too long")),
            Ok(told) => told.map_err(EntityError::unavailable)?,
        }
    }
}

impl Drop for SqliteEntities {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed; nothing was written.
            let _ = thread.join();
        }
    }
}

struct Job {
    id: String,
    reply: oneshot::Sender<Result<Option<Facts>, EntityError>>,
}

struct Source {
    path: PathBuf,
    table: TableName,
    limit: Duration,
}

struct Open {
    connection: Connection,
    file: FileIdentity,
    select: String,
}

fn serve(source: &Source, open: Open, jobs: &mpsc::Receiver<Job>) {
    let mut open = Some(open);
    while let Ok(job) = jobs.recv() {
        // Nobody reads for those who have gone.
        if job.reply.is_closed() {
            continue;
        }
        let current = open.take().filter(|open| open.file.check().is_ok());
        let told = match current.map_or_else(|| source.open(), Ok) {
            Ok(current) => open.insert(current).find(&job.id),
            Err(error) => Err(EntityError::unavailable(error)),
        };
        let _gone = job.reply.send(told);
    }
}

impl Source {
    fn open(&self) -> Result<Open, EntitiesError> {
        let file = FileIdentity::of(&self.path).map_err(|error| self.unreadable(error))?;
        let (connection, columns) = self.connect().map_err(|error| self.unreadable(error))?;
        let (path, table) = (self.path.clone(), self.table.to_string());
        let has = |name: &str| columns.iter().any(|column| column == name);
        match ["id", "owner"].into_iter().find(|name| !has(name)) {
            None => {}
            Some(_) if columns.is_empty() => return Err(EntitiesError::Table { path, table }),
            Some(column) => {
                return Err(EntitiesError::Column {
                    path,
                    table,
                    column,
                });
            }
        }
        // A column's own collation may find another id, which is somebody else's.
        // SQLite takes a quoted name that is no column for a text; with `r.` it does not.
        let maybe = |name: &str, column: &'static str| if has(name) { column } else { "NULL" };
        let select = format!(
            "SELECT typeof(r.id), r.owner, {}, {} FROM {} AS r \
             WHERE r.id = ?1 AND r.id = ?1 COLLATE BINARY LIMIT 2",
            maybe("type", "r.type"),
            maybe("attributes", "r.attributes"),
            self.table.quoted(),
        );
        Ok(Open {
            connection,
            file,
            select,
        })
    }

    /// With the names of the table's columns, in lower case.
    fn connect(&self) -> rusqlite::Result<(Connection, Vec<String>)> {
        let connection = open::connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(self.limit)?;
        let sql = "SELECT lower(name) FROM pragma_table_info(?1, ?2)";
        let names = (self.table.table(), self.table.schema().unwrap_or("main"));
        let mut select = connection.prepare(sql)?;
        let columns: Result<Vec<String>, _> = select.query_map(names, |row| row.get(0))?.collect();
        drop(select);
        columns.map(|columns| (connection, columns))
    }

    fn unreadable(&self, error: impl Into<Box<dyn Error + Send + Sync>>) -> EntitiesError {
        EntitiesError::File {
            path: self.path.clone(),
            source: error.into(),
        }
    }
}

impl Open {
    fn find(&self, id: &str) -> Result<Option<Facts>, EntityError> {
        let rows = self.rows(id).map_err(EntityError::unavailable)?;
        match <[Told; 1]>::try_from(rows) {
            Ok([(kind_of_id, ..)]) if kind_of_id != "text" => {
                Err(EntityError::unavailable("its column `id` is no text"))
            }
            Ok([(_, owner, kind, attributes)]) => {
                Facts::of_row(owner, kind, attributes.as_deref()).map(Some)
            }
            Err(rows) if rows.is_empty() => Ok(None),
            Err(_) => Err(EntityError::unavailable(
                "it has more than one row with this id",
            )),
        }
    }

    fn rows(&self, id: &str) -> rusqlite::Result<Vec<Told>> {
        let mut select = self.connection.prepare_cached(&self.select)?;
        let rows = select.query_map([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        rows.collect()
    }
}

/// What SQLite has the id for, owner, type and attributes.
type Told = (String, Option<String>, Option<String>, Option<String>);
