//! When files that may change while a server runs are looked at again.

use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::time::{Interval, MissedTickBehavior};

/// They are read this often: they are small, and watching them would miss swapped links.
const EVERY: Duration = Duration::from_secs(2);

/// Again and again, and at once for every hangup.
pub(crate) struct Looks {
    routine: Interval,
    hangup: Option<Signal>,
}

/// Why to look now.
pub(crate) enum Look {
    /// It is time.
    Routine,
    /// Somebody asks for it.
    Asked,
}

impl Looks {
    pub(crate) fn new(hangup: Option<Signal>) -> Self {
        let mut routine = tokio::time::interval(EVERY);
        routine.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { routine, hangup }
    }

    /// The next one; without `routine` only when somebody asks.
    pub(crate) async fn next(&mut self, routine: bool) -> Look {
        let asked = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.routine.tick(), if routine => Look::Routine,
            _ = asked => Look::Asked,
        }
    }
}
