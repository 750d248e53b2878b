use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cogward_session::{KeptMark, Record};
use parking_lot::Mutex;
use quick_cache::sync::{Cache as Map, DefaultLifecycle, GuardResult, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};

use crate::keys::WatchedKey;

/// Records and marks as they are in Redis, the most used ones, for as long as Redis tells of
/// every change.
///
/// Nothing here is ever written by hand: what was read fills a [`Gap`], and any change, told by
/// Redis or made by this process, takes out what is there and voids the gaps that are open. So
/// what a caller was told has been written is never followed by something older.
///
/// It answers up to a deadline alone, which moves on while every server proves to be alive and
/// that all it had to tell has arrived. Whenever a connection is lost a new epoch begins, and
/// what belongs to another one counts as not there.
pub(crate) struct Cache {
    kept: Kept,
    epoch: AtomicU64,
    /// In nanoseconds after `start`; 0 for never.
    deadline: AtomicU64,
    start: Instant,
    /// Held to change the epoch and the deadline together.
    turn: Mutex<()>,
}

type Kept = Map<WatchedKey, Entry, ByBytes, DefaultHashBuilder, Lifecycle>;
type Lifecycle = DefaultLifecycle<WatchedKey, Entry>;

#[derive(Clone)]
struct Entry {
    epoch: u64,
    found: Found,
}

/// What a read found.
#[derive(Clone)]
pub(crate) enum Found {
    /// A session's record. That there is none is not kept.
    Record(Arc<Record>),
    /// A user's mark, or that there is none.
    Mark(Option<KeptMark>),
}

/// What is missing, taken before Redis is asked for it.
pub(crate) struct Gap<'a> {
    place: PlaceholderGuard<'a, WatchedKey, Entry, ByBytes, DefaultHashBuilder, Lifecycle>,
    epoch: u64,
}

impl Gap<'_> {
    /// Keeps what Redis answered, unless there was a change since the gap was taken.
    pub(crate) fn fill(self, found: Found) {
        let epoch = self.epoch;
        // Refused when the key was forgotten since.
        let _kept = self.place.insert(Entry { epoch, found });
    }
}

/// What the cache says about a key.
pub(crate) enum Look<'a> {
    Hit(Found),
    /// Redis must be asked; there is no gap where the cache is not to be filled, or another
    /// reader is about to.
    Miss(Option<Gap<'a>>),
}

impl Cache {
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / 2048).unwrap_or(usize::MAX);
        Self {
            kept: Map::with(
                entries,
                bytes,
                ByBytes,
                DefaultHashBuilder::default(),
                Lifecycle::default(),
            ),
            epoch: AtomicU64::new(0),
            deadline: AtomicU64::new(0),
            start: Instant::now(),
            turn: Mutex::new(()),
        }
    }

    pub(crate) fn look(&self, key: &WatchedKey) -> Look<'_> {
        if self.nanos(Instant::now()) >= self.deadline.load(Ordering::Acquire) {
            return Look::Miss(None);
        }
        let epoch = self.epoch();
        match self.kept.get_value_or_guard(key, Some(Duration::ZERO)) {
            GuardResult::Value(entry) if entry.epoch == epoch => Look::Hit(entry.found),
            GuardResult::Value(_) => {
                self.forget(key);
                Look::Miss(None)
            }
            GuardResult::Guard(place) => Look::Miss(Some(Gap { place, epoch })),
            GuardResult::Timeout => Look::Miss(None),
        }
    }

    /// The key has changed, or may have.
    pub(crate) fn forget(&self, key: &WatchedKey) {
        self.kept.remove(key);
    }

    /// Forgets the key once this is dropped: after a write, however it ended.
    pub(crate) fn forgetting(&self, key: WatchedKey) -> impl Drop + use<'_> {
        Forgetting { cache: self, key }
    }

    /// Changes may have been missed: nothing counts that was read up to now, and nothing is
    /// answered until [`prolong`](Self::prolong).
    pub(crate) fn lose(&self) {
        {
            let _turn = self.turn.lock();
            self.epoch.fetch_add(1, Ordering::AcqRel);
            self.deadline.store(0, Ordering::Release);
        }
        // For the memory alone.
        self.kept.clear();
    }

    /// Counts the losses.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Nothing was missed up to the moment given, nor lost since `epoch`: answers for `life`
    /// from then on.
    pub(crate) fn prolong(&self, epoch: u64, from: Instant, life: Duration) {
        let deadline = self.nanos(from + life);
        let _turn = self.turn.lock();
        if self.epoch() == epoch {
            self.deadline.store(deadline, Ordering::Release);
        }
    }

    fn nanos(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.start);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

struct Forgetting<'a> {
    cache: &'a Cache,
    key: WatchedKey,
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        self.cache.forget(&self.key);
    }
}

#[derive(Clone)]
struct ByBytes;

/// The record itself, its reference counts and the cache's own entry; a mark is no larger.
const OVERHEAD: usize = 320;

impl Weighter<WatchedKey, Entry> for ByBytes {
    fn weight(&self, _: &WatchedKey, entry: &Entry) -> u64 {
        let sealed = match &entry.found {
            Found::Record(record) => {
                record.identity.len() + record.tokens.len() + record.device.len()
            }
            Found::Mark(_) => 0,
        };
        (sealed + OVERHEAD) as u64
    }
}

