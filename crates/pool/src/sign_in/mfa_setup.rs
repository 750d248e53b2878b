//! `MFA_SETUP`: a second factor is required and there is none yet. An app is enrolled in between
//! with AssociateSoftwareToken and VerifySoftwareToken, each of which takes the session and gives
//! the next; an e-mail address comes with the answer.

use rusqlite::Connection;
use serde_json::json;

use super::next::{after_second_step, challenge as issue};
use super::second_factor::parameters;
use super::state::Enrolment;
use super::{Answer, Awaits, Channel, Outcome, SignIn, one_time_code, session};
use crate::core::Core;
use crate::db::digest_of;
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};
use crate::settings::{Address, SecondFactor};
use crate::user::mfa::{factors_to_set_up, usable_factors};
use crate::user::{totp, valid_address};

pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    now: i64,
) -> Result<Outcome> {
    let factors = factors_to_set_up(user, &core.definition().settings);
    if factors.is_empty() {
        return Err(ApiError::not_authorized(
            "A second factor is required, and the user has none and cannot set one up.",
        ));
    }
    let names: Vec<_> = factors.iter().map(|factor| factor.name()).collect();
    let parameters = parameters(user, [("MFAS_CAN_SETUP", json!(names).to_string())]);
    issue(
        core,
        sign_in,
        Awaits::MfaSetup(Enrolment::Begun),
        parameters,
        now,
    )
}

/// Goes on when this very sign-in has enrolled an app, or sends a code to the address given.
pub(super) fn answer(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<&User>,
    answer: &Answer<'_>,
    now: i64,
) -> Result<Outcome> {
    if user.is_none() {
        return Err(ApiError::wrong_password());
    }
    if let Awaits::MfaSetup(Enrolment::Done(secret)) = &sign_in.awaits {
        let user = core.db.run(|tx| enrolled_user(tx, sign_in, secret))?;
        sign_in.second_factor = true;
        return after_second_step(core, sign_in, user, now);
    }
    let email = ["EMAIL", "email"]
        .into_iter()
        .find_map(|name| answer.responses.get(name).copied());
    let email = email.ok_or_else(|| {
        ApiError::invalid_parameter("Set up a second factor with this session first.")
    })?;
    let user = core.db.run(|tx| waiting_user(tx, core, sign_in))?;
    let possible = factors_to_set_up(&user, &core.definition().settings);
    if !possible.contains(&SecondFactor::EmailOtp) {
        return Err(ApiError::invalid_parameter(
            "An email address cannot be set up as a second factor.",
        ));
    }
    if !valid_address(Address::Email, email) {
        return Err(ApiError::invalid_parameter("Invalid email address format."));
    }
    one_time_code::setting_up(core, sign_in, &user, &email.to_lowercase(), now)
}

/// AssociateSoftwareToken with the session of an `MFA_SETUP`: the new secret and session.
/// `hosted`: whether the pages ask; a session stays on its side.
///
/// # Errors
/// `NotAuthorizedException` for another session, and those of [`totp::offered`].
pub(crate) fn associate(
    core: &Core,
    session: &str,
    hosted: bool,
    now: i64,
) -> Result<(String, String)> {
    totp::offered(&core.definition().settings)?;
    let mut sign_in = session::take_when(core, session, now, |sign_in| is_setup(sign_in, hosted))?;
    core.db.run(|tx| waiting_user(tx, core, &sign_in))?;
    let secret = totp::secret(&core.random);
    sign_in.awaits = Awaits::MfaSetup(Enrolment::Secret(secret.clone()));
    Ok((secret, session::keep(core, &sign_in, now)?))
}

/// VerifySoftwareToken with the session that [`associate`] gave: the session to answer the
/// `MFA_SETUP` with. A wrong code leaves the session.
///
/// # Errors
/// `NotAuthorizedException` for another session, and those of [`totp::enrolled`].
pub(crate) fn verify(
    core: &Core,
    session: &str,
    hosted: bool,
    code: &str,
    friendly_name: Option<&str>,
    now: i64,
) -> Result<String> {
    totp::offered(&core.definition().settings)?;
    let mut sign_in = session::take_when(core, session, now, |sign_in| {
        is_setup(sign_in, hosted)
            && matches!(sign_in.awaits, Awaits::MfaSetup(Enrolment::Secret(_)))
    })?;
    let Awaits::MfaSetup(Enrolment::Secret(secret)) = &sign_in.awaits else {
        return Err(ApiError::internal());
    };
    let kept = digest_of(secret);
    let token = match totp::enrolled(secret, code, friendly_name, now) {
        Ok(token) => token,
        Err(error) => {
            session::give_back(core, session, &sign_in)?;
            return Err(error);
        }
    };
    core.db.run(|tx| {
        let user = waiting_user(tx, core, &sign_in)?;
        users::change_mfa(tx, &user.sub, |mfa| {
            mfa.software_token = Some(token);
            mfa.enabled.insert(SecondFactor::SoftwareTokenMfa);
        })
        .map_err(ApiError::from)
    })?;
    sign_in.awaits = Awaits::MfaSetup(Enrolment::Done(kept));
    session::keep(core, &sign_in, now)
}

fn is_setup(sign_in: &SignIn, hosted: bool) -> bool {
    matches!(
        sign_in.awaits,
        Awaits::MfaSetup(Enrolment::Begun | Enrolment::Secret(_))
    ) && (sign_in.channel == Channel::Hosted) == hosted
}

/// The user of the session, if the app is still the one that the sign-in has enrolled.
fn enrolled_user(db: &Connection, sign_in: &SignIn, secret: &[u8]) -> Result<User> {
    let sub = sign_in.sub.as_deref().unwrap_or_default();
    users::find(db, sub)?
        .filter(|user| {
            let token = user.mfa.software_token.as_ref();
            token.is_some_and(|token| digest_of(&token.secret) == secret)
        })
        .ok_or_else(|| ApiError::not_authorized("Invalid session for the user."))
}

/// The user of the session, if there is still no second factor: the session of a thief who was
/// at the password in time is worth nothing once the owner has one.
pub(super) fn waiting_user(db: &Connection, core: &Core, sign_in: &SignIn) -> Result<User> {
    let definition = core.definition();
    let sub = sign_in.sub.as_deref().unwrap_or_default();
    users::find(db, sub)?
        .filter(|user| user.enabled && user.epoch == sign_in.epoch)
        .filter(|user| usable_factors(user, &definition.settings).is_empty())
        .ok_or_else(|| ApiError::not_authorized("Invalid session for the user."))
}
