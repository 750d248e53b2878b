//! A remembered device in place of the second factor: `DEVICE_SRP_AUTH`, then
//! `DEVICE_PASSWORD_VERIFIER`.

use std::collections::BTreeMap;

use super::next::challenge as issue;
use super::session::{self, Answerer};
use super::srp::{self, Secret};
use super::{Answer, Awaits, Challenge, Channel, Outcome, SeenDevice, SignIn, required};
use crate::core::Core;
use crate::db::devices::{self, Device};
use crate::db::users::User;
use crate::device::{group_key, new_key, unknown};
use crate::error::{ApiError, Result};
use crate::settings::Devices;
use crate::srp::Verifier;
use crate::user::{refuse_locked, settle};

/// Asks for the proof, when the sign-in comes from a remembered device that has not given it.
pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    now: i64,
) -> Result<Option<Outcome>> {
    if sign_in.device_shown {
        return Ok(None);
    }
    let device = tracked(core, sign_in, user)?;
    let Some(secret) = device.as_ref().and_then(secret_of) else {
        return Ok(None);
    };
    let outcome = issue(core, sign_in, Awaits::DeviceSrp, BTreeMap::new(), now)?;
    if let Outcome::Challenge(Challenge {
        session: Some(session),
        ..
    }) = &outcome
    {
        let answerer = Answerer {
            client_id: &sign_in.client_id,
            channel: sign_in.channel,
            sub: &user.sub,
            device_key: &secret.id,
        };
        session::keep_for(core, &answerer, session, now)?;
    }
    Ok(Some(outcome))
}

/// Answers `SRP_A`.
///
/// # Errors
/// `ResourceNotFoundException` for another device, or when it was forgotten meanwhile.
pub(super) fn begin(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    answer: &Answer<'_>,
    now: i64,
) -> Result<Outcome> {
    let user = user.ok_or_else(ApiError::wrong_password)?;
    let secret = answering(core, sign_in, &user, answer)?;
    let shown = [
        ("DEVICE_KEY", secret.id.as_str()),
        ("USERNAME", user.username.as_str()),
    ];
    let a = required(answer.responses, "SRP_A")?;
    let awaits = |exchange| Awaits::DevicePasswordVerifier { exchange };
    srp::issue(core, sign_in, &secret, &shown, a, awaits, now)
}

/// Judges the proof; a wrong one counts as a wrong password does.
///
/// # Errors
/// `NotAuthorizedException`: wrong or locked; `ResourceNotFoundException` as above.
pub(super) fn check(
    core: &Core,
    sign_in: &mut SignIn,
    exchange: &str,
    user: Option<User>,
    answer: &Answer<'_>,
    now: i64,
) -> Result<User> {
    let user = user.ok_or_else(ApiError::wrong_password)?;
    let secret = answering(core, sign_in, &user, answer)?;
    let right = srp::is_proven(core, sign_in, &secret, exchange, answer, now)?;
    if !right {
        settle(core, &sign_in.subject(), false, now)?;
        return Err(ApiError::wrong_password());
    }
    // It forgives no wrong passwords, and is worth nothing while they lock.
    refuse_locked(core, &sign_in.subject(), now)?;
    session::close(core, sign_in, now)?;
    sign_in.device_shown = true;
    sign_in.second_factor = true;
    Ok(user)
}

/// The device that tokens are given to, where devices are tracked: a key that is not one of the
/// user's is no device, and there is a new one.
pub(super) fn seen(
    core: &Core,
    sign_in: &SignIn,
    user: &User,
    now: i64,
) -> Result<Option<SeenDevice>> {
    if !tracks(core, sign_in) {
        return Ok(None);
    }
    Ok(Some(match tracked(core, sign_in, user)? {
        Some(device) => {
            let ip = sign_in.peer.map_or(device.ip, |peer| peer.to_string());
            core.db
                .run(|tx| devices::mark_authenticated(tx, &device.device_key, &ip, now))?;
            SeenDevice {
                key: device.device_key,
                is_new: false,
            }
        }
        None => SeenDevice {
            key: new_key(core),
            is_new: true,
        },
    }))
}

/// The pages keep no devices.
fn tracks(core: &Core, sign_in: &SignIn) -> bool {
    core.definition().settings.devices != Devices::Off && sign_in.channel != Channel::Hosted
}

/// The user's device that the client says it is.
fn tracked(core: &Core, sign_in: &SignIn, user: &User) -> Result<Option<Device>> {
    match &sign_in.device_key {
        Some(key) if tracks(core, sign_in) => {
            Ok(core.db.run(|tx| devices::get(tx, &user.sub, key))?)
        }
        _ => Ok(None),
    }
}

/// What a remembered device can prove.
fn secret_of(device: &Device) -> Option<Secret> {
    let verifier = device.verifier.as_deref().filter(|_| device.remembered)?;
    Some(Secret {
        prefix: group_key(),
        id: device.device_key.clone(),
        verifier: Verifier::from_text(verifier)?,
    })
}

/// The secret of the device that was asked, which is to answer itself.
fn answering(core: &Core, sign_in: &SignIn, user: &User, answer: &Answer<'_>) -> Result<Secret> {
    let key = required(answer.responses, "DEVICE_KEY")?;
    tracked(core, sign_in, user)?
        .filter(|device| device.device_key == key)
        .and_then(|device| secret_of(&device))
        .ok_or_else(unknown)
}
