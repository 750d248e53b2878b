//! The keys in use, and when to ask for new ones.

use std::fmt;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::VerifyError;
use crate::fetch::{FetchError, FetchKeys};
use crate::keys::{KeySet, PublicKey};
#[cfg(feature = "cache")]
use crate::policy::unique;

/// Between the starts of two fetches made for an unknown `kid`: so long may a
/// new key stay unknown when somebody sends made-up names.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// A fetch that takes longer has failed: others wait for it.
const FETCH_LIMIT: Duration = Duration::from_secs(10);
/// The pause after a first failure; it doubles up to [`MAX_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_secs(60);

/// An issuer's current keys, shared by every verifier of it. The last good set
/// serves however long the issuer is down.
pub struct Keys {
    /// No other in this process has it.
    #[cfg(feature = "cache")]
    id: u64,
    current: Arc<ArcSwapOption<KeySet>>,
    fetch: Option<Arc<dyn FetchKeys>>,
    /// How often to fetch without being asked, and whether that has begun.
    background: Option<(Duration, Once)>,
    last: Mutex<Option<Flight>>,
}

/// Why there is no key of this name.
pub(crate) enum KeyError {
    /// The issuer was asked less than [`COOL_DOWN`] ago and has no such key.
    Unknown,
    /// The issuer could not be asked.
    Unavailable(FetchError),
}

impl From<KeyError> for VerifyError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::UnknownKey,
            KeyError::Unavailable(source) => Self::KeysUnavailable { source },
        }
    }
}

/// One fetch, under way or over.
#[derive(Clone)]
struct Flight {
    started: Instant,
    outcome: watch::Receiver<Option<Result<(), FetchError>>>,
}

impl Keys {
    /// Starts without keys: call [`Self::refresh`] before the first token comes.
    pub fn new(fetch: Arc<dyn FetchKeys>) -> Arc<Self> {
        Arc::new(Self::with(ArcSwapOption::empty(), Some(fetch), None))
    }

    /// These keys for good.
    pub fn preloaded(keys: KeySet) -> Arc<Self> {
        let current = ArcSwapOption::from_pointee(keys.succeeding(None));
        Arc::new(Self::with(current, None, None))
    }

    /// As [`Self::new`] and [`Self::keep_fresh`] in one; without a runtime the latter begins
    /// with the first token.
    #[cfg(feature = "http")]
    pub(crate) fn kept_fresh(fetch: Arc<dyn FetchKeys>, every: Duration) -> Arc<Self> {
        let background = Some((every, Once::new()));
        let keys = Self::with(ArcSwapOption::empty(), Some(fetch), background);
        let keys = Arc::new(keys);
        keys.start();
        keys
    }

    fn with(
        current: ArcSwapOption<KeySet>,
        fetch: Option<Arc<dyn FetchKeys>>,
        background: Option<(Duration, Once)>,
    ) -> Self {
        Self {
            #[cfg(feature = "cache")]
            id: unique(),
            current: Arc::new(current),
            fetch,
            background,
            last: Mutex::default(),
        }
    }

    fn start(self: &Arc<Self>) {
        if let Some((every, begun)) = &self.background
            && !begun.is_completed()
            && Handle::try_current().is_ok()
        {
            begun.call_once(|| drop(self.keep_fresh(*every)));
        }
    }

    /// Fetches the current set, or joins a fetch under way. Dropping the future does not
    /// end the fetch.
    ///
    /// # Errors
    /// No set could be had; the last good one stays.
    pub async fn refresh(&self) -> Result<(), FetchError> {
        match &self.fetch {
            Some(fetch) => {
                self.flight(fetch, Instant::now(), Duration::ZERO)
                    .landed()
                    .await
            }
            None => Ok(()),
        }
    }

