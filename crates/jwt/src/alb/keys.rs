//! The keys in use, and when to ask for another.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::error::{AlbConfigError, AlbError};
use super::fetch::{AlbFetchError, FetchAlbKey};
use super::key::{AlbKey, AlbKeyError, AlbKid};

/// A load balancer signs with one key at a time.
const MAX_HELD: usize = 32;
/// Fetches that may start within any [`COOL_DOWN`].
const MAX_FETCHES: usize = 10;
/// So long an answer stands: a name is not asked for again, whether it has a key or not.
const COOL_DOWN: Duration = Duration::from_secs(10);
/// So long a failure stands.
const RETRY: Duration = Duration::from_secs(2);

/// Public keys of load balancers, shared by every verifier of a region.
///
/// A key is fetched when a token first names it. Anybody who can reach the application can name
/// keys at will, with the right load balancer, issuer and client beside them. Whatever they send:
///
/// - In any 10 seconds at most 10 fetches start, in all. One name costs at most one of them, one
///   every 2 seconds while the key server fails; all who wait for a name share one fetch.
/// - A key is kept once a signature has verified with it, so nobody but the load balancer
///   can make a key be kept, or push one out. 32 are kept, the oldest goes first; they serve
///   without being asked for again, however long the key server is down.
/// - What else is remembered is these at most 10 fetches.
///
/// Not guaranteed: while somebody spends the fetches, a key that this process has not yet
/// seen may have to wait; its tokens are then refused with the transient [`AlbError::Flooded`].
pub struct AlbKeys {
    fetch: Option<Arc<dyn FetchAlbKey>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Keys with which a signature has verified, oldest first.
    held: VecDeque<(AlbKid, Arc<AlbKey>)>,
    /// What was asked for in the last [`COOL_DOWN`], oldest first: at most [`MAX_FETCHES`].
    flights: VecDeque<Flight>,
}

/// One fetch, under way or over.
struct Flight {
    kid: AlbKid,
    started: Instant,
    outcome: watch::Receiver<Option<Outcome>>,
}

type Outcome = Result<Option<Arc<AlbKey>>, AlbFetchError>;

impl fmt::Debug for AlbKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlbKeys").finish_non_exhaustive()
    }
}

enum Found {
    Held(Arc<AlbKey>),
    Coming(watch::Receiver<Option<Outcome>>),
}

impl AlbKeys {
    /// Keys fetched when needed. Fetching needs a Tokio runtime.
    pub fn fetched(fetch: impl FetchAlbKey) -> Arc<Self> {
        Arc::new(Self {
            fetch: Some(Arc::new(fetch)),
            state: Mutex::default(),
        })
    }

