use rusqlite::Connection;
use subtle::ConstantTimeEq as _;

use crate::core::Core;
use crate::db::codes::{self, Code};
use crate::error::{ApiError, Result};
use crate::settings::Address;
use crate::user::{Delivery, is_decoy};

const HOUR: i64 = 3600;

/// What a one-time code is for; it is good for nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    SignUp,
    Reset,
    /// To show that an address is the user's.
    Verify(Address),
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
            Self::Verify(Address::Email) => "verify_email",
            Self::Verify(Address::PhoneNumber) => "verify_phone_number",
        }
    }

    fn lifetime(self) -> i64 {
        match self {
            Self::SignUp | Self::Verify(_) => 24 * HOUR,
            Self::Reset => HOUR,
        }
    }

    /// Wrong tries allowed in an hour.
    fn tries(self) -> u32 {
        match self {
            Self::SignUp | Self::Verify(_) => 15,
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
    issue_instead_of(db, core, purpose, subject, message, None, now)
}

/// The same for a code that is void as soon as the user has another address than `current`.
pub(crate) fn issue_instead_of(
    db: &Connection,
    core: &Core,
    purpose: Purpose,
    subject: &str,
    message: Option<(&Delivery, &str)>,
    current: Option<&str>,
    now: i64,
) -> rusqlite::Result<()> {
    let code = Code {
        code: six_digits(core),
        sent_to: message.map_or(String::new(), |(delivery, _)| {
            delivery.recipient().to_owned()
        }),
        instead_of: current.map(str::to_owned),
        expires_at: now + purpose.lifetime(),
        failures: 0,
        failures_since: 0,
    };
    codes::purge(db, now - HOUR)?;
    codes::issue(db, subject, purpose.name(), &code, is_decoy(subject))?;
    match message {
        Some((delivery, kind)) => delivery.send(db, kind, &code.code, now),
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

pub(crate) fn expired() -> ApiError {
    ApiError::new(
        "ExpiredCodeException",
        "Invalid code provided, please request a code again.",
    )
}

/// The code that waits, right or not; `None` when it is late.
pub(crate) fn waiting(
    db: &Connection,
    purpose: Purpose,
    subject: &str,
    now: i64,
) -> rusqlite::Result<Option<Code>> {
    let code = codes::get(db, subject, purpose.name())?;
    Ok(code.filter(|code| code.expires_at > now))
}

/// Makes the code that waits late. Its count of wrong tries stays.
pub(crate) fn void(
    db: &Connection,
    purpose: Purpose,
    subject: &str,
    now: i64,
) -> rusqlite::Result<()> {
    codes::expire(db, subject, purpose.name(), now)
}

/// Judges a code, which stays. Wrong tries count whether or not the subject exists.
///
/// # Errors
/// `CodeMismatchException`, `ExpiredCodeException` (also when there is none) or
/// `LimitExceededException`.
pub(crate) fn check(
    core: &Core,
    purpose: Purpose,
    subject: &str,
    given: &str,
    now: i64,
) -> Result<()> {
    let limited = core.definition().settings.limits.attempts;
    let outcome = core.db.run(|tx| {
        let Some(stored) = codes::get(tx, subject, purpose.name())? else {
            return Ok(Outcome::Expired);
        };
        let (failures, since) = if now - stored.failures_since < HOUR {
            (stored.failures, stored.failures_since)
        } else {
            (0, now)
        };
        if limited && failures >= purpose.tries() {
            return Ok(Outcome::TooMany);
        }
        if !bool::from(stored.code.as_bytes().ct_eq(given.as_bytes())) {
            let failures = failures.saturating_add(1);
            codes::set_failures(tx, subject, purpose.name(), failures, since)?;
            return Ok(Outcome::Wrong);
        }
        if stored.expires_at <= now {
            return Ok(Outcome::Expired);
        }
        Ok::<_, ApiError>(Outcome::Right)
    })?;
    match outcome {
        Outcome::Right => Ok(()),
        Outcome::Wrong => Err(mismatch()),
        Outcome::Expired => Err(expired()),
        Outcome::TooMany => Err(ApiError::new(
            "LimitExceededException",
            "Attempt limit exceeded, please try after some time.",
        )),
    }
}

/// Takes a code that [`check`] found right, in the transaction that acts on it: of two who come
/// with the same one the second finds it gone, and what fails leaves it.
///
/// # Errors
/// `ExpiredCodeException`.
pub(crate) fn take(db: &Connection, purpose: Purpose, subject: &str, given: &str) -> Result<Code> {
    codes::take(db, subject, purpose.name(), given)?.ok_or_else(expired)
}

enum Outcome {
    Right,
    Wrong,
    Expired,
    TooMany,
}
