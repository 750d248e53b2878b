//! What servers that share a store tell each other to forget: a short list in the store, under a
//! name of its own beside the sessions, that each looks at every second.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use cogward_context::Pattern;
use cogward_session::{
    Clock, KeyRing, LookupKey, Record, Replaced, SessionStore, StoreError, Timestamp, seal,
};
use parking_lot::Mutex;

use crate::{Auth, chain};

/// A server looks this often for what is new.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many of the last notices are there. Who missed one forgets everything.
const KEPT: usize = 128;
/// The list stays: one that a store has not cleared away yet would be in the way of a new one.
const KEPT_SECONDS: i64 = 10 * 365 * 24 * 3600;
/// Servers that write at once try again so often, after this pause.
const ROUNDS: usize = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// A store that fails is tried again so often, after this pause.
const TRIES: usize = 5;
const RETRY: Duration = Duration::from_secs(1);

/// The list in the store.
pub(crate) struct Board {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pool_id: String,
}

/// What is on it. The last has the number that is the record's version, each before one less.
type Notices = Vec<Pattern>;

/// What waits to be written, by one task at a time.
#[derive(Default)]
pub(crate) struct Pending(Mutex<(Vec<Pattern>, bool)>);

impl Pending {
    /// Whether nobody is writing: who asked is to [`tell`](Self::tell).
    pub(crate) fn put(&self, pattern: Pattern) -> bool {
        let mut pending = self.0.lock();
        let (waiting, writing) = &mut *pending;
        if !waiting.contains(&pattern) {
            waiting.push(pattern);
        }
        !std::mem::replace(writing, true)
    }

    /// Writes until nothing waits.
    pub(crate) async fn tell(&self, board: &Board) {
        while let Some(told) = self.next() {
            board.surely_add(&told).await;
            // Nobody looks sooner: what comes meanwhile is written in one go.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn next(&self) -> Option<Vec<Pattern>> {
        let mut pending = self.0.lock();
        let (waiting, writing) = &mut *pending;
        *writing = !waiting.is_empty();
        writing.then(|| std::mem::take(waiting))
    }
}

impl Board {
    pub(crate) fn of(auth: &Auth) -> Self {
        Self {
            store: Arc::clone(&auth.store),
            ring: Arc::clone(&auth.ring()),
            clock: Arc::clone(&auth.clock),
            pool_id: auth.pool.id.clone(),
        }
    }

    async fn surely_add(&self, told: &[Pattern]) {
        for _ in 0..TRIES {
            match self.add(told).await {
                Ok(()) => return,
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(error, "other servers are not told yet what to forget");
                }
            }
            tokio::time::sleep(RETRY).await;
        }
        tracing::error!(
            "other servers were not told what to forget: they do when its time is over"
        );
    }

