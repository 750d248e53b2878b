//! What a provider told, for a while.

use std::sync::Arc;
use std::time::Duration;

use cogward_inquiry::{BrokeOff, Lookups, OnError};
use cogward_session::Timestamp;
use serde_json::Value;

use super::provider::{EntityError, EntityProvider, Facts};

/// No resource has a longer id, bytes.
const LONGEST_ID: usize = 1024;
/// Nor one of a longer kind, bytes.
const LONGEST_KIND: usize = 256;
/// What is remembered takes so many bytes.
const MEMORY: u64 = 16 << 20;
/// A JSON value without its text, and its place in an object, bytes.
const VALUE: usize = 64;

/// A provider whose answers are remembered, and that is asked once for a resource however many
/// want to know of it.
///
/// "Not there" is remembered as well, an error never is. Who goes away takes nothing from the
/// others who wait for the same answer.
#[derive(Clone)]
pub struct Cached {
    provider: Provider,
    ttl_seconds: i64,
    known: Lookups<Key, Option<Arc<Facts>>, EntityError>,
}

type Found = Result<Option<Arc<Facts>>, EntityError>;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    kind: Arc<str>,
    id: Arc<str>,
}

impl Cached {
    /// Answers count for `ttl`, in whole seconds; with less than one each call asks the provider,
    /// alone. What is not told within `timeout` is an error.
    #[must_use]
    pub fn new(provider: Arc<dyn EntityProvider>, ttl: Duration, timeout: Duration) -> Self {
        Self::with_memory(provider, ttl, timeout, MEMORY)
    }

    fn with_memory(
        provider: Arc<dyn EntityProvider>,
        ttl: Duration,
        timeout: Duration,
        bytes: u64,
    ) -> Self {
        Self {
            provider: Provider { provider, timeout },
            ttl_seconds: i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX),
            known: Lookups::new(bytes, weigh, OnError::Forget),
        }
    }

    /// What is known of a resource. An id or kind that nothing has, being empty or longer than
    /// 1024 and 256 bytes, is not asked for.
    ///
    /// # Errors
    /// [`EntityError`] when the provider fails or takes too long.
    pub async fn find(&self, kind: &str, id: &str, now: Timestamp) -> Found {
        if id.is_empty() || id.len() > LONGEST_ID || kind.len() > LONGEST_KIND {
            return Ok(None);
        }
        let (key, ttl) = (Key::new(kind, id), self.ttl_seconds);
        if ttl == 0 {
            return self.provider.clone().ask(key).await;
        }
        let good = |at: Timestamp| (0..ttl).contains(&at.seconds_until(now));
        let ask = || self.provider.clone().ask(key.clone());
        let known = self.known.find(key.clone(), now, good, ask).await?;
        Ok(known.value)
    }

    /// Asks for this resource anew, also where the answer is under way.
    pub fn forget(&self, kind: &str, id: &str) {
        self.known.forget(&Key::new(kind, id));
    }

    /// Asks for every resource anew.
    pub fn clear(&self) {
        self.known.forget_where(|_| true);
    }
}

impl Key {
    fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
        }
    }
}

#[derive(Clone)]
struct Provider {
    provider: Arc<dyn EntityProvider>,
    timeout: Duration,
}

impl Provider {
    async fn ask(self, key: Key) -> Found {
        let found = self.provider.find(&key.kind, &key.id);
        match tokio::time::timeout(self.timeout, found).await {
            Ok(found) => Ok(found?.map(Arc::new)),
            Err(_) => Err(EntityError::unavailable("it takes too long to answer")),
        }
    }
}

impl From<BrokeOff> for EntityError {
    fn from(error: BrokeOff) -> Self {
        Self::unavailable(error)
    }
}

fn weigh(key: &Key, facts: &Option<Arc<Facts>>) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let told = facts.as_deref().map_or(0, |facts| {
        let members = facts.attributes.iter();
        text(&facts.owner) + text(&facts.kind) + members.map(member).sum::<usize>()
    });
    key.kind.len() + key.id.len() + told
}

