//! A service that fails is left alone for a while.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// So many failures in a row open it.
const FAILURES: u32 = 5;
/// And for so long.
const REST: Duration = Duration::from_secs(5);

/// Closed: whoever wants asks. Open: nobody does, until after [`REST`] one tries; what comes of
/// that closes it or opens it again.
///
/// One person about whom the service fails does not open it, and is not the one who tries while
/// there are others.
#[derive(Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    /// None while it is closed.
    next_try: Option<Instant>,
    /// About whom it failed last.
    last: Option<String>,
}

impl Breaker {
    /// Whether to ask about this person now.
    pub(crate) fn lets_through(&self, sub: &str, now: Instant) -> bool {
        let mut state = self.0.lock();
        let Some(mut at) = state.next_try else {
            return true;
        };
        if state.last.as_deref() == Some(sub) {
            at += REST;
        }
        if now < at {
            return false;
        }
        // Should the one who tries not come back, another may after the same while.
        state.next_try = Some(now + REST);
        true
    }

    pub(crate) fn succeeded(&self) {
        *self.0.lock() = State::default();
    }

    /// Whether this opened it.
    pub(crate) fn failed(&self, sub: &str, now: Instant) -> bool {
        let mut state = self.0.lock();
        if state.last.as_deref() == Some(sub) {
            return false;
        }
        state.last = Some(sub.to_owned());
        state.failures = state.failures.saturating_add(1);
        if state.failures < FAILURES {
            return false;
        }
        let opened = state.next_try.is_none();
        state.next_try = Some(now + REST);
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBS: [&str; 2] = ["a", "b"];

    /// Fails about one person after the other; whether that opens it at last.
    fn fails(breaker: &Breaker, times: u32, now: Instant) -> bool {
        let subs = SUBS.into_iter().cycle().take(times as usize);
        subs.fold(false, |_, sub| breaker.failed(sub, now))
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try_after_its_rest() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        assert!(!fails(&breaker, FAILURES - 1, now));
        breaker.succeeded();
        assert!(!fails(&breaker, FAILURES - 1, now) && breaker.lets_through("a", now));
        assert!(breaker.failed("x", now), "it tells once that it opens");
        assert!(!breaker.failed("y", now));
        let later = |rests| now + REST * rests;
        assert!(!breaker.lets_through("a", later(1) - Duration::from_millis(1)));
        assert!(breaker.lets_through("a", later(1)));
        assert!(!breaker.lets_through("b", later(1)), "one tries");
        assert!(!breaker.failed("a", later(1)), "it was open before");
        assert!(!breaker.lets_through("b", later(2) - Duration::from_millis(1)));
        assert!(breaker.lets_through("b", later(2)));
        breaker.succeeded();
        assert!(breaker.lets_through("a", now) && breaker.lets_through("b", now));
    }

    #[test]
    fn one_person_alone_opens_nothing_and_keeps_nothing_open() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..100 {
            assert!(!breaker.failed("mallory", now));
            assert!(breaker.lets_through("mallory", now));
        }
        fails(&breaker, FAILURES, now);
        breaker.failed("mallory", now);
        assert!(!breaker.lets_through("mallory", now + REST));
        assert!(breaker.lets_through("a", now + REST));
        // Nobody else comes.
        assert!(breaker.lets_through("mallory", now + REST * 3));
    }
}
