use std::io;
use std::sync::Arc;

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
    /// The latest of theirs.
    deadline: Option<Instant>,
}

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
    /// together have the latest of their deadlines, so that all need one timer.
    pub(crate) async fn send(self: &Arc<Self>, command: &Cmd, deadline: Instant) -> Answer {
        let (sender, answer) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock();
            waiting.commands.add_command(command.clone());
            waiting.answers.push(sender);
            waiting.deadline = waiting.deadline.max(Some(deadline));
            waiting.answers.len() == 1
        };
        if is_first {
            tokio::spawn(Arc::clone(self).send_all());
        }
        let gone = |_| Some(Err(io::Error::from(io::ErrorKind::BrokenPipe).into()));
        answer.await.unwrap_or_else(gone)
    }

    async fn send_all(self: Arc<Self>) {
        // Everybody else who is ready to run asks first.
        tokio::task::yield_now().await;
        let waiting = std::mem::take(&mut *self.waiting.lock());
        let (commands, answers) = (waiting.commands, waiting.answers);
        let deadline = waiting.deadline.unwrap_or_else(Instant::now);
        let mut redis = self.redis.clone();
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
}
