use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, PushInfo, PushKind, RedisError,
    RedisResult, ServerErrorKind, Value,
};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::call::{self, CallError};
use crate::endpoint::Address;
use crate::gather::Gather;
use crate::watch::Watch;

/// One server, over one connection that all callers share and that is made anew whenever it is
/// lost, without being asked.
pub(crate) struct Node {
    pub(crate) address: Address,
    link: Arc<watch::Sender<Link>>,
    watch: Arc<Watch>,
    keeper: AbortHandle,
}

/// How a server is reached.
pub(crate) struct Way {
    pub(crate) client: RedisResult<Client>,
    /// For one attempt to connect.
    pub(crate) limit: Duration,
    /// No Cluster, where a replica says itself who has the keys.
    pub(crate) alone: bool,
}

/// How the connection stands.
#[derive(Clone)]
enum Link {
    Connecting,
    Up(Arc<Connection>),
    Down(RedisError),
}

struct Connection {
    redis: MultiplexedConnection,
    gather: Arc<Gather>,
    /// Answers so far: while some come in, one that does not come is no sign of a dead
    /// connection.
    answers: AtomicU64,
    lost: Arc<Notify>,
    /// Whether the server tells of changes over it.
    watched: bool,
}

/// How long the next attempt to connect waits.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Callers beyond this many wait to be sent.
const QUEUE: usize = 1024;

impl Node {
    /// Begins to connect.
    pub(crate) fn start(address: Address, way: Way, watch: &Arc<Watch>) -> Self {
        let link = Arc::new(watch::Sender::new(Link::Connecting));
        let keeper = Keeper {
            address: address.clone(),
            way,
            watch: Arc::clone(watch),
            link: Arc::clone(&link),
        };
        Self {
            address,
            link,
            watch: Arc::clone(watch),
            keeper: tokio::spawn(keeper.run()).abort_handle(),
        }
    }

    /// Has `command` carried out, once.
    pub(crate) async fn send(&self, command: &Cmd, deadline: Instant) -> Result<Value, CallError> {
        let connection = self.connection(deadline).await?;
        let before = connection.answers.load(Ordering::Relaxed);
        let answer = connection.gather.send(command, deadline).await;
        self.judge(&connection, before, answer)
    }

