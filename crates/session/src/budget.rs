use std::collections::{BTreeSet, HashMap};
use std::fmt;

use parking_lot::Mutex;

use crate::time::Timestamp;

/// The store's key of a budget: a keyed hash of whose it is and what for, made by
/// [`KeyRing::budget_key`](crate::KeyRing::budget_key).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetKey([u8; 32]);

impl BudgetKey {
    /// The key a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for BudgetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BudgetKey(..)")
    }
}

/// Servers' clocks may differ by so many seconds: what is that little too far ahead is left as it
/// is, or two servers, asked in turns, would undo what the other one counted.
const CLOCKS_DIFFER: i64 = 60;

/// So many at once, and one more every so many seconds.
///
/// All that is kept of a budget is when it will be full again (GCRA: the "theoretical arrival
/// time"). Taking one puts that off by `seconds`; it may lie `burst` times as far ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    burst: u16,
    seconds: u16,
}

impl Quota {
    /// What a full budget holds, and how long one takes to come back; 0 is taken for 1.
    #[must_use]
    pub const fn new(burst: u16, seconds: u16) -> Self {
        let burst = if burst == 0 { 1 } else { burst };
        let seconds = if seconds == 0 { 1 } else { seconds };
        Self { burst, seconds }
    }

    /// What a full budget holds.
    #[must_use]
    pub const fn burst(&self) -> u16 {
        self.burst
    }

    /// How long an empty budget takes to be full, in seconds.
    #[must_use]
    pub fn span(&self) -> i64 {
        i64::from(self.burst) * self.step()
    }

    /// How long one takes to come back, in seconds.
    #[must_use]
    pub fn step(&self) -> i64 {
        self.seconds.into()
    }

    /// What becomes of a budget that is full again at `full_at` when one is asked for now: when
    /// it is full from here on, and what came of it. Whoever is refused has 1 second to
    /// [`Quota::step`] to wait.
    #[must_use]
    pub fn take(&self, full_at: Timestamp, now: Timestamp) -> (Timestamp, Taken) {
        // No further ahead than this quota can be: the clock was set back, or the quota was
        // another. That is kept, or nobody got one until that clock is reached.
        let latest = now.plus(self.span());
        let next = full_at.clamp(now, latest).plus(self.step());
        match latest.seconds_until(next) {
            ..=0 => (next, Taken::Granted),
            wait => {
                let seconds = u32::try_from(wait).unwrap_or(u32::MAX);
                let astray = latest.plus(CLOCKS_DIFFER) < full_at;
                let full_at = if astray { latest } else { full_at };
                (full_at, Taken::Refused { seconds })
            }
        }
    }
}

/// What came of taking one from a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// There was one.
    Granted,
    /// There was none, and nothing was taken.
    Refused {
        /// When there is one again, in whole seconds, at least 1.
        seconds: u32,
    },
}

/// Budgets in this process's memory, no more than so many: where there is no room for another,
/// the one that is nearest to being full is forgotten.
pub struct Budgets {
    most: usize,
    kept: Mutex<Kept>,
}

/// The same twice: by key, and by end.
#[derive(Default)]
struct Kept {
    full_at: HashMap<BudgetKey, Timestamp>,
    ends: BTreeSet<(Timestamp, BudgetKey)>,
}

impl Budgets {
    /// Room for so many that are not full.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// As [`SessionStore::take_from`](crate::SessionStore::take_from).
    pub fn take(&self, key: &BudgetKey, quota: Quota, now: Timestamp) -> Taken {
        let mut kept = self.kept.lock();
        let (full_at, taken) = quota.take(kept.full_at(key, now), now);
        kept.set(*key, full_at);
        kept.make_room(self.most);
        taken
    }

    /// As [`SessionStore::give_back`](crate::SessionStore::give_back).
    pub fn give_back(&self, key: &BudgetKey, quota: Quota, now: Timestamp) {
        let mut kept = self.kept.lock();
        let full_at = kept.full_at(key, now).plus(-quota.step());
        match now < full_at {
            true => kept.set(*key, full_at),
            false => kept.remove(key),
        }
    }

    /// Refuses for so many seconds from now on, as others that know better did.
    pub fn empty(&self, key: &BudgetKey, quota: Quota, now: Timestamp, seconds: u32) {
        let full_at = now.plus(quota.span() - quota.step() + i64::from(seconds));
        let mut kept = self.kept.lock();
        kept.set(*key, full_at);
        kept.make_room(self.most);
    }

    /// Forgets at most `limit` that are full by `now`; how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let mut kept = self.kept.lock();
        let before = kept.ends.len();
        while before - kept.ends.len() < limit
            && kept.ends.first().is_some_and(|(end, _)| *end <= now)
        {
            kept.forget_first();
        }
        before - kept.ends.len()
    }
}

impl Kept {
    fn full_at(&self, key: &BudgetKey, now: Timestamp) -> Timestamp {
        self.full_at.get(key).copied().unwrap_or(now)
    }

