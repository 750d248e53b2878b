//! One refresh per session in this process, and who waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use cogward_session::LookupKey;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::renewal::fly;
use crate::lately::Lately;
use crate::session::Current;
use crate::{Auth, SessionError};

/// After a failed try, while the access token still lives, seconds.
const POSTPONE_SECONDS: i64 = 5;

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
pub(crate) struct Flights {
    open: Mutex<HashMap<LookupKey, watch::Receiver<Option<Outcome>>>>,
    /// Where a try failed, or takes long: whose token still lives need not try or wait.
    pub(super) postponed: Lately,
}

impl Default for Flights {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            postponed: Lately::new(POSTPONE_SECONDS),
        }
    }
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
        // A runtime that is closing drops the task at once, which locks again.
        drop(open);
        let landing = Landing {
            auth: Arc::clone(auth),
            key: current.key,
        };
        let current = current.clone();
        auth.spawn(async move {
            let outcome = fly(&landing.auth, current).await;
            if matches!(outcome, Outcome::Postponed | Outcome::StoreUnavailable) {
                let Landing { auth, key } = &landing;
                auth.flights.postponed.note(*key, auth.now());
            }
            sender.send_replace(Some(outcome));
            drop(landing);
        });
        receiver
    }
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
