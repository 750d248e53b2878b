//! The one thread that asks the database.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cogward_people::DirectoryError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::owner::FileIdentity;

/// Callers beyond this many wait to be queued.
const QUEUE: usize = 1024;
/// Calls of one transaction at most.
const BATCH: usize = 256;

/// Carries out a call; what comes of it is answered once it is committed.
type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), String>)>;

/// What is queued when it comes round goes into one transaction; all of it is answered after
/// the commit.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    limit: Duration,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        file: FileIdentity,
        limit: Duration,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("people".into())
            .spawn(move || serve(&connection, &file, jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            limit,
        })
    }

    /// Has `work` done wholly or not at all. Once queued it is, even when the caller goes away or
    /// the disk takes longer than the caller is kept waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DirectoryError> {
        let ended = || DirectoryError::unavailable("the thread of the user database has ended");
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = whole(connection, work);
            Box::new(move |committed| {
                let told = done.map_err(DirectoryError::unavailable).and_then(|done| {
                    committed
                        .map(|()| done)
                        .map_err(DirectoryError::unavailable)
                });
                // Nobody waits any more when the caller went away.
                let _ = reply.send(told);
            })
        });
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        let done = async {
            queue.send(job).await.map_err(|_| ended())?;
            let unwritten = |_| DirectoryError::unavailable("the user database takes no writes");
            answer.await.map_err(unwritten)?
        };
        let done = tokio::time::timeout(self.limit, done).await;
        done.map_err(|_| DirectoryError::unavailable("the disk takes too long"))?
    }
}

impl Drop for Writer {
    /// Waits until what is queued has been written and the database is closed.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

/// One call of many must not leave half of its work, nor take the others with it.
fn whole<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT call")?;
    let done = work(connection);
    let end = match &done {
        Ok(_) => "RELEASE call",
        Err(_) => "ROLLBACK TO call; RELEASE call",
    };
    let ended = connection.execute_batch(end);
    done.and_then(|done| ended.map(|()| done))
}

fn serve(connection: &Connection, file: &FileIdentity, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        let mut answers: Vec<Answer> = Vec::new();
        let committed = match file.check() {
            Ok(()) => write(connection, &mut batch, &mut answers).map_err(|e| e.to_string()),
            Err(gone) => Err(gone.to_string()),
        };
        // Those that were not begun are told so by being dropped.
        batch.clear();
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn write(
    connection: &Connection,
    batch: &mut Vec<Job>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    // At once, not at the first write: another process may be writing.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    answers.extend(batch.drain(..).map(|job| job(connection)));
    let committed = connection.execute_batch("COMMIT");
    if committed.is_err() && !connection.is_autocommit() {
        // When even this fails the next transaction will too, and say so to its callers.
        let _ = connection.execute_batch("ROLLBACK");
    }
    committed
}
