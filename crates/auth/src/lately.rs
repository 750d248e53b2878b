//! What was done to a session moments ago and need not be done again yet.

use std::collections::HashMap;

use cogward_session::{LookupKey, Timestamp};
use parking_lot::Mutex;

const PRUNE_FROM: usize = 1024;

pub(crate) struct Lately {
    seconds: i64,
    noted: Mutex<Noted>,
}

/// When it was done, and the size at which what is long past goes.
#[derive(Default)]
struct Noted {
    at: HashMap<LookupKey, Timestamp>,
    prune_at: usize,
}

impl Lately {
    /// "Lately" is within so many seconds.
    pub(crate) fn new(seconds: i64) -> Self {
        Self {
            seconds,
            noted: Mutex::default(),
        }
    }

    /// Whether it was done lately.
    pub(crate) fn contains(&self, key: &LookupKey, now: Timestamp) -> bool {
        let noted = self.noted.lock();
        noted.at.get(key).is_some_and(|at| self.is_recent(*at, now))
    }

    /// Notes that it is done now; whether it was not done lately. Of many who ask at once, one
    /// is told so.
    pub(crate) fn note(&self, key: LookupKey, now: Timestamp) -> bool {
        let mut noted = self.noted.lock();
        let Noted { at, prune_at } = &mut *noted;
        if at.len() >= *prune_at {
            at.retain(|_, at| self.is_recent(*at, now));
            *prune_at = PRUNE_FROM.max(2 * at.len());
        }
        // What was done lately is not done now: the time of the last one stays.
        let is_due = at.get(&key).is_none_or(|at| !self.is_recent(*at, now));
        if is_due {
            at.insert(key, now);
        }
        is_due
    }

    fn is_recent(&self, at: Timestamp, now: Timestamp) -> bool {
        at.seconds_until(now) < self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_is_told_to_do_it_until_it_is_long_past() {
        let lately = Lately::new(5);
        let at = |second| Timestamp::from_secs(second);
        assert!(!lately.contains(&key(1), at(0)));
        assert!(lately.note(key(1), at(0)));
        assert!(!lately.note(key(1), at(0)));
        assert!(lately.note(key(2), at(0)), "another session");
        assert!(lately.contains(&key(1), at(4)));
        assert!(!lately.note(key(1), at(4)), "and is none the later for it");
        assert!(!lately.contains(&key(1), at(5)));
        assert!(lately.note(key(1), at(5)));
    }

    #[test]
    fn what_is_long_past_takes_no_room() {
        let lately = Lately::new(5);
        for second in 0..100_000_i64 {
            let [a, b, c, ..] = second.to_le_bytes();
            let mut bytes = [0; 32];
            bytes[..3].copy_from_slice(&[a, b, c]);
            lately.note(LookupKey::from_bytes(bytes), Timestamp::from_secs(second));
        }
        assert!(lately.noted.lock().at.len() <= PRUNE_FROM);
    }

    fn key(byte: u8) -> LookupKey {
        LookupKey::from_bytes([byte; 32])
    }
}