#[cfg(test)]
mod tests {
    use cogward_session::{LookupKey, Timestamp, UserIndex};

    use super::*;

    const KEY: WatchedKey = WatchedKey::Session(LookupKey::from_bytes([1; 32]));
    const OTHER: WatchedKey = WatchedKey::Mark(UserIndex::from_bytes([1; 32]));
    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn what_fills_a_gap_is_answered() {
        let cache = trusted();
        gap(&cache, KEY).unwrap().fill(Found::Record(record(10)));
        gap(&cache, OTHER).unwrap().fill(Found::Mark(None));
        assert!(hits(&cache, KEY) && hits(&cache, OTHER));
        cache.forget(&KEY);
        assert!(!hits(&cache, KEY) && hits(&cache, OTHER));
    }

    #[test]
    fn nothing_is_answered_or_filled_without_trust() {
        let cache = Cache::new(1 << 20);
        assert!(gap(&cache, KEY).is_none());
        let now = Instant::now();
        cache.prolong(cache.epoch(), now, LONG);
        gap(&cache, KEY).unwrap().fill(Found::Record(record(10)));
        assert!(hits(&cache, KEY));
        // As after a look that began so long ago.
        cache.prolong(cache.epoch(), now, Duration::ZERO);
        assert!(!hits(&cache, KEY) && gap(&cache, KEY).is_none());
    }

    #[test]
    fn a_change_voids_a_gap() {
        let cache = trusted();
        let open = gap(&cache, KEY).unwrap();
        cache.forget(&KEY);
        open.fill(Found::Record(record(10)));
        assert!(!hits(&cache, KEY));
        // Also when another has taken the next gap since.
        let open = gap(&cache, KEY).unwrap();
        drop(cache.forgetting(KEY));
        let next = gap(&cache, KEY).unwrap();
        open.fill(Found::Record(record(10)));
        assert!(!hits(&cache, KEY));
        next.fill(Found::Record(record(10)));
        assert!(hits(&cache, KEY));
    }

    #[test]
    fn a_loss_voids_all_there_is_and_all_gaps() {
        let cache = trusted();
        gap(&cache, KEY).unwrap().fill(Found::Record(record(10)));
        let (open, epoch) = (gap(&cache, OTHER).unwrap(), cache.epoch());
        cache.lose();
        assert!(!hits(&cache, KEY) && gap(&cache, KEY).is_none());
        // A look that began before it proves nothing.
        cache.prolong(epoch, Instant::now(), LONG);
        assert!(gap(&cache, KEY).is_none());
        cache.prolong(cache.epoch(), Instant::now(), LONG);
        open.fill(Found::Mark(None));
        assert!(!hits(&cache, KEY) && !hits(&cache, OTHER));
        assert!(gap(&cache, KEY).is_some() && gap(&cache, OTHER).is_some());
    }

    /// Even where it was put after all was cleared.
    #[test]
    fn an_entry_of_another_epoch_is_none() {
        let cache = trusted();
        let entry = Entry {
            epoch: cache.epoch() - 1,
            found: Found::Mark(None),
        };
        cache.kept.insert(OTHER, entry);
        assert!(!hits(&cache, OTHER));
        assert!(gap(&cache, OTHER).is_some(), "it stands in the way");
    }

    #[test]
    fn nobody_waits_for_the_gap_of_another() {
        let cache = trusted();
        let open = gap(&cache, KEY);
        assert!(gap(&cache, KEY).is_none());
        // Given up.
        drop(open);
        assert!(gap(&cache, KEY).is_some());
    }

    #[test]
    fn it_stays_within_its_bytes() {
        let cache = trusted();
        let key = |n: u16| {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&n.to_be_bytes());
            WatchedKey::Session(LookupKey::from_bytes(key))
        };
        for n in 0..2000 {
            gap(&cache, key(n))
                .unwrap()
                .fill(Found::Record(record(3000)));
        }
        assert!(cache.kept.weight() <= 1 << 20);
        assert!(cache.kept.len() > 100);
        gap(&cache, KEY)
            .unwrap()
            .fill(Found::Record(record(2 << 20)));
        assert!(!hits(&cache, KEY) && gap(&cache, KEY).is_some());
    }

    fn trusted() -> Cache {
        let cache = Cache::new(1 << 20);
        cache.lose();
        cache.prolong(cache.epoch(), Instant::now(), LONG);
        cache
    }

    fn hits(cache: &Cache, key: WatchedKey) -> bool {
        matches!(cache.look(&key), Look::Hit(_))
    }

    fn gap(cache: &Cache, key: WatchedKey) -> Option<Gap<'_>> {
        match cache.look(&key) {
            Look::Hit(_) => None,
            Look::Miss(gap) => gap,
        }
    }

    fn record(bytes: usize) -> Arc<Record> {
        let time = Timestamp::from_secs(0);
        Arc::new(Record {
            version: 1,
            user: UserIndex::from_bytes([1; 32]),
            last_seen_at: time,
            expires_at: time,
            identity: vec![0; bytes].into(),
            tokens: Box::default(),
            device: Box::default(),
        })
    }
}
