//! The system's time, moved forward at will.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cogward_session::{Clock, SystemClock, Timestamp};

/// Shared by all its clones.
#[derive(Clone, Default)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Moves the time forward, or back.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0.load(Ordering::SeqCst))
    }

    fn millis(&self) -> i64 {
        SystemClock.millis() + 1000 * self.0.load(Ordering::SeqCst)
    }

    fn until_next_second(&self) -> Duration {
        SystemClock.until_next_second()
    }
}
