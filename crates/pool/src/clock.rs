use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The year 2200, beyond which the clock never is: whatever lasts for years can be added to it.
pub(crate) const LATEST: i64 = 7_258_118_400;

/// The pool's clock: system time plus what `/_local/clock` added since the start, or a time
/// that stands still.
#[derive(Debug, Default)]
pub(crate) struct Clock(RwLock<Shift>);

#[derive(Debug, Clone, Copy, Default)]
struct Shift {
    /// The time that stands still, while it does.
    fixed: Option<i64>,
    advanced: i64,
}

impl Clock {
    /// Seconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        let shift = *self.0.read();
        let base = shift.fixed.unwrap_or_else(|| self.system());
        base.saturating_add(shift.advanced).clamp(0, LATEST)
    }

    /// The machine's time, whatever the pool's is.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock"
    )]
    pub(crate) fn system(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
            })
    }

    /// Up to [`LATEST`].
    pub(crate) fn advance(&self, seconds: i64) {
        let mut shift = self.0.write();
        shift.advanced = shift.advanced.saturating_add(seconds);
    }

    /// Stands still at a time of seconds since the Unix epoch until it is advanced, fixed again
    /// or let go.
    pub(crate) fn fix(&self, at: i64) {
        *self.0.write() = Shift {
            fixed: Some(at),
            advanced: 0,
        };
    }

    /// System time again.
    pub(crate) fn reset(&self) {
        *self.0.write() = Shift::default();
    }
}

/// An RFC 3339 time of whole seconds, in UTC.
pub(crate) fn rfc3339(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}
