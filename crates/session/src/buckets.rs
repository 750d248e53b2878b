use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};

use parking_lot::Mutex;

use crate::budget::Quota;
use crate::time::Timestamp;

/// So many at once, and so many more every second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    burst: u32,
    per_second: u32,
}

impl Rate {
    /// What a full bucket holds, and how much comes back in a second; 0 is taken for 1.
    #[must_use]
    pub const fn new(burst: u32, per_second: u32) -> Self {
        let burst = if burst == 0 { 1 } else { burst };
        let per_second = if per_second == 0 { 1 } else { per_second };
        Self { burst, per_second }
    }

    /// What a full bucket holds.
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst
    }

    /// How long an empty bucket takes to be full, in seconds.
    #[must_use]
    pub const fn span(&self) -> u32 {
        self.burst.div_ceil(self.per_second)
    }

    /// What a bucket is drawn by where many keep one together: what comes back in a second, or
    /// more where there would be more units than a budget may hold.
    const fn unit(&self) -> u32 {
        let most = u16::MAX as u32;
        let least = self.burst.div_ceil(most);
        if least > self.per_second {
            least
        } else {
            self.per_second
        }
    }

    /// The same in units, as a store counts it for many; never more than this.
    #[must_use]
    pub fn in_units(&self) -> Quota {
        let burst = u16::try_from(self.burst / self.unit()).unwrap_or(u16::MAX);
        let step = self.unit().div_ceil(self.per_second);
        Quota::new(burst, u16::try_from(step).unwrap_or(u16::MAX))
    }
}

/// What came of drawing from a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// It held as much.
    Granted {
        /// What it holds still.
        left: u32,
    },
    /// It did not, and nothing was drawn.
    Refused {
        /// When it does, in seconds, at least 1.
        seconds: u32,
        /// The first refusal of this bucket in this second: worth a line in a log.
        first: bool,
    },
}

/// So many buckets share a lock, and the room there is for them.
const WAYS: usize = 8;

/// Names buckets. Nobody who does not know the secret in it can choose two of one name, or of
/// one place.
#[derive(Default)]
pub struct BucketKeys(RandomState);

/// The name of a bucket.
#[derive(Clone, Copy, Debug, Default)]
pub struct BucketKey(u64);

impl BucketKeys {
    /// That of what is counted.
    pub fn of<T: Hash>(&self, what: T) -> BucketKey {
        BucketKey(self.0.hash_one(what))
    }
}

/// Token buckets by key, in memory that is taken once and never grows.
///
/// A key has one of eight places, which its hash chooses. A full bucket takes no room. Where
/// all eight are taken by others that are not full, the one nearest to being full is forgotten: a
/// flood of keys that come once frees none that comes often.
pub struct Buckets {
    rate: Rate,
    sets: Box<[Mutex<Set>]>,
}

type Set = [Bucket; WAYS];

/// Full, as it begins.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// What the key's hash says beside the place; two keys of one name are one in 2³² of pairs.
    name: u32,
    /// The second that it was looked at last, and how much was missing then.
    at: u32,
    missing: u32,
    /// Drawn, and not yet one more unit.
    pending: u32,
    told: bool,
}

impl Buckets {
    /// Room for so many that are not full, rounded up to a power of two of eights.
    #[must_use]
    pub fn new(rate: Rate, most: usize) -> Self {
        let sets = most.div_ceil(WAYS).next_power_of_two();
        Self {
            rate,
            sets: std::iter::repeat_with(Mutex::default).take(sets).collect(),
        }
    }

    /// What each of them holds.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// The memory they take, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of_val(&*self.sets)
    }

    /// Draws `cost` from the key's bucket, all or nothing; more than a full one holds is all of it.
    pub fn draw(&self, key: BucketKey, cost: u32, now: Timestamp) -> Drawn {
        self.draw_units(key, cost, now).0
    }

    /// The same, and how many units ([`Rate::in_units`]) have been drawn that this was not said of
    /// yet.
    pub fn draw_units(&self, key: BucketKey, cost: u32, now: Timestamp) -> (Drawn, u32) {
        let drawn = self.with(key, now, |bucket| bucket.draw(self.rate, cost));
        // There is always a bucket, as it were a full one.
        drawn.unwrap_or((Drawn::Granted { left: 0 }, 0))
    }

    /// Leaves nothing in the bucket for so many seconds: others have drawn it. What is drawn
    /// then is a unit again.
    pub fn empty(&self, key: BucketKey, seconds: u32, now: Timestamp) {
        let rate = self.rate;
        self.with(key, now, |bucket| {
            let until = seconds.saturating_mul(rate.per_second);
            bucket.missing = (rate.burst - 1).saturating_add(until);
            bucket.pending = rate.unit() - 1;
        });
    }

    fn with<T>(
        &self,
        key: BucketKey,
        now: Timestamp,
        work: impl FnOnce(&mut Bucket) -> T,
    ) -> Option<T> {
        let [a, b, c, d, place @ ..] = key.0.to_le_bytes();
        let place = usize::try_from(u32::from_le_bytes(place)).unwrap_or_default();
        let second = u32::try_from(now.as_secs()).unwrap_or_default();
        let mut set = self.sets.get(place & (self.sets.len() - 1))?.lock();
        let name = u32::from_le_bytes([a, b, c, d]);
        find(&mut set, name, self.rate, second).map(work)
    }
}

