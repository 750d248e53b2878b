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
#[derive(Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    /// None while it is closed.
    next_try: Option<Instant>,
}

impl Breaker {
    /// Whether to ask now.
    pub(crate) fn lets_through(&self, now: Instant) -> bool {
        let mut state = self.0.lock();
        match state.next_try {
            None => true,
            Some(at) if now < at => false,
            Some(_) => {
                // Should the one who tries not come back, another may after the same while.
                state.next_try = Some(now + REST);
                true
            }
        }
    }

    pub(crate) fn succeeded(&self) {
        *self.0.lock() = State::default();
    }

    /// Whether this opened it.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        let mut state = self.0.lock();
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

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try_after_its_rest() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 1..FAILURES {
            assert!(!breaker.failed(now));
        }
        breaker.succeeded();
        for _ in 1..FAILURES {
            assert!(!breaker.failed(now) && breaker.lets_through(now));
        }
        assert!(breaker.failed(now), "it tells once that it opens");
        assert!(!breaker.failed(now));
        assert!(!breaker.lets_through(now + REST - Duration::from_millis(1)));
        assert!(breaker.lets_through(now + REST));
        assert!(!breaker.lets_through(now + REST), "one tries");
        assert!(!breaker.failed(now + REST), "it was open before");
        assert!(!breaker.lets_through(now + REST * 2 - Duration::from_millis(1)));
        assert!(breaker.lets_through(now + REST * 2));
        breaker.succeeded();
        assert!(breaker.lets_through(now) && breaker.lets_through(now));
    }
}
