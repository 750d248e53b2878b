use super::look_up;
use crate::core::Core;
use crate::db::attempts::{self, Attempts};
use crate::db::users::{Status, User};
use crate::error::{ApiError, Result};
use crate::settings::{Mfa, Settings};

const IDLE_RESET: i64 = 15 * 60;
const LONGEST_LOCK: i64 = 15 * 60;

/// What the right password leads to.
pub(crate) enum Authenticated {
    SignedIn(User),
    /// The password is temporary.
    NewPasswordRequired(User),
    /// The pool asks for a second factor and the user has none.
    MfaSetup(User),
}

/// Checks a password and counts failures.
///
/// # Errors
/// `NotAuthorizedException` (wrong, locked, disabled), `UserNotFoundException` (names not
/// hidden), `UserNotConfirmedException`, `PasswordResetRequiredException`.
pub(crate) fn authenticate(
    core: &Core,
    name: &str,
    password: &str,
    now: i64,
) -> Result<Authenticated> {
    let named = look_up(core, name)?;
    if named.user.is_none() && !named.hide {
        return Err(ApiError::user_not_found("User does not exist."));
    }
    if core
        .db
        .run(|tx| attempts::get(tx, &named.subject))?
        .locked_until
        > now
    {
        return Err(ApiError::not_authorized("Password attempts exceeded"));
    }
    let hash = named.user.as_ref().map(|user| user.password_hash.as_str());
    let right = core.passwords.verify(&named.subject, password, hash);
    let Some(user) = named.user.filter(|_| right) else {
        count_failure(core, &named.subject, now)?;
        return Err(ApiError::wrong_password());
    };
    core.db.run(|tx| attempts::clear(tx, &named.subject))?;
    admit(core, user, named.hide)
}

fn admit(core: &Core, user: User, hide: bool) -> Result<Authenticated> {
    if !user.enabled {
        return Err(ApiError::disabled());
    }
    match user.status {
        Status::Unconfirmed => Err(ApiError::new(
            "UserNotConfirmedException",
            "User is not confirmed.",
        )),
        Status::ResetRequired if hide => Err(ApiError::wrong_password()),
        Status::ResetRequired => Err(ApiError::new(
            "PasswordResetRequiredException",
            "Password reset required for the user",
        )),
        Status::ForceChangePassword => Ok(Authenticated::NewPasswordRequired(user)),
        Status::Confirmed => {
            let mfa = core
                .db
                .run(|tx| Settings::load(tx).map(|settings| settings.mfa))?;
            // The very first sign-in gives tokens even where a second factor is required.
            if mfa == Mfa::On && user.signed_in_at.is_some() {
                Ok(Authenticated::MfaSetup(user))
            } else {
                Ok(Authenticated::SignedIn(user))
            }
        }
    }
}

/// From the fifth failure on the name is locked for 2^(n-5) seconds.
fn count_failure(core: &Core, subject: &str, now: i64) -> Result<()> {
    core.db.run(|tx| {
        attempts::purge(tx, now - IDLE_RESET)?;
        let failures = attempts::get(tx, subject)?.failures.saturating_add(1);
        let lock = match failures.checked_sub(5) {
            None => 0,
            Some(doublings) => 1_i64.checked_shl(doublings.min(10)).unwrap_or(LONGEST_LOCK),
        };
        let locked_until = now + lock.min(LONGEST_LOCK);
        attempts::set(
            tx,
            subject,
            Attempts {
                failures,
                failed_at: now,
                locked_until,
            },
        )
        .map_err(ApiError::from)
    })
}
