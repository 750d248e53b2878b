use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment, in whole seconds since the Unix epoch. All arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `secs` seconds after the Unix epoch.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// The moment `secs` seconds later (earlier when negative), saturating.
    #[must_use]
    pub const fn plus(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs))
    }

    /// Seconds from here to `later`, negative when `later` is earlier, saturating.
    #[must_use]
    pub const fn seconds_until(self, later: Self) -> i64 {
        later.0.saturating_sub(self.0)
    }
}

/// Where the current time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// The same in milliseconds since the Unix epoch.
    fn millis(&self) -> i64;

    /// How long its current second still lasts.
    fn until_next_second(&self) -> Duration;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX))
    }

    fn millis(&self) -> i64 {
        i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX)
    }

    fn until_next_second(&self) -> Duration {
        Duration::from_nanos(1_000_000_000 - u64::from(since_epoch().subsec_nanos()))
    }
}

/// Zero where the clock was never set.
fn since_epoch() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "the one real clock")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let (min, max) = (
            Timestamp::from_secs(i64::MIN),
            Timestamp::from_secs(i64::MAX),
        );
        assert_eq!(max.plus(1), max);
        assert_eq!(min.plus(-1), min);
        assert_eq!(min.seconds_until(max), i64::MAX);
        assert_eq!(max.seconds_until(min), i64::MIN);
        assert_eq!(Timestamp::from_secs(-1).plus(1).as_secs(), 0);
    }

    #[test]
    fn the_system_clock_is_past_2025() {
        assert!(SystemClock.now() > Timestamp::from_secs(1_735_689_600));
    }

    #[test]
    fn milliseconds_are_of_the_same_moment() {
        let (before, millis) = (SystemClock.now(), SystemClock.millis());
        assert!((before..=SystemClock.now()).contains(&Timestamp::from_secs(millis / 1000)));
    }

    #[test]
    fn a_second_lasts_no_longer_than_one() {
        let rest = SystemClock.until_next_second();
        assert!(
            !rest.is_zero() && rest <= Duration::from_secs(1),
            "{rest:?}"
        );
    }
}
