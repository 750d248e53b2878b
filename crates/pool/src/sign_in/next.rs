//! The order of a sign-in's steps.

use std::collections::BTreeMap;

use super::{Answer, Awaits, Challenge, Done, Outcome, SignIn, session};
use super::{
    custom, device, first_factor, mfa_setup, new_password, one_time_code, second_factor,
    software_token, srp, web_authn,
};
use crate::client::AuthFlow;
use crate::core::Core;
use crate::db::users::{Status, User};
use crate::error::{ApiError, Result};

/// Judges the answer and goes on.
pub(super) fn after_answer(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    answer: &Answer<'_>,
    now: i64,
) -> Result<Outcome> {
    // Who has not shown a factor yet is told nothing about the account.
    if sign_in.first_factor.is_some() && user.as_ref().is_some_and(|user| !user.enabled) {
        return Err(ApiError::disabled());
    }
    let user = match user {
        Some(user) if user.enabled && user.epoch != sign_in.epoch => {
            // He too is told nothing: it goes on as that of a name nobody has.
            if sign_in.first_factor.is_some() {
                return Err(voided());
            }
            None
        }
        user => user,
    };
    match &sign_in.awaits {
        Awaits::Nothing | Awaits::Confirmation | Awaits::StraightIn => Err(ApiError::internal()),
        Awaits::SelectChallenge | Awaits::Password | Awaits::PasswordSrp => {
            first_factor::answer(core, sign_in, user, answer.responses, now)
        }
        Awaits::PasswordVerifier { exchange } => {
            let exchange = exchange.clone();
            let user = srp::check(core, sign_in, &exchange, user, answer, now)?;
            after_proof(core, sign_in, user, now)
        }
        Awaits::WebAuthn => {
            let user = web_authn::answer(core, sign_in, user, answer.responses, now)?;
            after_first_factor(core, sign_in, user, now)
        }
        Awaits::CustomChallenge { private, metadata } => {
            let (private, metadata) = (private.clone(), metadata.clone());
            custom::answer(core, sign_in, &private, metadata, user, answer, now)
        }
        Awaits::DeviceSrp => device::begin(core, sign_in, user, answer, now),
        Awaits::DevicePasswordVerifier { exchange } => {
            let exchange = exchange.clone();
            let user = device::check(core, sign_in, &exchange, user, answer, now)?;
            after_second_step(core, sign_in, user, now)
        }
        Awaits::NewPassword => {
            let user = new_password::answer(core, user, answer, sign_in.epoch, now)?;
            after_first_factor(core, sign_in, user, now)
        }
        Awaits::Code(_) => one_time_code::answer(core, sign_in, user, answer.responses, now),
        Awaits::SoftwareToken => {
            let user = software_token::answer(core, sign_in, user, answer.responses, now)?;
            after_second_step(core, sign_in, user, now)
        }
        Awaits::SelectMfaType => {
            second_factor::select(core, sign_in, user.as_ref(), answer.responses, now)
        }
        Awaits::MfaSetup(_) => mfa_setup::answer(core, sign_in, user.as_ref(), answer, now),
    }
}

/// What comes when the password was proven: in `CUSTOM_AUTH` that is only the beginning. Who has a
/// second factor is asked for it before the functions go on.
fn after_proof(core: &Core, sign_in: &mut SignIn, user: User, now: i64) -> Result<Outcome> {
    if sign_in.flow == AuthFlow::Custom {
        custom::note(sign_in, "PASSWORD_VERIFIER", true, None);
        admit(core, sign_in, &user)?;
        // An administrator's password is replaced first.
        if user.status != Status::ForceChangePassword
            && let Some(challenge) = second_step(core, sign_in, &user, now)?
        {
            return Ok(challenge);
        }
        return custom::next(core, sign_in, Some(user), None, now);
    }
    after_first_factor(core, sign_in, user, now)
}

/// What comes when a first factor was right.
pub(super) fn after_first_factor(
    core: &Core,
    sign_in: &mut SignIn,
    user: User,
    now: i64,
) -> Result<Outcome> {
    admit(core, sign_in, &user)?;
    if user.status == Status::ForceChangePassword {
        return new_password::challenge(core, sign_in, &user, now);
    }
    match second_step(core, sign_in, &user, now)? {
        Some(challenge) => Ok(challenge),
        None => after_second_factor(core, sign_in, user, now),
    }
}

/// The second factor, or a remembered device in its place, unless it was shown or none is asked
/// for.
fn second_step(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    now: i64,
) -> Result<Option<Outcome>> {
    if sign_in.second_factor {
        return Ok(None);
    }
    match device::challenge(core, sign_in, user, now)? {
        None => second_factor::challenge(core, sign_in, user, now),
        challenge => Ok(challenge),
    }
}

/// What comes when that was right: the functions of `CUSTOM_AUTH` go on where it followed the
/// password.
pub(super) fn after_second_step(
    core: &Core,
    sign_in: &mut SignIn,
    user: User,
    now: i64,
) -> Result<Outcome> {
    if sign_in.flow == AuthFlow::Custom && custom::follows_proof(sign_in) {
        let name = sign_in.awaits.name();
        custom::note(sign_in, name, true, None);
        return custom::next(core, sign_in, Some(user), None, now);
    }
    after_second_factor(core, sign_in, user, now)
}

/// What comes when every factor was right.
pub(super) fn after_second_factor(
    core: &Core,
    sign_in: &mut SignIn,
    user: User,
    now: i64,
) -> Result<Outcome> {
    // An administrator may have come between.
    admit(core, sign_in, &user)?;
    // A device that was named late, or beside a passkey.
    if let Some(challenge) = device::challenge(core, sign_in, &user, now)? {
        return Ok(challenge);
    }
    let device = device::seen(core, sign_in, &user, now)?;
    Ok(Outcome::Done(Box::new(Done { user, device })))
}

/// Issues a challenge under a new session.
pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    awaits: Awaits,
    parameters: BTreeMap<String, String>,
    now: i64,
) -> Result<Outcome> {
    sign_in.awaits = awaits;
    Ok(Outcome::Challenge(Challenge {
        name: sign_in.awaits.name(),
        session: Some(session::keep(core, sign_in, now)?),
        parameters,
        available: Vec::new(),
    }))
}

/// Whether a user who showed a first factor may sign in at all.
pub(super) fn admit(core: &Core, sign_in: &SignIn, user: &User) -> Result<()> {
    if !user.enabled {
        return Err(ApiError::disabled());
    }
    if sign_in.epoch != user.epoch {
        return Err(voided());
    }
    match user.status {
        Status::Unconfirmed => Err(ApiError::not_confirmed()),
        Status::ResetRequired => {
            let definition = core.definition();
            let client = core.client(&sign_in.client_id)?;
            Err(if client.hides_names(&definition.settings) {
                ApiError::wrong_password()
            } else {
                ApiError::reset_required()
            })
        }
        Status::Confirmed | Status::ForceChangePassword => Ok(()),
    }
}

/// Another password, a sign-out everywhere or the like came between: it has to begin anew.
fn voided() -> ApiError {
    ApiError::not_authorized("Invalid session for the user.")
}