    /// As [`Node::send`], but waits for nobody else's answer.
    pub(crate) async fn send_alone(
        &self,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, CallError> {
        let mut one = redis::pipe();
        one.add_command(command.clone());
        self.send_apart(&one, 1, deadline).await
    }

    /// As [`Node::send_alone`], of a server that has the key only if asked for it in this way.
    pub(crate) async fn send_asking(
        &self,
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, CallError> {
        let mut both = redis::pipe();
        both.cmd("ASKING").add_command(command.clone());
        self.send_apart(&both, 2, deadline).await
    }

    /// The answer to the last of so many commands.
    async fn send_apart(
        &self,
        commands: &Pipeline,
        count: usize,
        deadline: Instant,
    ) -> Result<Value, CallError> {
        let connection = self.connection(deadline).await?;
        let before = connection.answers.load(Ordering::Relaxed);
        let mut redis = connection.redis.clone();
        let sent = redis.send_packed_commands(commands, 0, count);
        let answer = timeout_at(deadline, sent).await.ok();
        let answer = answer.map(|answers| Ok(answers?.pop().unwrap_or(Value::Nil)));
        self.judge(&connection, before, answer)
    }

    /// Whether the server tells of every change, over the connection that is up.
    pub(crate) fn is_watched(&self) -> bool {
        matches!(&*self.link.borrow(), Link::Up(connection) if connection.watched)
    }

    /// Has the connection made anew, to whatever the address now leads to.
    pub(crate) fn reconnect(&self) {
        // Not looked at any more while it is changed.
        let known = self.known(&self.link.borrow());
        if let Some(Ok(connection)) = known {
            self.abandon(&connection);
        }
    }

    async fn connection(&self, deadline: Instant) -> Result<Arc<Connection>, CallError> {
        let known = self.known(&self.link.borrow());
        if let Some(known) = known {
            return known;
        }
        let mut link = self.link.subscribe();
        let settled = link.wait_for(|link| !matches!(link, Link::Connecting));
        // What it has come to at that moment: it may be connecting again by now.
        let known = match timeout_at(deadline, settled).await {
            Ok(Ok(link)) => self.known(&link),
            // The keeper lives as long as this.
            Ok(Err(_)) | Err(_) => None,
        };
        known.unwrap_or(Err(CallError::TimedOut {
            server: self.address.clone(),
        }))
    }

    fn known(&self, link: &Link) -> Option<Result<Arc<Connection>, CallError>> {
        match link {
            Link::Connecting => None,
            Link::Up(connection) => Some(Ok(Arc::clone(connection))),
            Link::Down(error) => Some(Err(CallError::Down {
                server: self.address.clone(),
                error: error.clone(),
            })),
        }
    }

    fn abandon(&self, connection: &Connection) {
        abandon(&self.link, &connection.lost, &self.watch);
    }

    fn judge(
        &self,
        connection: &Connection,
        before: u64,
        answer: Option<RedisResult<Value>>,
    ) -> Result<Value, CallError> {
        let server = self.address.clone();
        match answer {
            Some(Ok(value)) => {
                connection.answers.fetch_add(1, Ordering::Relaxed);
                value.extract_error().map_err(|error| {
                    // It was the master once; the name may lead to the new one.
                    if error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) {
                        self.abandon(connection);
                    }
                    CallError::Refused { server, error }
                })
            }
            Some(Err(error)) => {
                self.abandon(connection);
                Err(CallError::Lost { server, error })
            }
            None => {
                if connection.answers.load(Ordering::Relaxed) == before {
                    self.abandon(connection);
                }
                Err(CallError::TimedOut { server })
            }
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Has nobody use the connection that has this sign of its end, nor what it would have had to
/// tell of, and another one made.
fn abandon(link: &watch::Sender<Link>, lost: &Arc<Notify>, watch: &Watch) {
    let given_up = link.send_if_modified(|link| {
        let dead = matches!(link, Link::Up(up) if Arc::ptr_eq(&up.lost, lost));
        if dead {
            *link = Link::Connecting;
        }
        dead
    });
    if given_up {
        watch.lost();
    }
    lost.notify_one();
}

struct Keeper {
    address: Address,
    way: Way,
    watch: Arc<Watch>,
    link: Arc<watch::Sender<Link>>,
}

impl Keeper {
    async fn run(self) {
        let (mut pause, mut told) = (FIRST_PAUSE, false);
        loop {
            match self.connect().await {
                Ok(connection) => {
                    if std::mem::take(&mut told) {
                        tracing::info!(server = %self.address, "redis is back");
                    }
                    let (since, lost) = (Instant::now(), Arc::clone(&connection.lost));
                    self.link.send_replace(Link::Up(Arc::new(connection)));
                    lost.notified().await;
                    self.link.send_replace(Link::Connecting);
                    self.watch.lost();
                    if since.elapsed() > LONGEST_PAUSE {
                        pause = FIRST_PAUSE;
                        continue;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(server = %self.address, %error, "redis cannot be reached");
                    }
                    self.link.send_replace(Link::Down(error));
                    self.watch.lost();
                }
            }
            sleep(pause).await;
            self.link.send_replace(Link::Connecting);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect(&self) -> RedisResult<Connection> {
        let lost = Arc::new(Notify::new());
        let pushed = {
            let (watch, lost) = (Arc::clone(&self.watch), Arc::clone(&lost));
            // It is part of the connection, which the link holds.
            let link = Arc::downgrade(&self.link);
            move |push: PushInfo| {
                match push.kind {
                    PushKind::Disconnection => {
                        watch.lost();
                        if let Some(link) = link.upgrade() {
                            abandon(&link, &lost, &watch);
                        }
                    }
                    PushKind::Invalidate => watch.changed(&push.data),
                    _ => {}
                }
                Ok::<_, redis::aio::SendError>(())
            }
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.way.limit))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE)
            .set_push_sender(pushed);
        let client = self.way.client.as_ref().map_err(Clone::clone)?;
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut redis = connecting.await?;
        if self.way.alone {
            self.check_role(&mut redis).await?;
        }
        let watched = match self.watch.request() {
            None => false,
            Some(request) => {
                let refused = self.ask(&mut redis, &request).await?.extract_error().err();
                if let Some(error) = &refused {
                    let server = &self.address;
                    tracing::warn!(%server, %error, "redis does not tell of changes: nothing of it is kept in memory");
                }
                refused.is_none()
            }
        };
        Ok(Connection {
            gather: Gather::new(redis.clone()),
            redis,
            answers: AtomicU64::new(0),
            lost,
            watched,
        })
    }

    /// What a replica has may be old; whatever the address leads to, that is no time to
    /// answer from it. Where the question is not allowed, it is taken for the master.
    async fn check_role(&self, redis: &mut MultiplexedConnection) -> RedisResult<()> {
        let role = self.ask(redis, &redis::cmd("ROLE")).await?;
        match call::is_replica(&role) {
            true => Err((ErrorKind::Client, "it is a replica").into()),
            false => Ok(()),
        }
    }

    async fn ask(&self, redis: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<Value> {
        let answer = timeout(self.way.limit, redis.send_packed_command(command)).await;
        answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
