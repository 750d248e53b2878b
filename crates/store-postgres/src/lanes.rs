use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use tokio_util::task::AbortOnDropHandle;

use crate::connect::{Connector, Live, Session};
use crate::fault::Fault;
use crate::statements::Statements;

/// Between two attempts to connect; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// Which of the prepared statements.
pub(crate) type Which = fn(&Statements) -> &Statement;

/// Connections that many calls share: each is sent on the least busy one, behind those that are
/// under way there. One that is lost is made anew in the background.
pub(crate) struct Lanes {
    lanes: Vec<Arc<Lane>>,
    changed: watch::Receiver<()>,
    /// A call that is not answered for so long looks whether its connection is dead.
    patience: Duration,
    /// It is dead when nobody was answered for so long.
    silence: Duration,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

/// See [`Lanes`].
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) patience: Duration,
    pub(crate) silence: Duration,
}

struct Lane {
    state: ArcSwap<State>,
    calls: AtomicUsize,
}

enum State {
    /// At the start and after a loss: worth waiting for.
    Connecting,
    Up(Arc<Session>),
    /// At least one attempt has failed since.
    Down(Arc<Fault>),
}

impl Lanes {
    /// So many, of which the first may be connected already.
    pub(crate) fn start(
        connector: &Arc<Connector>,
        count: usize,
        limits: Limits,
        mut first: Option<Live>,
    ) -> Self {
        let (change, changed) = watch::channel(());
        let change = Arc::new(change);
        let mut lanes = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..count {
            let lane = Arc::new(Lane {
                state: ArcSwap::from_pointee(State::Connecting),
                calls: AtomicUsize::new(0),
            });
            let tending = Tending {
                lane: Arc::clone(&lane),
                connector: Arc::clone(connector),
                change: Arc::clone(&change),
            };
            let task = tokio::spawn(tending.run(first.take()));
            tasks.push(AbortOnDropHandle::new(task));
            lanes.push(lane);
        }
        Self {
            lanes,
            changed,
            patience: limits.patience,
            silence: limits.silence,
            _tasks: tasks,
        }
    }

    pub(crate) async fn query(
        &self,
        which: Which,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let mut call = self.call().await?;
        let session = Arc::clone(&call.session);
        let answer = session.client.query(which(&session.statements), parameters);
        let mut answer = pin!(answer);
        let answer = match timeout(self.patience, &mut answer).await {
            Ok(answer) => answer,
            Err(_) if call.is_dead() => return Err(Fault::Silent),
            Err(_) => answer.await,
        };
        call.is_answered = true;
        session.hear();
        let answer = answer.map_err(Fault::from);
        // Others, and this caller's second attempt, must not wait until its end is noticed.
        if answer.as_ref().is_err_and(Fault::lost_connection) {
            session.end();
        }
        answer
    }

    /// Gives up all connections and makes them anew.
    pub(crate) fn reset(&self) {
        self.each_session(Session::end);
    }

    fn each_session(&self, act: impl Fn(&Session)) {
        for lane in &self.lanes {
            if let State::Up(session) = &**lane.state.load() {
                act(session);
            }
        }
    }

    /// A place on the least busy connection.
    async fn call(&self) -> Result<Call<'_>, Fault> {
        let mut changed: Option<watch::Receiver<()>> = None;
        loop {
            match (self.pick(), &mut changed) {
                (Pick::Lane(call), _) => return Ok(call),
                (Pick::None(fault), _) => return Err(Fault::Unconnected(fault)),
                // What changes from here on is told, what has until then is seen next.
                (Pick::Wait, None) => {
                    let seen = changed.insert(self.changed.clone());
                    seen.mark_unchanged();
                }
                // An error is for a store that is being dropped.
                (Pick::Wait, Some(told)) => told.changed().await.map_err(|_| Fault::Slow)?,
            }
        }
    }

    fn pick(&self) -> Pick<'_> {
        let mut least: Option<(usize, &Lane, Arc<Session>)> = None;
        let mut fault = None;
        let mut wait = false;
        for lane in &self.lanes {
            match &**lane.state.load() {
                State::Up(session) if session.is_open() => {
                    let calls = lane.calls.load(Ordering::Relaxed);
                    if least.as_ref().is_none_or(|(fewest, ..)| calls < *fewest) {
                        least = Some((calls, lane, Arc::clone(session)));
                    }
                }
                State::Down(why) => fault = Some(Arc::clone(why)),
                State::Connecting | State::Up(_) => wait = true,
            }
        }
        match (least, fault) {
            (Some((_, lane, session)), _) => Pick::Lane(Call::begin(self, lane, session)),
            (None, Some(fault)) if !wait => Pick::None(fault),
            (None, _) => Pick::Wait,
        }
    }
}

enum Pick<'a> {
    Lane(Call<'a>),
    Wait,
    None(Arc<Fault>),
}

/// A call under way.
struct Call<'a> {
    lanes: &'a Lanes,
    lane: &'a Lane,
    session: Arc<Session>,
    since: Instant,
    is_answered: bool,
}

impl<'a> Call<'a> {
    fn begin(lanes: &'a Lanes, lane: &'a Lane, session: Arc<Session>) -> Self {
        lane.calls.fetch_add(1, Ordering::Relaxed);
        Self {
            lanes,
            lane,
            session,
            since: Instant::now(),
            is_answered: false,
        }
    }

    /// Whether the connection leads to a server that hangs or is gone without a word.
    fn is_dead(&self) -> bool {
        !self.is_answered
            && self.since.elapsed() >= self.lanes.silence
            && !self.session.heard_since(self.since)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.lane.calls.fetch_sub(1, Ordering::Relaxed);
        if self.is_dead() {
            // The others are likely to lead there too, so that no caller has to find out about
            // each of them, but for those that have proved otherwise.
            self.lanes.each_session(|session| {
                if !session.heard_since(self.since) {
                    session.end();
                }
            });
        }
    }
}

/// Keeps one lane connected.
struct Tending {
    lane: Arc<Lane>,
    connector: Arc<Connector>,
    change: Arc<watch::Sender<()>>,
}

impl Tending {
    async fn run(self, mut first: Option<Live>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let live = match first.take() {
                Some(live) => Ok(live),
                None => self.connector.connect().await,
            };
            let began = Instant::now();
            match live {
                Ok(live) => {
                    self.drive(live).await;
                    self.set(State::Connecting);
                    // One that ends at once would have us try without a pause.
                    if began.elapsed() > LONGEST_PAUSE {
                        pause = FIRST_PAUSE;
                        continue;
                    }
                }
                Err(fault) => self.failed(fault),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Until it ends.
    async fn drive(&self, live: Live) {
        let Live { session, driver } = live;
        let session = Arc::new(session);
        self.set(State::Up(Arc::clone(&session)));
        tokio::select! {
            _ended = driver => {}
            () = session.lasts() => {}
        }
    }

    fn failed(&self, fault: Fault) {
        let known = matches!(&**self.lane.state.load(), State::Down(_));
        if !known {
            let why: &dyn std::error::Error = &fault;
            tracing::warn!(error = why, "PostgreSQL cannot be used: trying again");
        }
        self.set(State::Down(Arc::new(fault)));
    }

    fn set(&self, state: State) {
        self.lane.state.store(Arc::new(state));
        self.change.send_replace(());
    }
}
