//! Whose turn it is to renew a session's tokens, among all processes that share the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::rand::SecureRandom as _;
use cogward_session::{Holder, Lease, LookupKey, StoreError};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::error::chain;
use crate::session::{self, Current};
use crate::{Auth, SessionError};

use super::is_renewed;

/// A process that died holds up the others for so long, seconds.
const LEASE_SECONDS: u32 = 3;
/// The lease is prolonged this often while the work goes on.
const PROLONG: Duration = Duration::from_secs(1);
/// How long another's refresh is waited for: longer than one takes.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// This process's turn, until it is given back or this process dies.
pub(super) struct Turn {
    auth: Arc<Auth>,
    key: LookupKey,
    holder: Holder,
    /// The one before never said how it ended.
    pub(super) taken_over: bool,
    lost: Arc<AtomicBool>,
    keeper: AbortHandle,
}

/// What waiting for a turn came to.
pub(super) enum Awaited {
    Turn(Turn),
    /// Another process renewed the tokens.
    Renewed(Box<Current>),
    /// There is no turn to be had, and no session or no store.
    Over(SessionError),
}

impl Turn {
    pub(super) async fn wait(auth: &Arc<Auth>, read: &Current) -> Awaited {
        let key = read.key;
        let mut bytes = [0; 16];
        if auth.rng.fill(&mut bytes).is_err() {
            return Awaited::Over(SessionError::Internal);
        }
        let holder = Holder::from_bytes(bytes);
        let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            match ask(auth, &key, &holder).await {
                Ok(Lease::Held) => {}
                Ok(lease) => return Awaited::Turn(Self::begin(auth, key, holder, lease)),
                Err(error) => return Awaited::Over(error.into()),
            }
            if started.elapsed() > PATIENCE {
                return Awaited::Over(SessionError::Upstream);
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
            match session::load_by_id(auth, read.id.clone(), auth.now()).await {
                Ok(current) if is_renewed(&current.identity, &read.identity, auth.now()) => {
                    return Awaited::Renewed(Box::new(current));
                }
                Ok(_) => {}
                Err(error) => return Awaited::Over(error),
            }
        }
    }

    fn begin(auth: &Arc<Auth>, key: LookupKey, holder: Holder, lease: Lease) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let keeping = keep(Arc::clone(auth), key, holder, Arc::clone(&lost));
        Self {
            auth: Arc::clone(auth),
            key,
            holder,
            taken_over: lease == Lease::TakenOver,
            lost,
            // Not among the tasks that a stop waits for: it ends with the turn.
            keeper: tokio::spawn(keeping).abort_handle(),
        }
    }

    /// Whether another process may have taken over, as when this one was stopped for a while.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Lets the next one have its turn.
    pub(super) async fn give_back(self) {
        self.keeper.abort();
        if let Err(error) = self.auth.store.release(&self.key, &self.holder).await {
            tracing::warn!(error = chain(&error), "lease not given back: it runs out");
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn ask(auth: &Auth, key: &LookupKey, holder: &Holder) -> Result<Lease, StoreError> {
    let now = auth.now();
    auth.store.lease(key, holder, now, LEASE_SECONDS).await
}

async fn keep(auth: Arc<Auth>, key: LookupKey, holder: Holder, lost: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(PROLONG).await;
        match ask(&auth, &key, &holder).await {
            Ok(Lease::Granted) => {}
            Ok(Lease::Held | Lease::TakenOver) => lost.store(true, Ordering::SeqCst),
            Err(error) => tracing::warn!(error = chain(&error), "lease not prolonged"),
        }
    }
}
