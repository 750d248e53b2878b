mod operations;

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cogward_session::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::cache::RecordCache;
use crate::owner::FileIdentity;

use operations::Statements;
pub(crate) use operations::{Insert, PutLogin, PutMark, Remove, Replace, Sweep, TakeLogin, Touch};

/// The one thread that writes. What is queued when it comes round goes into one transaction;
/// all of it is answered after the commit.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    limit: Duration,
}

/// Callers beyond this many wait to be queued.
const QUEUE: usize = 1024;
/// Writes of one transaction at most: the last of them must not wait for too many others.
const BATCH: usize = 256;

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        file: FileIdentity,
        cache: RecordCache,
        limit: Duration,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("session-write".into())
            .spawn(move || serve(&connection, &file, &cache, jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            limit,
        })
    }

    /// Has `operation` written. Once queued it is carried out even when the caller goes away
    /// or the disk takes longer than the caller is kept waiting.
    pub(crate) async fn run<O: Operation>(&self, operation: O) -> Result<O::Output, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Request {
            operation,
            result: None,
            reply,
        });
        let ended = || StoreError::unavailable("the writing thread has ended");
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        let written = async {
            queue.send(job).await.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())?
        };
        let written = tokio::time::timeout(self.limit, written).await;
        written.map_err(|_| StoreError::unavailable("the disk takes too long to write"))?
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.queue {
            Some(queue) if !queue.is_closed() => Ok(()),
            _ => Err(StoreError::unavailable("the writing thread has ended")),
        }
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

/// One kind of write.
pub(crate) trait Operation: Send + 'static {
    type Output: Send;

    /// Carries it out within a transaction, as one statement that changes something.
    fn run(&mut self, statements: &mut Statements<'_>) -> Result<Self::Output, StoreError>;

    /// Brings the cache in line. `outcome` is what was committed; `None` when it failed or
    /// may have, and the cache must forget what the operation touched.
    fn settle(self, outcome: Option<&Self::Output>, cache: &RecordCache);
}

struct Request<O: Operation> {
    operation: O,
    result: Option<Result<O::Output, StoreError>>,
    reply: oneshot::Sender<Result<O::Output, StoreError>>,
}

trait Job: Send {
    fn run(&mut self, statements: &mut Statements<'_>);
    fn finish(self: Box<Self>, committed: &Result<(), BatchFailed>, cache: &RecordCache);
}

impl<O: Operation> Job for Request<O> {
    fn run(&mut self, statements: &mut Statements<'_>) {
        self.result = Some(self.operation.run(statements));
    }

    fn finish(self: Box<Self>, committed: &Result<(), BatchFailed>, cache: &RecordCache) {
        let result = match (self.result, committed) {
            (Some(own), Ok(())) => own,
            (Some(Err(own @ StoreError::Unavailable { .. })), Err(_)) => Err(own),
            (_, Err(cause)) => Err(StoreError::unavailable(cause.clone())),
            (None, Ok(())) => Err(StoreError::unavailable("the write was not carried out")),
        };
        self.operation.settle(result.as_ref().ok(), cache);
        // Nobody waits any more when the caller went away.
        let _ = self.reply.send(result);
    }
}

/// Why a whole transaction failed, told to each of its callers.
#[derive(Clone, Debug, thiserror::Error)]
enum BatchFailed {
    #[error("{0}")]
    Sql(Arc<str>),
    #[error("another write ended the transaction: the disk failed or is full")]
    EndedByStatement,
}

impl BatchFailed {
    fn because(error: impl std::fmt::Display) -> Self {
        Self::Sql(error.to_string().into())
    }
}

fn serve(
    connection: &Connection,
    file: &FileIdentity,
    cache: &RecordCache,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
) {
    let mut statements = None;
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        let committed = write(connection, file, &mut statements, &mut batch);
        // One write must not fail the others: where it took them with it, each goes alone.
        let alone = matches!(committed, Err(BatchFailed::EndedByStatement)) && batch.len() > 1;
        for mut job in batch.drain(..) {
            if alone {
                let committed = write(
                    connection,
                    file,
                    &mut statements,
                    std::slice::from_mut(&mut job),
                );
                job.finish(&committed, cache);
            } else {
                job.finish(&committed, cache);
            }
        }
    }
}

fn write<'c>(
    connection: &'c Connection,
    file: &FileIdentity,
    prepared: &mut Option<Statements<'c>>,
    batch: &mut [Box<dyn Job>],
) -> Result<(), BatchFailed> {
    file.check().map_err(BatchFailed::because)?;
    let mut statements = match prepared.take() {
        Some(statements) => statements,
        None => Statements::prepare(connection).map_err(BatchFailed::because)?,
    };
    let written = transaction(connection, &mut statements, batch);
    if written.is_err() && !connection.is_autocommit() {
        // When even this fails the next transaction will too, and say so to its callers.
        let _ = statements.roll_back();
    }
    *prepared = Some(statements);
    written
}

fn transaction(
    connection: &Connection,
    statements: &mut Statements<'_>,
    batch: &mut [Box<dyn Job>],
) -> Result<(), BatchFailed> {
    statements.begin().map_err(BatchFailed::because)?;
    for job in batch {
        job.run(statements);
        // A failed statement undoes itself alone, but some errors end the transaction.
        if connection.is_autocommit() {
            return Err(BatchFailed::EndedByStatement);
        }
    }
    statements.commit().map_err(BatchFailed::because)
}