    fn set(&mut self, key: BudgetKey, full_at: Timestamp) {
        if let Some(old) = self.full_at.insert(key, full_at) {
            self.ends.remove(&(old, key));
        }
        self.ends.insert((full_at, key));
    }

    fn remove(&mut self, key: &BudgetKey) {
        if let Some(old) = self.full_at.remove(key) {
            self.ends.remove(&(old, *key));
        }
    }

    fn make_room(&mut self, most: usize) {
        while self.ends.len() > most {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.ends.pop_first() {
            self.full_at.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(0);

    fn key(n: u32) -> BudgetKey {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        BudgetKey(bytes)
    }

    #[test]
    fn ten_at_once_and_one_more_every_thirty_seconds() {
        let budgets = Budgets::new(1);
        let take = |second| budgets.take(&key(1), Quota::new(10, 30), NOW.plus(second));
        for _ in 0..10 {
            assert_eq!(take(0), Taken::Granted);
        }
        assert_eq!(take(0), Taken::Refused { seconds: 30 });
        assert_eq!(take(29), Taken::Refused { seconds: 1 });
        assert_eq!(take(30), Taken::Granted);
        assert_eq!(take(30), Taken::Refused { seconds: 30 });
        for _ in 0..10 {
            assert_eq!(take(330), Taken::Granted);
        }
        assert_eq!(take(330), Taken::Refused { seconds: 30 });
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let budgets = Budgets::new(1);
        let take = |second| budgets.take(&key(1), Quota::new(3, 60), NOW.plus(second));
        assert_eq!(take(1_000_000), Taken::Granted);
        assert_eq!(take(0), Taken::Refused { seconds: 60 });
        assert_eq!(take(59), Taken::Refused { seconds: 1 });
        assert_eq!(take(60), Taken::Granted);
        assert_eq!(take(60), Taken::Refused { seconds: 60 });
        for _ in 0..3 {
            assert_eq!(take(240), Taken::Granted);
        }
    }

    #[test]
    fn clocks_that_differ_a_little_give_nobody_more() {
        let budgets = Budgets::new(1);
        let take = |second| budgets.take(&key(1), Quota::new(3, 10), NOW.plus(second));
        for _ in 0..3 {
            assert_eq!(take(CLOCKS_DIFFER), Taken::Granted);
        }
        for _ in 0..10 {
            assert_eq!(take(0), Taken::Refused { seconds: 10 });
            assert_eq!(take(CLOCKS_DIFFER), Taken::Refused { seconds: 10 });
        }
    }

    #[test]
    fn what_others_refuse_is_refused_for_as_long() {
        let budgets = Budgets::new(1);
        budgets.empty(&key(1), Quota::new(10, 30), NOW, 17);
        let take = |second| budgets.take(&key(1), Quota::new(10, 30), NOW.plus(second));
        assert_eq!(take(0), Taken::Refused { seconds: 17 });
        assert_eq!(take(16), Taken::Refused { seconds: 1 });
        assert_eq!(take(17), Taken::Granted);
    }

    /// A million accounts that are tried once make nobody forget the one that was tried often.
    #[test]
    fn t172_a_flood_of_keys_takes_no_room_and_frees_nobody() {
        let budgets = Budgets::new(1000);
        for _ in 0..10 {
            budgets.take(&key(0), Quota::new(10, 30), NOW);
        }
        for n in 1..1_000_000 {
            budgets.take(&key(n), Quota::new(10, 30), NOW);
        }
        let kept = budgets.kept.lock();
        assert_eq!((kept.full_at.len(), kept.ends.len()), (1000, 1000));
        drop(kept);
        let refused = budgets.take(&key(0), Quota::new(10, 30), NOW);
        assert_eq!(refused, Taken::Refused { seconds: 30 });
        assert_eq!(budgets.sweep(NOW.plus(30), usize::MAX), 999);
        assert_eq!(budgets.sweep(NOW.plus(300), usize::MAX), 1);
    }

    proptest! {
        /// Whatever comes in which order, no more are granted than the burst and what came back.
        #[test]
        fn no_more_are_granted_than_there_are(
            burst in 1..20_u16,
            seconds in 1..100_u16,
            steps in prop::collection::vec(0..50_i64, 1..200),
        ) {
            let (budgets, quota) = (Budgets::new(9), Quota::new(burst, seconds));
            let (mut now, mut granted) = (NOW, 0);
            for step in steps {
                now = now.plus(step);
                match budgets.take(&key(1), quota, now) {
                    Taken::Granted => granted += 1,
                    Taken::Refused { seconds } => {
                        prop_assert!((1..=u32::from(quota.seconds)).contains(&seconds));
                    }
                }
            }
            prop_assert!(granted <= i64::from(burst) + now.as_secs() / i64::from(seconds));
            let kept = budgets.kept.lock();
            prop_assert_eq!(kept.full_at.len(), kept.ends.len());
        }
    }
}
