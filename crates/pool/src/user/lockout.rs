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
        return Err(locked());
    }
    Ok(())
}

/// Counts how a try has ended: the n-th failure locks for 2^(n-5) seconds, a success forgives.
/// Of tries that are judged at the same time those that end in a lock say nothing, neither right
/// nor wrong, so that many at once are worth no more than one after the other.
///
/// # Errors
/// `NotAuthorizedException` while the subject is locked.
pub(crate) fn settle(core: &Core, subject: &str, right: bool, now: i64) -> Result<()> {
    let locks = core.definition().settings.limits.lockout;
    core.db.run(|tx| {
        attempts::purge(tx, now - IDLE_RESET)?;
        let before = attempts::get(tx, subject)?;
        if before.locked_until > now && locks {
            return Err(locked());
        }
        if right {
            return attempts::clear(tx, subject).map_err(ApiError::from);
        }
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

fn locked() -> ApiError {
    ApiError::not_authorized("Password attempts exceeded")
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::options::PoolOptions;
    use crate::pool::Pool;

    const NOW: i64 = 1_800_000_000;

    #[tokio::test]
    async fn of_many_tries_at_once_no_more_are_judged_than_one_after_the_other() {
        let pool = Pool::start(PoolOptions::default()).await.unwrap();
        let core = pool.core();
        let begun = Barrier::new(20);
        let guess = |right: bool| {
            refuse_locked(core, "ada", NOW).unwrap();
            // All of them got past the lock before the first is counted.
            begun.wait();
            settle(core, "ada", right, NOW)
        };
        let judged: usize = std::thread::scope(|scope| {
            let guesses: Vec<_> = (0..20).map(|_| scope.spawn(|| guess(false))).collect();
            let judged = guesses.into_iter().map(|one| one.join().unwrap());
            judged.filter(Result::is_ok).count()
        });
        assert_eq!(judged, 5);
        // The right one among them is worth nothing while the others lock, and forgives nothing.
        let late = settle(core, "ada", true, NOW).unwrap_err();
        assert_eq!(late.message, "Password attempts exceeded");
        settle(core, "ada", false, NOW + 1).unwrap();
        let locked = settle(core, "ada", true, NOW + 2).unwrap_err();
        assert_eq!(locked.message, "Password attempts exceeded");
        settle(core, "ada", true, NOW + 3).unwrap();
    }
}
