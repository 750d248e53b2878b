use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cogward_session::{LookupKey, Record, StoreError, Timestamp, UserIndex};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Statement};
use tokio::sync::oneshot;

use crate::owner::FileIdentity;
use crate::rows::{self, record_columns};

/// Threads that read, off the async ones, each with its connection and prepared statements.
pub(crate) struct Readers {
    queue: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    limit: Duration,
}

type Job = Box<dyn FnOnce(Result<&mut Statements<'_>, StoreError>) + Send>;

impl Readers {
    pub(crate) fn start(
        connections: Vec<Connection>,
        file: &FileIdentity,
        limit: Duration,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel();
        let mut readers = Self {
            queue: Some(queue),
            threads: Vec::new(),
            limit,
        };
        let jobs = Arc::new(Mutex::new(jobs));
        for connection in connections {
            let (jobs, file) = (Arc::clone(&jobs), file.clone());
            let thread = thread::Builder::new()
                .name("session-read".into())
                .stack_size(STACK)
                .spawn(move || serve(&connection, &file, &jobs))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs `read` on one of the threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Statements<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |statements| {
            // A disk that was slow is not kept busy for those who have gone.
            if reply.is_closed() {
                return;
            }
            let found = statements.and_then(|s| read(s).map_err(StoreError::unavailable));
            // Nobody waits any more when the caller went away.
            let _ = reply.send(found);
        });
        let sent = self
            .queue
            .as_ref()
            .is_some_and(|queue| queue.send(job).is_ok());
        if !sent {
            return Err(StoreError::unavailable("the reading threads have ended"));
        }
        let found = tokio::time::timeout(self.limit, answer).await;
        let found =
            found.map_err(|_| StoreError::unavailable("the disk takes too long to read"))?;
        found.map_err(StoreError::unavailable)?
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // A panic in there was printed; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

/// SQLite needs some tens of KiB; the default of 2 MiB is for deep recursion.
const STACK: usize = 256 << 10;

fn serve(connection: &Connection, file: &FileIdentity, jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut statements = Statements::prepare(connection);
    loop {
        // One thread waits in `recv`, the others for the lock: each job wakes one.
        let Ok(job) = jobs.lock().recv() else { return };
        let ready = file
            .check()
            .map_err(StoreError::unavailable)
            .and_then(|()| {
                if statements.is_err() {
                    statements = Statements::prepare(connection);
                }
                statements
                    .as_mut()
                    .map_err(|error| StoreError::unavailable(error.to_string()))
            });
        job(ready);
    }
}

pub(crate) struct Statements<'c> {
    load: Statement<'c>,
    list: Statement<'c>,
    ping: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            load: connection.prepare(concat!(
                "SELECT ",
                record_columns!(),
                " FROM session WHERE key = ?1"
            ))?,
            list: connection.prepare(concat!(
                "SELECT ",
                record_columns!(),
                " FROM session WHERE user = ?1 AND expires_at > ?2"
            ))?,
            ping: connection.prepare("SELECT 1 FROM session LIMIT 1")?,
        })
    }

    pub(crate) fn load(&mut self, key: &LookupKey) -> rusqlite::Result<Option<Arc<Record>>> {
        let found = self
            .load
            .query_row([key.as_bytes()], rows::read)
            .optional()?;
        Ok(found.map(|(_, record)| Arc::new(record)))
    }

    pub(crate) fn list(
        &mut self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> rusqlite::Result<Vec<(LookupKey, Arc<Record>)>> {
        let mut found = BTreeMap::new();
        // Each sees the file as it is by then: one that moves between is in the first, the
        // second or both.
        for user in users.iter().rev() {
            let rows = self
                .list
                .query_map((user.as_bytes(), now.as_secs()), rows::read)?;
            for row in rows {
                let (key, record) = row?;
                found.insert(key, Arc::new(record));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Reads from the table; there need not be a record.
    pub(crate) fn ping(&mut self) -> rusqlite::Result<bool> {
        self.ping.exists([])
    }
}
