//! The browsers and telephones that a pool remembers.
//!
//! A sign-in on a device that is not known gives it a key. The client confirms the device with
//! that key and the verifier of a secret it keeps; from then on the device is *tracked*. One that
//! is *remembered* too proves its secret at a sign-in, in place of the second factor.

use std::net::IpAddr;

use crate::core::Core;
use crate::db::devices::{self, Device};
use crate::db::families;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::ids::IdOf;
use crate::options::{POOL_ID, pool_name};
use crate::settings::Devices;
use crate::srp::Verifier;

/// What a device says of itself when it is confirmed.
pub(crate) struct Confirmation<'a> {
    /// Where it calls from.
    pub(crate) ip: IpAddr,
    pub(crate) device_key: &'a str,
    pub(crate) name: Option<&'a str>,
    /// `PasswordVerifier` and `Salt`, both in base64.
    pub(crate) verifier: Option<(&'a str, &'a str)>,
}

/// What goes with the keys of the pool's devices into SRP.
pub(crate) fn group_key() -> String {
    format!("-{}", pool_name())
}

/// A key for a device that has none.
pub(crate) fn new_key(core: &Core) -> String {
    let region = POOL_ID
        .split_once('_')
        .map_or(POOL_ID, |(region, _)| region);
    format!("{region}_{}", core.new_id(IdOf::Device))
}

/// Tracks a device that the user has signed in on. Says whether the user is to be asked whether
/// to remember it.
///
/// # Errors
/// `ResourceNotFoundException` for a key that no living sign-in of the user was given,
/// `DeviceKeyExistsException`, `InvalidParameterException` for a verifier that keeps nothing
/// secret.
pub(crate) fn confirm(
    core: &Core,
    user: &User,
    given: &Confirmation<'_>,
    now: i64,
) -> Result<bool> {
    let devices = allowed(core)?;
    let verifier = match given.verifier {
        Some((verifier, salt)) => {
            let verifier = Verifier::from_client(verifier, salt).ok_or_else(|| {
                ApiError::invalid_parameter("DeviceSecretVerifierConfig is not an SRP verifier")
            })?;
            Some(verifier.to_text())
        }
        None => None,
    };
    let device = Device {
        device_key: given.device_key.to_owned(),
        sub: user.sub.clone(),
        name: given.name.map(str::to_owned),
        verifier,
        remembered: devices == Devices::Always,
        ip: given.ip.to_string(),
        created_at: now,
        modified_at: now,
        authenticated_at: now,
    };
    core.db.run(|tx| {
        if !families::has_device(tx, &user.sub, given.device_key, now)? {
            return Err(unknown());
        }
        if devices::get(tx, &user.sub, given.device_key)?.is_some() {
            return Err(ApiError::new(
                "DeviceKeyExistsException",
                "Device key already exists.",
            ));
        }
        devices::insert(tx, &device)?;
        for surplus in devices::surplus(tx, &user.sub)? {
            devices::delete(tx, &surplus)?;
            families::end_device(tx, &user.sub, &surplus, now)?;
        }
        Ok(())
    })?;
    Ok(devices == Devices::UserOptIn)
}

/// # Errors
/// `ResourceNotFoundException`, for another user's too.
pub(crate) fn get(core: &Core, user: &User, device_key: &str) -> Result<Device> {
    allowed(core)?;
    core.db
        .run(|tx| devices::get(tx, &user.sub, device_key))?
        .ok_or_else(unknown)
}

/// Those after a `(created_at, device_key)`, oldest first.
pub(crate) fn page(
    core: &Core,
    user: &User,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Device>> {
    allowed(core)?;
    Ok(core
        .db
        .run(|tx| devices::page(tx, &user.sub, after, limit))?)
}

/// # Errors
/// `ResourceNotFoundException`, for another user's too.
pub(crate) fn set_remembered(
    core: &Core,
    user: &User,
    device_key: &str,
    remembered: bool,
    now: i64,
) -> Result<()> {
    allowed(core)?;
    core.db.run(|tx| {
        devices::get(tx, &user.sub, device_key)?.ok_or_else(unknown)?;
        devices::set_remembered(tx, device_key, remembered, now).map_err(ApiError::from)
    })
}

/// The device is as any other then, and what it has signed in is refreshed no more.
///
/// # Errors
/// `ResourceNotFoundException`, for another user's too.
pub(crate) fn forget(core: &Core, user: &User, device_key: &str, now: i64) -> Result<()> {
    allowed(core)?;
    core.db.run(|tx| {
        devices::get(tx, &user.sub, device_key)?.ok_or_else(unknown)?;
        devices::delete(tx, device_key)?;
        families::end_device(tx, &user.sub, device_key, now).map_err(ApiError::from)
    })
}

pub(crate) fn unknown() -> ApiError {
    ApiError::new("ResourceNotFoundException", "Device does not exist.")
}

fn allowed(core: &Core) -> Result<Devices> {
    match core.definition().settings.devices {
        Devices::Off => Err(ApiError::new(
            "InvalidUserPoolConfigurationException",
            "User pool does not remember devices.",
        )),
        devices => Ok(devices),
    }
}
