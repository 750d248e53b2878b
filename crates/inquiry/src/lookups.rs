//! What was answered, for a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use cogward_session::Timestamp;
use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::watch;

/// An entry without what its key and value take themselves, bytes.
const ENTRY: u64 = 256;
/// An entry as a rule, bytes.
const AS_A_RULE: u64 = 2048;

/// Answers by what was asked, as many as there is room for. Of many who ask the same at once one
/// asks, on a task of its own: who goes away takes nothing from the others.
///
/// How long an answer counts is for those who ask to say.
pub struct Lookups<K, V, E>(Arc<Shared<K, V, E>>);

struct Shared<K, V, E> {
    known: Cache<K, Kept<V>, ByBytes>,
    weigh: fn(&K, &V) -> usize,
    on_error: OnError,
    under_way: Mutex<HashMap<K, Receiver<V, E>>>,
}

type Receiver<V, E> = watch::Receiver<Option<Result<Known<V>, E>>>;

/// An answer.
#[derive(Clone, Debug)]
pub struct Known<V> {
    /// When it was asked for.
    pub at: Timestamp,
    /// What was said.
    pub value: V,
}

/// What becomes of an older answer when there is no newer one to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// It stays.
    Keep,
    /// It is forgotten, so that a clock that is set back does not bring it back.
    Forget,
}

/// Whoever was asking did not come to an end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the lookup broke off")]
pub struct BrokeOff;

impl<K, V, E> Lookups<K, V, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + From<BrokeOff> + Send + Sync + 'static,
{
    /// Takes so many bytes, by what `weigh` says of each.
    #[must_use]
    pub fn new(bytes: u64, weigh: fn(&K, &V) -> usize, on_error: OnError) -> Self {
        let entries = usize::try_from(bytes / AS_A_RULE).unwrap_or(usize::MAX);
        Self(Arc::new(Shared {
            known: Cache::with_weighter(entries, bytes, ByBytes),
            weigh,
            on_error,
            under_way: Mutex::default(),
        }))
    }

    /// The last answer, if it is `good` enough.
    pub fn known(&self, key: &K, good: impl Fn(Timestamp) -> bool) -> Option<Known<V>> {
        self.0.known(key, good)
    }

    /// The last answer if it is `good` enough, else that of the question under way, else asks.
    /// What is answered was known `now`.
    ///
    /// # Errors
    /// What `ask` says; [`BrokeOff`] when it panicked.
    pub async fn find<F>(
        &self,
        key: K,
        now: Timestamp,
        good: impl Fn(Timestamp) -> bool,
        ask: impl FnOnce() -> F,
    ) -> Result<Known<V>, E>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        if let Some(known) = self.known(&key, &good) {
            return Ok(known);
        }
        let mut answer = match self.join(key, now, good, ask) {
            Ok(known) => return Ok(known),
            Err(answer) => answer,
        };
        let told = answer.wait_for(Option::is_some).await;
        let told = told.ok().and_then(|told| told.clone());
        told.unwrap_or_else(|| Err(BrokeOff.into()))
    }

    /// Where the answer will be told, unless it came just now.
    fn join<F>(
        &self,
        key: K,
        now: Timestamp,
        good: impl Fn(Timestamp) -> bool,
        ask: impl FnOnce() -> F,
    ) -> Result<Known<V>, Receiver<V, E>>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let mut under_way = self.0.under_way.lock();
        if let Some(answer) = under_way.get(&key) {
            return Err(answer.clone());
        }
        if let Some(known) = self.known(&key, good) {
            return Ok(known);
        }
        let (tell, answer) = watch::channel(None);
        under_way.insert(key.clone(), answer.clone());
        // A runtime that is closing drops the question at once, which locks again.
        drop(under_way);
        let question = Question {
            shared: Arc::clone(&self.0),
            key,
            answer: answer.clone(),
        };
        let asking = ask();
        tokio::spawn(async move {
            let found = asking.await.map(|value| Known { at: now, value });
            question.end(found.as_ref().ok());
            tell.send_replace(Some(found));
        });
        Err(answer)
    }

    /// Asks anew for this, also where the answer is under way.
    pub fn forget(&self, key: &K) {
        let mut under_way = self.0.under_way.lock();
        under_way.remove(key);
        self.0.known.remove(key);
    }

    /// Asks anew for all of these, also where the answer is under way.
    pub fn forget_where(&self, those: impl Fn(&K) -> bool) {
        let mut under_way = self.0.under_way.lock();
        under_way.retain(|key, _| !those(key));
        self.0.known.retain(|key, _| !those(key));
    }

    /// How many answers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.known.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.known.is_empty()
    }

    /// What they take, bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.known.weight()
    }

    /// How many questions are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.0.under_way.lock().len()
    }
}

impl<K, V, E> Clone for Lookups<K, V, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash, V: Clone, E> Shared<K, V, E> {
    fn known(&self, key: &K, good: impl Fn(Timestamp) -> bool) -> Option<Known<V>> {
        let kept = self.known.get(key)?;
        good(kept.known.at).then_some(kept.known)
    }
}

/// One question; others who ask the same wait for its answer.
struct Question<K: Clone + Eq + Hash, V: Clone, E> {
    shared: Arc<Shared<K, V, E>>,
    key: K,
    answer: Receiver<V, E>,
}

