//! One refresh per session in this process, and who waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use cogward_session::{LookupKey, Timestamp};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::renewal::fly;
use crate::session::Current;
use crate::{Auth, SessionError};

/// After a failed try, while the access token still lives, seconds.
const POSTPONE_SECONDS: i64 = 5;
const PRUNE_FROM: usize = 1024;

/// What became of a refresh, for all who asked for it.
#[derive(Clone)]
pub(super) enum Outcome {
    Renewed(Box<Current>),
    Refused,
    Ended,
    StoreUnavailable,
    Postponed,
}

impl Outcome {
    pub(super) fn into_result(self) -> Result<Current, SessionError> {
        match self {
            Self::Renewed(current) => Ok(*current),
            Self::Refused => Err(SessionError::RefreshRefused),
            Self::Ended => Err(SessionError::Ended),
            Self::StoreUnavailable | Self::Postponed => Err(SessionError::Upstream),
        }
    }
}

/// The refreshes under way in this process.
#[derive(Default)]
pub(crate) struct Flights {
    open: Mutex<HashMap<LookupKey, watch::Receiver<Option<Outcome>>>>,
    postponed: Mutex<Postponed>,
}

impl Flights {
    pub(super) fn join(
        &self,
        auth: &Arc<Auth>,
        current: &Current,
    ) -> watch::Receiver<Option<Outcome>> {
        let mut open = self.open.lock();
        if let Some(receiver) = open.get(&current.key) {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(None);
        open.insert(current.key, receiver.clone());
        let landing = Landing {
            auth: Arc::clone(auth),
            key: current.key,
        };
        let id = current.id.clone();
        auth.spawn(async move {
            let outcome = fly(&landing.auth, id).await;
            if matches!(outcome, Outcome::Postponed | Outcome::StoreUnavailable) {
                let Landing { auth, key } = &landing;
                auth.flights.postpone(*key, auth.now());
            }
            sender.send_replace(Some(outcome));
            drop(landing);
        });
        receiver
    }

    /// Whether a try failed moments ago.
    pub(super) fn postponed(&self, key: &LookupKey, now: Timestamp) -> bool {
        let postponed = self.postponed.lock();
        postponed.at.get(key).is_some_and(|at| is_recent(*at, now))
    }

    pub(super) fn postpone(&self, key: LookupKey, now: Timestamp) {
        let mut postponed = self.postponed.lock();
        let Postponed { at, prune_at } = &mut *postponed;
        if at.len() >= *prune_at {
            at.retain(|_, at| is_recent(*at, now));
            *prune_at = PRUNE_FROM.max(2 * at.len());
        }
        at.insert(key, now);
    }
}

/// Sessions whose last try failed, and the size at which the old ones go.
#[derive(Default)]
struct Postponed {
    at: HashMap<LookupKey, Timestamp>,
    prune_at: usize,
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    at.seconds_until(now) < POSTPONE_SECONDS
}

/// Clears the way for the next refresh, also when the task panicked.
struct Landing {
    auth: Arc<Auth>,
    key: LookupKey,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.auth.flights.open.lock().remove(&self.key);
    }
}
