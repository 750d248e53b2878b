use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// One connection, over which the commands of all who ask at about the same time go out
/// together. That spares a call of the operating system for each, here and at Redis, which is
/// most of what a read costs.
pub(crate) struct Gather {
    redis: MultiplexedConnection,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    commands: Pipeline,
    answers: Vec<oneshot::Sender<Answer>>,
    /// The first one's.
    deadline: Option<Instant>,
}

/// So many go together at most: answers that have come tell of a live connection, and those who
/// asked for them wait for the last.
const MOST: usize = 256;

/// Nobody waits so much longer, or shorter, than until the own deadline.
const SLACK: Duration = Duration::from_millis(50);

/// None in time.
type Answer = Option<RedisResult<Value>>;

impl Gather {
    pub(crate) fn new(redis: MultiplexedConnection) -> Arc<Self> {
        Arc::new(Self {
            redis,
            waiting: Mutex::default(),
        })
    }

    /// Has `command` carried out, also when nobody waits for its answer any more. Those who go
    /// together have almost the same deadline, so that all need one timer.
    pub(crate) async fn send(self: &Arc<Self>, command: &Cmd, deadline: Instant) -> Answer {
        let (sender, answer) = oneshot::channel();
        let (full, is_first) = {
            let mut waiting = self.waiting.lock();
            let full = (!waiting.has_room(deadline)).then(|| std::mem::take(&mut *waiting));
            waiting.commands.add_command(command.clone());
            waiting.answers.push(sender);
            waiting.deadline.get_or_insert(deadline);
            (full, waiting.answers.len() == 1)
        };
        if let Some(full) = full {
            tokio::spawn(send_all(self.redis.clone(), full));
        }
        if is_first {
            tokio::spawn(Arc::clone(self).send_soon());
        }
        let gone = |_| Some(Err(io::Error::from(io::ErrorKind::BrokenPipe).into()));
        answer.await.unwrap_or_else(gone)
    }

    async fn send_soon(self: Arc<Self>) {
        // Everybody else who is ready to run asks first.
        tokio::task::yield_now().await;
        let waiting = std::mem::take(&mut *self.waiting.lock());
        if !waiting.answers.is_empty() {
            send_all(self.redis.clone(), waiting).await;
        }
    }
}

impl Waiting {
    fn has_room(&self, deadline: Instant) -> bool {
        let apart = |other: Instant| {
            let later = other.saturating_duration_since(deadline);
            later.max(deadline.saturating_duration_since(other))
        };
        self.answers.len() < MOST && self.deadline.is_none_or(|other| apart(other) <= SLACK)
    }
}

async fn send_all(mut redis: MultiplexedConnection, waiting: Waiting) {
    let (commands, answers) = (waiting.commands, waiting.answers);
    let deadline = waiting.deadline.unwrap_or_else(Instant::now);
    let sent = redis.send_packed_commands(&commands, 0, answers.len());
    let mut values = match timeout_at(deadline, sent).await {
        Ok(Ok(values)) => Ok(values.into_iter()),
        Ok(Err(error)) => Err(Some(error)),
        Err(_) => Err(None),
    };
    for waiting in answers {
        let answer = match &mut values {
            Ok(values) => values.next().map(Ok),
            Err(error) => error.clone().map(Err),
        };
        // Whoever is gone needs none.
        let _gone = waiting.send(answer);
    }
}
