//! From the fifth wrong password, or code of a second factor, on a name is locked for longer
//! and longer.

use crate::core::Core;
use crate::db::attempts::{self, Attempts};
use crate::error::{ApiError, Result};

const IDLE_RESET: i64 = 15 * 60;
const LONGEST_LOCK: i64 = 15 * 60;

/// # Errors
/// `NotAuthorizedException` while the subject is locked, which lengthens nothing.
pub(crate) fn refuse_locked(core: &Core, subject: &str, now: i64) -> Result<()> {
    let attempts = core.db.run(|tx| attempts::get(tx, subject))?;
    if attempts.locked_until > now && core.definition().settings.limits.lockout {
        return Err(ApiError::not_authorized("Password attempts exceeded"));
    }
    Ok(())
}

/// Counts a failure: the n-th locks for 2^(n-5) seconds.
pub(crate) fn count_failure(core: &Core, subject: &str, now: i64) -> Result<()> {
    core.db.run(|tx| {
        attempts::purge(tx, now - IDLE_RESET)?;
        let before = attempts::get(tx, subject)?;
        let idle = before.failed_at < now - IDLE_RESET;
        let failures = if idle {
            1
        } else {
            before.failures.saturating_add(1)
        };
        let lock = match failures.checked_sub(5) {
            None => 0,
            Some(doublings) => 1_i64.checked_shl(doublings.min(10)).unwrap_or(LONGEST_LOCK),
        };
        let attempts = Attempts {
            failures,
            failed_at: now,
            locked_until: now + lock.min(LONGEST_LOCK),
        };
        attempts::set(tx, subject, attempts).map_err(ApiError::from)
    })
}

pub(crate) fn clear_failures(core: &Core, subject: &str) -> Result<()> {
    core.db
        .run(|tx| attempts::clear(tx, subject).map_err(ApiError::from))
}