fn member((name, value): (&String, &Value)) -> usize {
    VALUE + name.len() + content(value)
}

fn content(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| VALUE + content(item)).sum(),
        Value::Object(members) => members.iter().map(member).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use tokio::sync::Semaphore;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const TTL: Duration = Duration::from_secs(30);
    const TIMEOUT: Duration = Duration::from_secs(2);

    /// Counts its calls and answers each when it gets leave: `gone` is not there, `broken` an
    /// error, `panic` a panic; anything else is owned by whoever is named by the number of the call.
    struct Counting {
        calls: AtomicUsize,
        leave: Semaphore,
    }

    impl Counting {
        fn new(leave: usize) -> Arc<Self> {
            Arc::new(Self {
                calls: AtomicUsize::new(0),
                leave: Semaphore::new(leave),
            })
        }

        fn calls(&self) -> usize {
            self.calls.load(Ordering::SeqCst)
        }
    }

    #[async_trait]
    impl EntityProvider for Counting {
        async fn find(&self, _: &str, id: &str) -> Result<Option<Facts>, EntityError> {
            let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
            self.leave.acquire().await.unwrap().forget();
            match id {
                "gone" => Ok(None),
                "broken" => Err(EntityError::unavailable("broken")),
                "panic" => panic!("as the test wants it"),
                _ => Ok(Some(Facts {
                    owner: Some(call.to_string()),
                    ..Facts::default()
                })),
            }
        }
    }

    const ALWAYS: usize = 1_000_000;

    fn cached(provider: &Arc<Counting>) -> Cached {
        Cached::new(Arc::clone(provider) as _, TTL, TIMEOUT)
    }

    async fn owner(cached: &Cached, id: &str, now: Timestamp) -> Option<String> {
        let found = cached.find("document", id, now).await.unwrap();
        found.and_then(|facts| facts.owner.clone())
    }

    async fn until(holds: impl Fn() -> bool) {
        while !holds() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_answer_counts_until_its_time_is_over() {
        let provider = Counting::new(ALWAYS);
        let cached = cached(&provider);
        for (seconds, expected) in [(0, "1"), (29, "1"), (30, "2"), (59, "2"), (60, "3")] {
            let told = owner(&cached, "a", NOW.plus(seconds)).await;
            assert_eq!(told.as_deref(), Some(expected), "after {seconds} s");
        }
        // A clock that was set back makes no answer good for longer.
        assert_eq!(owner(&cached, "a", NOW).await.as_deref(), Some("4"));
    }

    #[tokio::test]
    async fn not_there_is_remembered_and_an_error_is_not() {
        let provider = Counting::new(ALWAYS);
        let cached = cached(&provider);
        for _ in 0..3 {
            assert_eq!(owner(&cached, "gone", NOW).await, None);
        }
        assert_eq!(provider.calls(), 1);
        for _ in 0..3 {
            cached.find("document", "broken", NOW).await.unwrap_err();
        }
        assert_eq!(provider.calls(), 4);
    }

    #[tokio::test]
    async fn an_error_is_not_hidden_by_an_older_answer() {
        struct Failing(AtomicUsize);
        #[async_trait]
        impl EntityProvider for Failing {
            async fn find(&self, _: &str, _: &str) -> Result<Option<Facts>, EntityError> {
                match self.0.fetch_add(1, Ordering::SeqCst) {
                    0 => Ok(Some(Facts::default())),
                    _ => Err(EntityError::unavailable("down")),
                }
            }
        }
        let cached = Cached::new(Arc::new(Failing(AtomicUsize::new(0))), TTL, TIMEOUT);
        assert!(cached.find("document", "a", NOW).await.unwrap().is_some());
        let later = NOW.plus(30);
        for now in [later, NOW, later] {
            cached.find("document", "a", now).await.unwrap_err();
            // The clock set back finds nothing either.
        }
    }

    #[tokio::test]
    async fn who_goes_away_takes_nothing_from_the_others() {
        let provider = Counting::new(0);
        let cached = cached(&provider);
        let first = {
            let cached = cached.clone();
            tokio::spawn(async move { owner(&cached, "a", NOW).await })
        };
        until(|| provider.calls() == 1).await;
        let second = {
            let cached = cached.clone();
            tokio::spawn(async move { owner(&cached, "a", NOW).await })
        };
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        provider.leave.add_permits(1);
        assert_eq!(second.await.unwrap().as_deref(), Some("1"));
        assert_eq!(owner(&cached, "a", NOW).await.as_deref(), Some("1"));
        assert_eq!(provider.calls(), 1);
    }

    #[tokio::test]
    async fn a_provider_that_panics_is_an_error_and_asked_again() {
        let provider = Counting::new(ALWAYS);
        let cached = cached(&provider);
        for calls in 1..4 {
            cached.find("document", "panic", NOW).await.unwrap_err();
            assert_eq!(provider.calls(), calls);
            until(|| cached.known.under_way() == 0).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_takes_too_long_is_an_error() {
        let provider = Counting::new(0);
        let cached = cached(&provider);
        let began = tokio::time::Instant::now();
        cached.find("document", "a", NOW).await.unwrap_err();
        assert_eq!(began.elapsed().as_secs(), TIMEOUT.as_secs());
        provider.leave.add_permits(ALWAYS);
        assert_eq!(owner(&cached, "a", NOW).await.as_deref(), Some("2"));
    }

    #[tokio::test]
    async fn kinds_and_ids_are_apart() {
        let provider = Counting::new(ALWAYS);
        let cached = cached(&provider);
        for (kind, id) in [("a", "bc"), ("ab", "c"), ("", "abc"), ("a", "bd")] {
            cached.find(kind, id, NOW).await.unwrap();
        }
        assert_eq!(provider.calls(), 4);
    }

    #[tokio::test]
    async fn what_nothing_can_be_called_is_not_asked_for() {
        let provider = Counting::new(ALWAYS);
        let cached = cached(&provider);
        let (id, kind) = ("i".repeat(1025), "k".repeat(257));
        for (kind, id) in [("document", &*id), (&*kind, "a"), ("document", "")] {
            assert!(cached.find(kind, id, NOW).await.unwrap().is_none());
        }
        assert_eq!(provider.calls(), 0);
        let found = cached.find(&kind[1..], &id[1..], NOW).await.unwrap();
        assert!(found.is_some());
    }

    #[tokio::test]
    async fn without_a_time_each_call_asks() {
        let provider = Counting::new(ALWAYS);
        let cached = Cached::new(Arc::clone(&provider) as _, Duration::ZERO, TIMEOUT);
        for call in ["1", "2", "3"] {
            assert_eq!(owner(&cached, "a", NOW).await.as_deref(), Some(call));
        }
    }

    #[tokio::test]
    async fn what_is_forgotten_is_asked_for_anew() {
        let provider = Counting::new(ALWAYS);
        let cached = cached(&provider);
        for (id, expected) in [("a", "1"), ("b", "2")] {
            assert_eq!(owner(&cached, id, NOW).await.as_deref(), Some(expected));
        }
        cached.forget("document", "a");
        assert_eq!(owner(&cached, "a", NOW).await.as_deref(), Some("3"));
        assert_eq!(owner(&cached, "b", NOW).await.as_deref(), Some("2"));
        cached.clear();
        assert_eq!(owner(&cached, "b", NOW).await.as_deref(), Some("4"));
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let provider = Counting::new(ALWAYS);
        let bytes = 64 << 10;
        let cached = Cached::with_memory(Arc::clone(&provider) as _, TTL, TIMEOUT, bytes);
        for n in 0..5000 {
            cached.find("document", &n.to_string(), NOW).await.unwrap();
        }
        assert!(cached.known.bytes() <= bytes);
        assert!(cached.known.len() < 5000);
        assert!(cached.known.under_way() == 0);
    }
}