    /// Refreshes in the background until these keys are dropped: at once where there is no
    /// set yet, then every `every`, sooner after a failure.
    pub fn keep_fresh(self: &Arc<Self>, every: Duration) -> JoinHandle<()> {
        let keys = Arc::downgrade(self);
        let mut wait = match self.is_empty() {
            true => Duration::ZERO,
            false => every,
        };
        let mut failures = 0_u32;
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(wait).await;
                let Some(keys) = keys.upgrade() else { return };
                failures = match keys.refresh().await {
                    Ok(()) => 0,
                    Err(error) => {
                        keys.report(&error);
                        failures.saturating_add(1)
                    }
                };
                wait = pause(every, failures);
            }
        })
    }

    fn report(&self, error: &FetchError) {
        let cause = std::error::Error::source(error);
        match self.is_empty() {
            true => tracing::warn!(%error, cause, "no keys yet, no token can be verified"),
            false => tracing::warn!(%error, cause, "keys not refreshed, the last good set serves"),
        }
    }

    /// Whether there is no key, not even an old one.
    pub fn is_empty(&self) -> bool {
        self.current.load().is_none()
    }

    /// The names (`kid`) of the keys there are now, in alphabetical order.
    pub fn kids(&self) -> Vec<String> {
        let current = self.current.load();
        let kids = current.iter().flat_map(|set| set.kids());
        let mut kids: Vec<_> = kids.map(str::to_owned).collect();
        kids.sort_unstable();
        kids
    }

    #[cfg(feature = "cache")]
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) async fn find(self: &Arc<Self>, kid: &str) -> Result<Arc<PublicKey>, KeyError> {
        self.start();
        self.find_at(kid, Instant::now()).await
    }

    async fn find_at(&self, kid: &str, now: Instant) -> Result<Arc<PublicKey>, KeyError> {
        if let Some(key) = self.held(kid) {
            return Ok(key);
        }
        let fetch = self.fetch.as_ref().ok_or(KeyError::Unknown)?;
        let outcome = self.flight(fetch, now, COOL_DOWN).landed().await;
        match (self.held(kid), outcome) {
            (Some(key), _) => Ok(key),
            (None, Ok(())) => Err(KeyError::Unknown),
            (None, Err(error)) => Err(KeyError::Unavailable(error)),
        }
    }

    /// The key of a token whose encoded header came before, with a good signature.
    pub(crate) fn known(&self, encoded_header: &str) -> Option<Arc<PublicKey>> {
        self.current.load().as_ref()?.by_header(encoded_header)
    }

    pub(crate) fn held(&self, kid: &str) -> Option<Arc<PublicKey>> {
        self.current.load().as_ref()?.get(kid)
    }

    /// The last fetch if it is under way or younger than `cool_down`, else a new one. It
    /// runs in a task of its own: whoever asked may hang up.
    fn flight(&self, fetch: &Arc<dyn FetchKeys>, now: Instant, cool_down: Duration) -> Flight {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = &*last
            && (flight.under_way() || now.saturating_duration_since(flight.started) < cool_down)
        {
            return flight.clone();
        }
        let (sender, outcome) = watch::channel(None);
        let (fetch, current) = (Arc::clone(fetch), Arc::clone(&self.current));
        tokio::spawn(async move {
            let fetched = tokio::time::timeout(FETCH_LIMIT, fetch.fetch()).await;
            let outcome = fetched.unwrap_or(Err(FetchError::TooSlow)).map(|set| {
                let set = set.succeeding(current.load().as_deref());
                current.store(Some(Arc::new(set)));
            });
            sender.send_replace(Some(outcome));
        });
        last.insert(Flight {
            started: now,
            outcome,
        })
        .clone()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("current", &self.current.load())
            .finish_non_exhaustive()
    }
}

impl Flight {
    fn under_way(&self) -> bool {
        self.outcome.has_changed().is_ok() && self.outcome.borrow().is_none()
    }

    async fn landed(mut self) -> Result<(), FetchError> {
        match self.outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            _ => Err(FetchError::Interrupted),
        }
    }
}

fn pause(every: Duration, failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => every,
        Some(doublings) => FIRST_RETRY
            .saturating_mul(1 << doublings.min(6))
            .min(MAX_RETRY)
            .min(every),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::fetch::Fetching;

    /// Has no key that anybody asks for, or nothing at all.
    struct Issuer {
        asked: AtomicUsize,
        up: bool,
    }

    impl FetchKeys for Issuer {
        fn fetch(&self) -> Fetching<'_> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let set = KeySet::from_jwks(include_bytes!("../tests/vectors/jwks.json")).unwrap();
            Box::pin(std::future::ready(match self.up {
                true => Ok(set),
                false => Err(FetchError::Status(503)),
            }))
        }
    }

    #[tokio::test]
    async fn unknown_names_are_asked_for_once_per_cool_down() {
        let start = Instant::now();
        for up in [true, false] {
            let issuer = Arc::new(Issuer {
                asked: AtomicUsize::new(0),
                up,
            });
            let keys = Keys::new(issuer.clone());
            for (seconds, asked) in [(0, 1), (1, 1), (9, 1), (10, 2), (15, 2), (20, 3), (3600, 4)] {
                let error = keys
                    .find_at("x", start + Duration::from_secs(seconds))
                    .await;
                assert_eq!(matches!(error, Err(KeyError::Unknown)), up);
                assert_eq!(
                    issuer.asked.load(Ordering::SeqCst),
                    asked,
                    "after {seconds} s"
                );
            }
        }
    }

    #[test]
    fn failures_are_retried_sooner_and_less_and_less() {
        let hour = Duration::from_secs(3600);
        let pauses = [0, 1, 2, 3, 7, u32::MAX].map(|failures| pause(hour, failures).as_secs());
        assert_eq!(pauses, [3600, 1, 2, 4, 60, 60]);
        assert_eq!(pause(Duration::from_millis(5), 3), Duration::from_millis(5));
    }
}