impl<K: Clone + Eq + Hash, V: Clone, E> Question<K, V, E> {
    /// An answer that was forgotten before it came is for those alone who wait for it.
    fn end(&self, found: Option<&Known<V>>) {
        let shared = &*self.shared;
        let mut under_way = shared.under_way.lock();
        let current = under_way.get(&self.key);
        if !current.is_some_and(|current| current.same_channel(&self.answer)) {
            return;
        }
        under_way.remove(&self.key);
        // One that is too large to be kept does not leave an older one in its place.
        if found.is_some() || shared.on_error == OnError::Forget {
            shared.known.remove(&self.key);
        }
        if let Some(known) = found {
            let bytes = ENTRY + (shared.weigh)(&self.key, &known.value) as u64;
            let known = known.clone();
            shared.known.insert(self.key.clone(), Kept { known, bytes });
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone, E> Drop for Question<K, V, E> {
    /// Also when whoever asked panicked.
    fn drop(&mut self) {
        self.end(None);
    }
}

#[derive(Clone)]
struct Kept<V> {
    known: Known<V>,
    bytes: u64,
}

#[derive(Clone)]
struct ByBytes;

impl<K, V> Weighter<K, Kept<V>> for ByBytes {
    fn weight(&self, _: &K, kept: &Kept<V>) -> u64 {
        kept.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    type Numbers = Lookups<&'static str, usize, String>;

    impl From<BrokeOff> for String {
        fn from(error: BrokeOff) -> Self {
            error.to_string()
        }
    }

    /// Counts its calls, each of which needs leave and is answered by its number.
    #[derive(Clone)]
    struct Counting(Arc<(AtomicUsize, Semaphore)>);

    impl Counting {
        fn new(leave: usize) -> Self {
            Self(Arc::new((AtomicUsize::new(0), Semaphore::new(leave))))
        }

        fn calls(&self) -> usize {
            self.0.0.load(Ordering::SeqCst)
        }

        async fn answer(self) -> Result<usize, String> {
            let call = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
            self.0.1.acquire().await.unwrap().forget();
            Ok(call)
        }

        /// Of answers that count for half a minute.
        async fn find(&self, numbers: &Numbers, key: &'static str, now: Timestamp) -> usize {
            let good = |at: Timestamp| (0..30).contains(&at.seconds_until(now));
            let ask = || self.clone().answer();
            numbers.find(key, now, good, ask).await.unwrap().value
        }
    }

    fn numbers(on_error: OnError) -> Numbers {
        Lookups::new(64 << 10, |key, _| key.len(), on_error)
    }

    async fn fails(numbers: &Numbers, now: Timestamp) -> Result<Known<usize>, String> {
        let ask = || async { Err("no".to_owned()) };
        numbers.find("a", now, |_| false, ask).await
    }

    async fn until(holds: impl Fn() -> bool) {
        while !holds() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_answer_counts_as_long_as_it_is_good_enough() {
        let (numbers, counting) = (numbers(OnError::Keep), Counting::new(9));
        for (seconds, expected) in [(0, 1), (29, 1), (30, 2), (0, 3)] {
            let told = counting.find(&numbers, "a", NOW.plus(seconds)).await;
            assert_eq!(told, expected, "after {seconds} s");
        }
        assert_eq!(numbers.known(&"a", |_| true).unwrap().at, NOW);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_a_hundred_who_ask_at_once_one_asks() {
        let (numbers, counting) = (numbers(OnError::Keep), Counting::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..100 {
            let (numbers, counting) = (numbers.clone(), counting.clone());
            callers.spawn(async move { counting.find(&numbers, "a", NOW).await });
        }
        until(|| counting.calls() == 1).await;
        counting.0.1.add_permits(9);
        assert!(callers.join_all().await.into_iter().all(|told| told == 1));
        assert_eq!(counting.calls(), 1);
    }

    #[tokio::test]
    async fn an_older_answer_outlives_an_error_only_where_it_may() {
        for (on_error, left) in [(OnError::Keep, true), (OnError::Forget, false)] {
            let numbers = numbers(on_error);
            Counting::new(9).find(&numbers, "a", NOW).await;
            assert_eq!(fails(&numbers, NOW).await.unwrap_err(), "no");
            assert_eq!(numbers.known(&"a", |_| true).is_some(), left);
        }
    }

    #[tokio::test]
    async fn what_breaks_off_is_an_error_and_asked_again() {
        let numbers = numbers(OnError::Forget);
        let broken = numbers.find("a", NOW, |_| true, || async { panic!("as wanted") });
        assert_eq!(broken.await.unwrap_err(), "the lookup broke off");
        until(|| numbers.under_way() == 0).await;
        assert_eq!(Counting::new(9).find(&numbers, "a", NOW).await, 1);
    }

    #[tokio::test]
    async fn an_answer_that_was_forgotten_on_its_way_is_not_remembered() {
        let (numbers, counting) = (numbers(OnError::Keep), Counting::new(0));
        let ask = || {
            let (numbers, counting) = (numbers.clone(), counting.clone());
            tokio::spawn(async move { counting.find(&numbers, "a", NOW).await })
        };
        let old = ask();
        until(|| counting.calls() == 1).await;
        numbers.forget_where(|key| *key == "a");
        let new = ask();
        until(|| counting.calls() == 2).await;
        counting.0.1.add_permits(2);
        assert_eq!((old.await.unwrap(), new.await.unwrap()), (1, 2));
        assert_eq!(counting.find(&numbers, "a", NOW).await, 2);
        assert_eq!(counting.calls(), 2);
    }

    #[tokio::test]
    async fn forgetting_one_leaves_the_others() {
        let (numbers, counting) = (numbers(OnError::Keep), Counting::new(9));
        for key in ["a", "b", "c"] {
            counting.find(&numbers, key, NOW).await;
        }
        numbers.forget_where(|key| *key == "b");
        numbers.forget(&"c");
        assert_eq!(counting.find(&numbers, "a", NOW).await, 1);
        assert_eq!(counting.find(&numbers, "b", NOW).await, 4);
        assert_eq!(counting.find(&numbers, "c", NOW).await, 5);
    }
}