    /// # Errors
    /// The store did not answer, or very many write at once.
    pub(crate) async fn add(&self, told: &[Pattern]) -> Result<(), StoreError> {
        let key = LookupKey::of_notices(&self.pool_id);
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            let there = self.store.load(&key, now).await?;
            // Should the list be lost, numbers go on higher than they were.
            let first = u64::try_from(now.as_secs()).unwrap_or_default() << 16;
            let before = there.as_deref().map_or(first, |record| record.version);
            let mut notices = there
                .as_deref()
                .map(|record| self.open(record))
                .unwrap_or_default();
            notices.extend_from_slice(told);
            let version = before.saturating_add(told.len() as u64);
            let record = self.seal(&key, version, notices, now)?;
            let written = match there {
                Some(_) => self.store.replace(&key, before, record).await? == Replaced::Done,
                None => match self.store.insert(&key, record).await {
                    Err(StoreError::Exists) => false,
                    other => other.map(|()| true)?,
                },
            };
            if written {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(StoreError::unavailable(
            "too many servers write notices at once",
        ))
    }

    fn seal(
        &self,
        key: &LookupKey,
        version: u64,
        mut notices: Notices,
        now: Timestamp,
    ) -> Result<Record, StoreError> {
        let more = notices.len().saturating_sub(KEPT);
        notices.drain(..more);
        let sealed = seal::seal_notices(&self.ring, key, version, &notices, &SystemRandom::new());
        Ok(Record {
            version,
            // Nobody's: no pool has an empty id.
            user: self.ring.user_index("", "notices"),
            last_seen_at: now,
            expires_at: now.plus(KEPT_SECONDS),
            identity: Box::from([0]),
            tokens: Box::from([0]),
            device: sealed.map_err(StoreError::unavailable)?,
        })
    }

    /// What does not open, being sealed by keys that are no more, is as good as missed.
    fn open(&self, record: &Record) -> Notices {
        let key = LookupKey::of_notices(&self.pool_id);
        seal::open_notices(&self.ring, &key, record.version, &record.device).unwrap_or_default()
    }

    /// What came after number `seen`, or since there was no list; everything where that cannot be
    /// told.
    fn since(&self, seen: Option<u64>, record: &Record) -> Vec<Pattern> {
        let notices = self.open(record);
        let old = match seen {
            None => (1..KEPT).contains(&notices.len()).then_some(0),
            Some(seen) => {
                let new = record.version.checked_sub(seen);
                let new = new.and_then(|new| usize::try_from(new).ok());
                new.and_then(|new| notices.len().checked_sub(new))
            }
        };
        match old {
            Some(old) => {
                let mut new: Vec<_> = notices.into_iter().skip(old).collect();
                new.sort_unstable();
                new.dedup();
                new
            }
            None => vec![Pattern::all()],
        }
    }
}

/// Forgets what other servers say, for as long as this one runs.
pub async fn follow(auth: Arc<Auth>) {
    let Some(contexts) = auth.pool.contexts.clone() else {
        return;
    };
    let key = LookupKey::of_notices(&auth.pool.id);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Nothing is remembered yet that could be wrong, so the first look is a beginning.
    let mut begun = None;
    loop {
        looks.tick().await;
        // A store that fails is told of elsewhere.
        let Ok(there) = auth.store.load(&key, auth.now()).await else {
            continue;
        };
        let now = there.as_deref().map(|record| record.version);
        if let (Some(seen), Some(record)) = (begun, &there)
            && seen != now
        {
            let board = Board::of(&auth);
            for pattern in board.since(seen, record) {
                contexts.forget(&board.pool_id, &pattern);
            }
        }
        begun = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use cogward_session::{MemoryStore, Secret, SystemClock};

    use super::*;

    fn board() -> Board {
        let secret = Secret::from("a secret for tests, thirty-two characters".to_owned());
        Board {
            store: Arc::new(MemoryStore::default()),
            ring: Arc::new(KeyRing::new(&[secret], &[]).unwrap()),
            clock: Arc::new(SystemClock),
            pool_id: "pool".to_owned(),
        }
    }

    fn pattern(number: usize) -> Pattern {
        Pattern::of_user(&number.to_string()).unwrap()
    }

    async fn there(board: &Board) -> Arc<Record> {
        let key = LookupKey::of_notices(&board.pool_id);
        let found = board.store.load(&key, board.clock.now()).await.unwrap();
        found.unwrap()
    }

    #[tokio::test]
    async fn each_reads_what_came_since_it_looked() {
        let board = board();
        board.add(&[pattern(1)]).await.unwrap();
        assert_eq!(board.since(None, &*there(&board).await), [pattern(1)]);
        let first = there(&board).await.version;
        assert!(board.since(Some(first), &*there(&board).await).is_empty());
        board.add(&[pattern(2), pattern(3)]).await.unwrap();
        board.add(&[pattern(4)]).await.unwrap();
        let record = there(&board).await;
        assert_eq!(board.since(Some(first), &record), [2, 3, 4].map(pattern));
        assert_eq!(board.since(Some(first + 2), &record), [pattern(4)]);
    }

    #[tokio::test]
    async fn who_missed_some_forgets_everything() {
        let board = board();
        board.add(&[pattern(0)]).await.unwrap();
        let first = there(&board).await.version;
        for number in 1..=KEPT {
            board.add(&[pattern(number)]).await.unwrap();
        }
        assert_eq!(board.since(Some(first), &*there(&board).await).len(), KEPT);
        board.add(&[pattern(0)]).await.unwrap();
        let record = there(&board).await;
        assert_eq!(board.since(Some(first), &record), [Pattern::all()]);
        assert_eq!(board.since(Some(0), &record), [Pattern::all()]);
        assert_eq!(board.since(None, &record), [Pattern::all()]);
        assert_eq!(
            board.since(Some(record.version + 1), &record),
            [Pattern::all()]
        );
        let secret = Secret::from("another secret, of thirty-two characters".to_owned());
        let stranger = Board {
            ring: Arc::new(KeyRing::new(&[secret], &[]).unwrap()),
            ..board
        };
        assert_eq!(
            stranger.since(Some(record.version - 1), &record),
            [Pattern::all()]
        );
    }

    /// A clock that is set by hand.
    struct Later(i64);

    impl Clock for Later {
        fn now(&self) -> Timestamp {
            SystemClock.now().plus(self.0)
        }

        fn millis(&self) -> i64 {
            self.now().as_secs() * 1000
        }

        fn until_next_second(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[tokio::test]
    async fn after_a_year_of_silence_they_are_told_as_before() {
        let board = board();
        board.add(&[pattern(1)]).await.unwrap();
        let later = Board {
            clock: Arc::new(Later(365 * 24 * 3600)),
            ..board
        };
        let before = there(&later).await.version;
        later.add(&[pattern(2)]).await.unwrap();
        assert_eq!(
            later.since(Some(before), &*there(&later).await),
            [pattern(2)]
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_who_write_at_once_nothing_is_lost() {
        let board = Arc::new(board());
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..20 {
            let board = Arc::clone(&board);
            writers.spawn(async move { board.add(&[pattern(number)]).await.unwrap() });
        }
        writers.join_all().await;
        let record = there(&board).await;
        let told = board.since(Some(record.version - 20), &record);
        for number in 0..20 {
            assert!(told.contains(&pattern(number)), "{number}");
        }
    }

    #[tokio::test]
    async fn what_waits_is_written_by_one() {
        let (board, pending) = (board(), Pending::default());
        assert!(pending.put(pattern(1)));
        assert!(!pending.put(pattern(1)) && !pending.put(pattern(2)));
        pending.tell(&board).await;
        let record = there(&board).await;
        assert_eq!(
            board.since(Some(record.version - 2), &record),
            [1, 2].map(pattern)
        );
        assert!(pending.put(pattern(3)), "it ended");
    }
}