/// The bucket of this name, as it is now, or the one whose place it takes. There always is one.
fn find(set: &mut Set, name: u32, rate: Rate, second: u32) -> Option<&mut Bucket> {
    let own = set
        .iter()
        .position(|it| it.name == name && (it.missing > 0 || it.pending > 0));
    if let Some(own) = own {
        let bucket = set.get_mut(own)?;
        bucket.refill(rate, second);
        return Some(bucket);
    }
    let fullest = set
        .iter_mut()
        .min_by_key(|it| it.missing_at(rate, second))?;
    *fullest = Bucket {
        name,
        at: second,
        ..Bucket::default()
    };
    Some(fullest)
}

impl Bucket {
    /// A clock that was set back gives nothing and takes nothing.
    fn missing_at(&self, rate: Rate, second: u32) -> u32 {
        let back = second
            .saturating_sub(self.at)
            .saturating_mul(rate.per_second);
        self.missing.saturating_sub(back)
    }

    fn refill(&mut self, rate: Rate, second: u32) {
        self.missing = self.missing_at(rate, second);
        self.told &= self.at == second;
        self.at = second;
    }

    /// What came of it, and the units that it completed.
    fn draw(&mut self, rate: Rate, cost: u32) -> (Drawn, u32) {
        let cost = cost.min(rate.burst);
        let missing = self.missing.saturating_add(cost);
        match missing.checked_sub(rate.burst) {
            None | Some(0) => {
                self.missing = missing;
                let drawn = self.pending.saturating_add(cost);
                self.pending = drawn % rate.unit();
                let left = rate.burst - missing;
                (Drawn::Granted { left }, drawn / rate.unit())
            }
            Some(short) => {
                let first = !std::mem::replace(&mut self.told, true);
                let seconds = short.div_ceil(rate.per_second);
                (Drawn::Refused { seconds, first }, 0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn refused(seconds: u32, first: bool) -> Drawn {
        Drawn::Refused { seconds, first }
    }

    #[test]
    fn ten_at_once_and_two_more_every_second() {
        let (buckets, keys) = (Buckets::new(Rate::new(10, 2), 8), BucketKeys::default());
        let draw = |cost, second| buckets.draw(keys.of("key"), cost, NOW.plus(second));
        for left in (0..10).rev() {
            assert_eq!(draw(1, 0), Drawn::Granted { left });
        }
        assert_eq!(draw(1, 0), refused(1, true));
        assert_eq!(draw(5, 0), refused(3, false));
        assert_eq!(draw(1, 1), Drawn::Granted { left: 1 });
        assert_eq!(draw(2, 1), refused(1, true));
        assert_eq!(draw(4, 2), refused(1, true));
        assert_eq!(draw(4, 3), Drawn::Granted { left: 1 });
        assert_eq!(draw(1, 1000), Drawn::Granted { left: 9 });
        // More than there ever is takes all there is.
        assert_eq!(draw(1_000_000, 1000), refused(1, true));
        assert_eq!(draw(1_000_000, 1001), Drawn::Granted { left: 0 });
        assert_eq!(
            buckets.draw(keys.of("other"), 1, NOW),
            Drawn::Granted { left: 9 }
        );
    }

    #[test]
    fn a_clock_that_is_set_back_frees_nobody_and_locks_nobody_out() {
        let buckets = Buckets::new(Rate::new(2, 1), 8);
        let draw = |second| buckets.draw(BucketKey(1), 1, NOW.plus(second));
        assert_eq!(draw(1_000_000), Drawn::Granted { left: 1 });
        assert_eq!(draw(0), Drawn::Granted { left: 0 });
        assert_eq!(draw(0), refused(1, true));
        assert_eq!(draw(1), Drawn::Granted { left: 0 });
    }

    /// A million addresses that come once are let in, and free none that came too often.
    #[test]
    fn t172_a_flood_of_keys_takes_no_memory_and_frees_no_limited_key() {
        let (buckets, keys) = (Buckets::new(Rate::new(100, 1), 4096), BucketKeys::default());
        let size = buckets.size();
        assert!(size < 4096 * 24, "{size} bytes");
        let limited = || (0..50_u32).map(|key| u64::from(key) << 32);
        for key in limited() {
            assert_eq!(
                buckets.draw(keys.of(key), 100, NOW),
                Drawn::Granted { left: 0 }
            );
        }
        for key in 1..1_000_000_u64 {
            assert_eq!(
                buckets.draw(keys.of(key), 1, NOW),
                Drawn::Granted { left: 99 }
            );
        }
        for key in limited() {
            assert_eq!(buckets.draw(keys.of(key), 1, NOW), refused(1, true));
        }
        assert_eq!(buckets.size(), size);
    }

    /// The bound: a limited one goes when eight others of its set are emptier.
    #[test]
    fn t172_where_there_is_no_room_the_one_nearest_to_full_is_forgotten() {
        let (buckets, keys) = (Buckets::new(Rate::new(100, 1), 8), BucketKeys::default());
        for key in 0..8_u32 {
            buckets.draw(keys.of(key), 90 + key, NOW);
        }
        assert_eq!(
            buckets.draw(keys.of("new"), 1, NOW),
            Drawn::Granted { left: 99 }
        );
        assert_eq!(
            buckets.draw(keys.of("newer"), 1, NOW),
            Drawn::Granted { left: 99 }
        );
        for key in 1..8_u32 {
            assert_eq!(
                buckets.draw(keys.of(key), 90, NOW),
                refused(80 + key, true),
                "{key}"
            );
        }
        assert_eq!(
            buckets.draw(keys.of(0_u32), 90, NOW),
            Drawn::Granted { left: 10 }
        );
    }

    #[test]
    fn what_is_drawn_is_told_in_units() {
        let (buckets, key) = (Buckets::new(Rate::new(40, 10), 8), BucketKey(7));
        assert_eq!(buckets.rate().in_units(), Quota::new(4, 1));
        let draw = |cost, second| buckets.draw_units(key, cost, NOW.plus(second));
        assert_eq!(draw(9, 0), (Drawn::Granted { left: 31 }, 0));
        assert_eq!(draw(1, 0), (Drawn::Granted { left: 30 }, 1));
        assert_eq!(draw(25, 0), (Drawn::Granted { left: 5 }, 2));
        assert_eq!(draw(9, 0), (refused(1, true), 0));
        // Also of a bucket that is full again.
        assert_eq!(draw(4, 100), (Drawn::Granted { left: 36 }, 0));
        assert_eq!(draw(1, 200), (Drawn::Granted { left: 39 }, 1));
        // Others have drawn the rest.
        buckets.empty(key, 5, NOW.plus(200));
        assert_eq!(draw(1, 204), (refused(1, true), 0));
        assert_eq!(draw(1, 205), (Drawn::Granted { left: 0 }, 1));
    }

    #[test]
    fn units_are_never_more_than_there_is() {
        for (burst, per_second) in [
            (1, 1),
            (5, 1),
            (1, 1000),
            (1000, 100),
            (10_000, 1000),
            (10_000_000, 1),
            (10_000_000, 10_000_000),
            (u32::MAX, u32::MAX),
        ] {
            let rate = Rate::new(burst, per_second);
            let (quota, unit) = (rate.in_units(), u64::from(rate.unit()));
            let most = (u64::from(quota.burst()) * unit).max(unit);
            assert!(most <= u64::from(burst.max(per_second)), "{rate:?}");
            let step = u64::try_from(quota.step()).unwrap();
            assert!(unit <= step * u64::from(per_second), "{rate:?}");
        }
    }

    proptest! {
        /// Whatever comes in which order, no more is granted than the burst and what came back.
        #[test]
        fn no_more_is_granted_than_there_is(
            burst in 1..50_u32,
            per_second in 1..20_u32,
            steps in prop::collection::vec((0..5_i64, 1..10_u32), 1..200),
        ) {
            let rate = Rate::new(burst, per_second);
            let buckets = Buckets::new(rate, 8);
            let (mut now, mut granted) = (NOW, 0);
            for (step, cost) in steps {
                now = now.plus(step);
                match buckets.draw(BucketKey(1), cost, now) {
                    Drawn::Granted { left } => {
                        prop_assert!(left < burst);
                        granted += i64::from(cost.min(burst));
                    }
                    Drawn::Refused { seconds, .. } => {
                        prop_assert!((1..=rate.span()).contains(&seconds));
                    }
                }
            }
            let came_back = NOW.seconds_until(now) * i64::from(per_second);
            prop_assert!(granted <= i64::from(burst) + came_back);
        }
    }
}
