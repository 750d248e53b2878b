use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The pool's clock: system time plus what `/_local/clock` added since the start.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    advanced: AtomicI64,
}

impl Clock {
    /// Seconds since the Unix epoch.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock"
    )]
    pub(crate) fn now(&self) -> i64 {
        let system = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
            });
        system.saturating_add(self.advanced.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.advanced.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// An RFC 3339 time of whole seconds, in UTC.
pub(crate) fn rfc3339(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}
