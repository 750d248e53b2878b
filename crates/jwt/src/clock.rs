//! The one look at the system's clock, for callers who have none to pass.

use std::time::SystemTime;

/// Seconds since the Unix epoch; 0 where the clock was never set.
#[expect(
    clippy::disallowed_methods,
    reason = "for `verify`, the convenience beside `verify_at`: all else takes the time"
)]
pub(crate) fn now_secs() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let secs = since.map_or(0, |since| since.as_secs());
    i64::try_from(secs).unwrap_or(i64::MAX)
}