    /// These keys for good, each with its name and as PEM; nothing is fetched.
    ///
    /// # Errors
    /// [`AlbConfigError::Key`].
    pub fn preloaded<'k>(
        keys: impl IntoIterator<Item = (&'k str, &'k str)>,
    ) -> Result<Arc<Self>, AlbConfigError> {
        let read = |(name, pem): (&str, &str)| {
            let refuse = |fault| AlbConfigError::key(name, fault);
            let kid = AlbKid::parse(name).ok_or_else(|| refuse(AlbKeyError::Kid))?;
            Ok((kid, Arc::new(AlbKey::from_pem(pem).map_err(refuse)?)))
        };
        let held: VecDeque<_> = keys.into_iter().map(read).collect::<Result<_, _>>()?;
        let state = State {
            held,
            ..State::default()
        };
        Ok(Arc::new(Self {
            fetch: None,
            state: Mutex::new(state),
        }))
    }

    pub(super) async fn find(&self, kid: &AlbKid) -> Result<Arc<AlbKey>, AlbError> {
        self.find_at(kid, Instant::now()).await
    }

    async fn find_at(&self, kid: &AlbKid, now: Instant) -> Result<Arc<AlbKey>, AlbError> {
        let mut outcome = match self.look_up(kid, now)? {
            Found::Held(key) => return Ok(key),
            Found::Coming(outcome) => outcome,
        };
        let outcome = match outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            _ => Err(AlbFetchError::Interrupted),
        };
        outcome
            .map_err(|source| AlbError::KeyUnavailable { source })?
            .ok_or(AlbError::UnknownKey)
    }

    fn look_up(&self, kid: &AlbKid, now: Instant) -> Result<Found, AlbError> {
        let mut state = self.lock();
        if let Some((_, key)) = state.held.iter().find(|(held, _)| held == kid) {
            return Ok(Found::Held(Arc::clone(key)));
        }
        let fetch = self.fetch.as_ref().ok_or(AlbError::UnknownKey)?;
        let flights = &mut state.flights;
        flights.retain(|flight| flight.age(now) < COOL_DOWN);
        let last = flights.iter().rfind(|flight| flight.kid == *kid);
        if let Some(flight) = last.filter(|flight| flight.stands(now)) {
            return Ok(Found::Coming(flight.outcome.clone()));
        }
        if flights.len() >= MAX_FETCHES {
            return Err(AlbError::Flooded);
        }
        let flight = Flight::start(Arc::clone(fetch), kid.clone(), now);
        let outcome = flight.outcome.clone();
        flights.push_back(flight);
        Ok(Found::Coming(outcome))
    }

    /// Keeps a key with which a signature has verified.
    pub(super) fn keep(&self, kid: &AlbKid, key: &Arc<AlbKey>) {
        let mut state = self.lock();
        if state.held.iter().any(|(held, _)| held == kid) {
            return;
        }
        if state.held.len() >= MAX_HELD {
            state.held.pop_front();
        }
        state.held.push_back((kid.clone(), Arc::clone(key)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// In a task of its own: whoever asked may hang up.
    fn start(fetch: Arc<dyn FetchAlbKey>, kid: AlbKid, started: Instant) -> Self {
        let (sender, outcome) = watch::channel(None);
        let asked = kid.clone();
        tokio::spawn(async move {
            let outcome = fetch.fetch(&asked).await.map(|key| key.map(Arc::new));
            sender.send_replace(Some(outcome));
        });
        Self {
            kid,
            started,
            outcome,
        }
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    fn stands(&self, now: Instant) -> bool {
        !matches!(*self.outcome.borrow(), Some(Err(_))) || self.age(now) < RETRY
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;
    use crate::alb::{AlbVerifier, KeyFuture};

    /// Has a key of every even name, unless it is down.
    struct KeyServer {
        pair: EcdsaKeyPair,
        asked: AtomicUsize,
        down: AtomicBool,
    }

    impl FetchAlbKey for Arc<KeyServer> {
        fn fetch<'f>(&'f self, kid: &'f AlbKid) -> KeyFuture<'f> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                match self.down.load(Ordering::SeqCst) {
                    true => Err(AlbFetchError::Status(503)),
                    false
                        if kid
                            .as_str()
                            .ends_with(['0', '2', '4', '6', '8', 'a', 'c', 'e']) =>
                    {
                        Ok(AlbKey::from_pem(&self.pem()).ok())
                    }
                    false => Ok(None),
                }
            })
        }
    }

    impl KeyServer {
        fn pem(&self) -> String {
            let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
            let body = STANDARD.encode(der.as_ref());
            format!("-----BEGIN PUBLIC KEY-----{body}-----END PUBLIC KEY-----")
        }
    }

    fn server() -> (Arc<KeyServer>, Arc<AlbKeys>) {
        let server = Arc::new(KeyServer {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            asked: AtomicUsize::new(0),
            down: AtomicBool::new(false),
        });
        let keys = AlbKeys::fetched(Arc::clone(&server));
        (server, keys)
    }

    fn kid(n: u64) -> AlbKid {
        AlbKid::parse(&format!("00000000-0000-4000-8000-{n:012x}")).unwrap()
    }

    #[tokio::test]
    async fn answers_stand_for_the_cool_down_and_failures_shorter() {
        let start = Instant::now();
        for (name, down, expected) in [
            (0, false, [1, 1, 1, 1, 2]),
            (1, false, [1, 1, 1, 1, 2]),
            (0, true, [1, 1, 2, 2, 3]),
        ] {
            let (server, keys) = server();
            server.down.store(down, Ordering::SeqCst);
            for (millis, asked) in [0, 1999, 2000, 3999, 10_000].into_iter().zip(expected) {
                let now = start + Duration::from_millis(millis);
                let found = keys.find_at(&kid(name), now).await;
                match (name, down) {
                    (0, false) => assert!(found.is_ok()),
                    (_, false) => assert!(matches!(found, Err(AlbError::UnknownKey))),
                    _ => assert!(matches!(found, Err(AlbError::KeyUnavailable { .. }))),
                }
                assert_eq!(
                    server.asked.load(Ordering::SeqCst),
                    asked,
                    "{name} {millis}"
                );
            }
        }
    }

    #[tokio::test]
    async fn ten_fetches_start_in_any_ten_seconds() {
        let start = Instant::now();
        for down in [false, true] {
            let (server, keys) = server();
            server.down.store(down, Ordering::SeqCst);
            let mut started = Vec::new();
            for n in 0..1000 {
                let now = start + Duration::from_millis(n * 50);
                let before = server.asked.load(Ordering::SeqCst);
                let found = keys.find_at(&kid(n), now).await;
                match server.asked.load(Ordering::SeqCst) - before {
                    0 => assert!(matches!(found, Err(AlbError::Flooded))),
                    _ => started.push(now),
                }
                assert!(keys.lock().flights.len() <= 10);
            }
            assert_eq!(started.len(), 50);
            let apart = |pair: &[Instant]| pair[10] - pair[0] >= COOL_DOWN;
            assert!(started.windows(11).all(apart));
        }
    }

    #[tokio::test]
    async fn only_keys_that_verified_are_kept_and_the_oldest_goes_first() {
        let start = Instant::now();
        let (server, keys) = server();
        let at = |n: u64| start + Duration::from_secs(n * 2);
        let found = keys.find_at(&kid(0), at(0)).await.unwrap();
        keys.keep(&kid(0), &found);
        for n in 1..100 {
            let fetched = keys.find_at(&kid(n * 2), at(n)).await;
            assert!(
                fetched.is_ok(),
                "there is such a key, but nothing was signed with it"
            );
        }
        assert_eq!(keys.lock().held.len(), 1);
        let key = keys.find_at(&kid(0), at(1000)).await.unwrap();
        assert!(Arc::ptr_eq(&key, &found));
        assert_eq!(server.asked.load(Ordering::SeqCst), 100);
        for n in 1..=32 {
            keys.keep(&kid(n), &found);
            keys.keep(&kid(n), &found);
        }
        let held: Vec<_> = keys
            .lock()
            .held
            .iter()
            .map(|(kid, _)| kid.clone())
            .collect();
        assert_eq!(held, (1..=32).map(kid).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_caller_that_hangs_up_does_not_end_the_fetch() {
        let (server, keys) = server();
        let Ok(Found::Coming(mut outcome)) = keys.look_up(&kid(0), Instant::now()) else {
            panic!("no fetch");
        };
        assert!(outcome.wait_for(Option::is_some).await.is_ok());
        assert!(keys.find(&kid(0)).await.is_ok());
        assert_eq!(server.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_key_is_kept_for_a_signature_and_not_for_a_forgery() {
        const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/50dc6c495c0c9188";
        let (server, keys) = server();
        let verifier = AlbVerifier::with_keys(ARN, "issuer", "client", Arc::clone(&keys)).unwrap();
        let header = json!({
            "alg": "ES256", "kid": kid(0).as_str(), "signer": ARN, "iss": "issuer",
            "client": "client", "exp": 1,
        });
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let input = header + "." + &URL_SAFE_NO_PAD.encode(r#"{"sub":"s","exp":1}"#);
        let good = server
            .pair
            .sign(&SystemRandom::new(), input.as_bytes())
            .unwrap();
        for (signature, kept) in [(&[1; 64][..], 0), (good.as_ref(), 1)] {
            let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
            let verified = verifier.verify_at(&token, 0).await;
            assert_eq!(verified.is_ok(), kept == 1, "{verified:?}");
            assert_eq!(keys.lock().held.len(), kept);
        }
        assert_eq!(server.asked.load(Ordering::SeqCst), 1);
    }
}
