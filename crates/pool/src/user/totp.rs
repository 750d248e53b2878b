//! Codes of authenticator apps (RFC 6238: SHA-1, six digits, thirty seconds), one step early or
//! late at most.

use totp_rs::{Builder, Secret};

use crate::core::Core;
use crate::db::users::{self, SoftwareToken, User};
use crate::error::{ApiError, Result};
use crate::random::Random;
use crate::settings::{Mfa, SecondFactor, Settings};

const STEP_SECONDS: u64 = 30;
/// In bytes: sixteen characters of Base32.
const SHORTEST_SECRET: usize = 10;

/// A new secret, in Base32.
pub(crate) fn secret(random: &Random) -> String {
    Secret::from(random.bytes::<32>().to_vec()).to_base32()
}

/// The step this is the code of, if it is near enough to `now`.
pub(crate) fn step(secret: &str, code: &str, now: i64) -> Option<u64> {
    let secret = Secret::try_from_base32(secret).ok()?;
    // A seed file may have one as short as many apps are used to; RFC 4226 asks for 16 bytes.
    if secret.as_ref().len() < SHORTEST_SECRET {
        return None;
    }
    let totp = Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .with_step_duration(STEP_SECONDS)
        .build_noncompliant();
    totp.check(code, u64::try_from(now).ok()?)
}

/// # Errors
/// `SoftwareTokenMFANotFoundException` where the pool takes no such codes.
pub(crate) fn offered(settings: &Settings) -> Result<()> {
    if settings.mfa == Mfa::Off
        || !settings
            .mfa_factors
            .contains(&SecondFactor::SoftwareTokenMfa)
    {
        return Err(not_found(
            "Software Token MFA has not been enabled by the userPool",
        ));
    }
    Ok(())
}

/// The token an enrolment ends with.
///
/// # Errors
/// `EnableSoftwareTokenMFAException`: the code is not one of this secret.
pub(crate) fn enrolled(
    secret: &str,
    code: &str,
    friendly_name: Option<&str>,
    now: i64,
) -> Result<SoftwareToken> {
    let step = step(secret, code, now)
        .ok_or_else(|| ApiError::new("EnableSoftwareTokenMFAException", "Code mismatch"))?;
    Ok(SoftwareToken {
        secret: secret.to_owned(),
        friendly_name: friendly_name.map(str::to_owned),
        last_step: step,
    })
}

/// Begins the enrolment of somebody who is signed in; a verified token stays until it ends.
///
/// # Errors
/// Those of [`offered`].
pub(crate) fn associate(core: &Core, user: &User) -> Result<String> {
    offered(&core.definition().settings)?;
    let secret = secret(&core.random);
    core.db.run(|tx| {
        users::change_mfa(tx, &user.sub, |mfa| {
            mfa.pending_software_token = Some(secret.clone());
        })
    })?;
    Ok(secret)
}

/// Ends it.
///
/// # Errors
/// Those of [`offered`] and [`enrolled`]; `SoftwareTokenMFANotFoundException` when none was begun.
pub(crate) fn verify(
    core: &Core,
    user: &User,
    code: &str,
    friendly_name: Option<&str>,
    now: i64,
) -> Result<()> {
    offered(&core.definition().settings)?;
    core.db.run(|tx| {
        let pending = users::find(tx, &user.sub)?
            .and_then(|user| user.mfa.pending_software_token)
            .ok_or_else(|| not_found("Associate a software token first."))?;
        let token = enrolled(&pending, code, friendly_name, now)?;
        users::change_mfa(tx, &user.sub, |mfa| {
            mfa.pending_software_token = None;
            mfa.software_token = Some(token);
        })
        .map_err(ApiError::from)
    })
}

/// Takes a code of the user's token, once.
///
/// # Errors
/// `CodeMismatchException`, `ExpiredCodeException` for a step a code was taken of before,
/// `SoftwareTokenMFANotFoundException` without a token.
pub(crate) fn redeem(core: &Core, sub: &str, code: &str, now: i64) -> Result<()> {
    core.db.run(|tx| {
        let token = users::find(tx, sub)?
            .and_then(|user| user.mfa.software_token)
            .ok_or_else(|| not_found("Software token MFA is not set up for the user."))?;
        let step = step(&token.secret, code, now).ok_or_else(|| {
            ApiError::new(
                "CodeMismatchException",
                "Invalid code or auth state for the user.",
            )
        })?;
        if step <= token.last_step {
            return Err(ApiError::new(
                "ExpiredCodeException",
                "Your software token has already been used once.",
            ));
        }
        users::change_mfa(tx, sub, |mfa| {
            mfa.software_token = Some(SoftwareToken {
                last_step: step,
                ..token
            });
        })
        .map_err(ApiError::from)
    })
}

fn not_found(message: &'static str) -> ApiError {
    ApiError::new("SoftwareTokenMFANotFoundException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, cut to six digits.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step(SECRET, code, now), u64::try_from(now / 30).ok());
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_late() {
        let (now, code) = (1_111_111_109, "081804");
        let begins = now / 30 * 30;
        for (at, good) in [
            (-31, false),
            (-30, true),
            (0, true),
            (59, true),
            (60, false),
        ] {
            assert_eq!(step(SECRET, code, begins + at).is_some(), good, "{at}");
        }
    }

    #[test]
    fn what_is_no_code_or_no_secret_matches_nothing() {
        for code in ["", "08180", "0818044", "+81804", "O81804", "08180４"] {
            assert_eq!(step(SECRET, code, 1_111_111_109), None, "{code}");
        }
        for secret in ["", "1", "GEZDGNBVGEZDGNB"] {
            assert_eq!(step(secret, "081804", 1_111_111_109), None, "{secret}");
        }
    }

    #[test]
    fn each_secret_is_new_and_of_the_shape_the_model_asks_for() {
        let random = Random::default();
        let (one, other) = (secret(&random), secret(&random));
        assert_ne!(one, other);
        assert!(one.len() >= 16 && one.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
