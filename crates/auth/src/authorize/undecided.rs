//! Who asked while there were no policies to ask.

use std::fmt;

use cogward_session::Timestamp;
use parking_lot::Mutex;

use super::Asking;
use crate::audit::{self, Refused};

/// One event a second at most: callers ask again and again until there is an answer.
#[derive(Default)]
pub(crate) struct Undecided(Mutex<Told>);

#[derive(Default)]
struct Told {
    at: Option<Timestamp>,
    /// Those that were not told of since.
    more: u64,
}

struct Why(u64);

impl Undecided {
    pub(super) fn tell(&self, asking: &Asking<'_>, now: Timestamp) {
        if let Some(more) = self.is_due(now) {
            let (sub, session) = (asking.principal.sub, asking.session);
            audit::refused_to(Refused::Undecided, Some(sub), session, &Why(more));
        }
    }

    /// How many were passed over, where this one is not.
    fn is_due(&self, now: Timestamp) -> Option<u64> {
        let mut told = self.0.lock();
        if told.at == Some(now) {
            told.more += 1;
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.more))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no policies are in force")?;
        match self.0 {
            0 => Ok(()),
            more => write!(f, "; not told of since the last: {more}"),
        }
    }
}
