use rusqlite::Connection;
use subtle::ConstantTimeEq as _;

use crate::core::Core;
use crate::db::codes;
use crate::error::{ApiError, Result};
use crate::user::Delivery;

const HOUR: i64 = 3600;

/// What a one-time code is for; it is good for nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    SignUp,
    Reset,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
        }
    }

    fn lifetime(self) -> i64 {
        match self {
            Self::SignUp => 24 * HOUR,
            Self::Reset => HOUR,
        }
    }

    /// Wrong tries allowed in an hour.
    fn tries(self) -> u32 {
        match self {
            Self::SignUp => 15,
            Self::Reset => 10,
        }
    }
}

/// Replaces the subject's code for this purpose and sends it with `message`. Without one (a
/// name nobody has) the code only makes later answers the same as for a real user.
pub(crate) fn issue(
    db: &Connection,
    core: &Core,
    purpose: Purpose,
    subject: &str,
    message: Option<(&Delivery, &str)>,
    now: i64,
) -> rusqlite::Result<()> {
    let code = six_digits(core);
    codes::purge(db, now - HOUR)?;
    codes::issue(db, subject, purpose.name(), &code, now + purpose.lifetime())?;
    match message {
        Some((delivery, kind)) => delivery.send(db, kind, &code, now),
        None => Ok(()),
    }
}

/// A code of six digits: the pool's `fixed_code`, where there is one.
pub(crate) fn six_digits(core: &Core) -> String {
    let fixed = core.definition().settings.fixed_code.clone();
    fixed.unwrap_or_else(|| core.random.code())
}

/// A code of eight digits, as passwordless sign-ins have.
pub(crate) fn eight_digits(core: &Core) -> String {
    let six = six_digits(core);
    let more = match core.definition().settings.fixed_code {
        Some(_) => six.clone(),
        None => core.random.code(),
    };
    six.chars().chain(more.chars()).take(8).collect()
}

/// Gives an unknown name the sign-up code a known one has from the start.
pub(crate) fn pretend(core: &Core, subject: &str, now: i64) -> Result<()> {
    core.db.run(
        |tx| match codes::get(tx, subject, Purpose::SignUp.name())? {
            Some(_) => Ok(()),
            None => issue(tx, core, Purpose::SignUp, subject, None, now).map_err(ApiError::from),
        },
    )
}

pub(crate) fn mismatch() -> ApiError {
    ApiError::new(
        "CodeMismatchException",
        "Invalid verification code provided, please try again.",
    )
}

/// Takes the code when it is right. Wrong tries count whether or not the subject exists.
///
/// # Errors
/// `CodeMismatchException`, `ExpiredCodeException` (also when there is none) or
/// `LimitExceededException`.
pub(crate) fn redeem(
    core: &Core,
    purpose: Purpose,
    subject: &str,
    given: &str,
    now: i64,
) -> Result<()> {
    let outcome = core.db.run(|tx| {
        let Some(stored) = codes::get(tx, subject, purpose.name())? else {
            return Ok(Outcome::Expired);
        };
        let (failures, since) = if now - stored.failures_since < HOUR {
            (stored.failures, stored.failures_since)
        } else {
            (0, now)
        };
        if failures >= purpose.tries() {
            return Ok(Outcome::TooMany);
        }
        if !bool::from(stored.code.as_bytes().ct_eq(given.as_bytes())) {
            codes::set_failures(tx, subject, purpose.name(), failures + 1, since)?;
            return Ok(Outcome::Wrong);
        }
        if stored.expires_at <= now {
            return Ok(Outcome::Expired);
        }
        codes::delete(tx, subject, purpose.name())?;
        Ok::<_, ApiError>(Outcome::Right)
    })?;
    match outcome {
        Outcome::Right => Ok(()),
        Outcome::Wrong => Err(mismatch()),
        Outcome::Expired => Err(ApiError::new(
            "ExpiredCodeException",
            "Invalid code provided, please request a code again.",
        )),
        Outcome::TooMany => Err(ApiError::new(
            "LimitExceededException",
            "Attempt limit exceeded, please try after some time.",
        )),
    }
}

enum Outcome {
    Right,
    Wrong,
    Expired,
    TooMany,
}
