use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::db::devices::Device;
use crate::db::users::{Status, User, UserMfa};
use crate::error::Result;
use crate::ids::IdOf;
use crate::settings::{Address, Settings};
use crate::user::take_username;
use crate::web_authn::Credential;

/// A user of the file. Times are seconds since the Unix epoch; those left out are now.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedUser {
    /// What the user signs in with.
    pub(super) username: String,
    /// The `sub`, for tests that compare it; else a new one.
    pub(super) sub: Option<String>,
    pub(super) password: Option<String>,
    /// What an export has in place of the password: good for this `sub` and name only.
    pub(super) password_verifier: Option<String>,
    pub(super) password_set_at: Option<i64>,
    /// Verifiers of earlier passwords, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) password_history: Vec<String>,
    #[serde(default = "confirmed")]
    pub(super) status: Status,
    #[serde(default = "enabled")]
    pub(super) enabled: bool,
    pub(super) created_at: Option<i64>,
    pub(super) modified_at: Option<i64>,
    /// Left out: has not signed in yet.
    pub(super) signed_in_at: Option<i64>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// An address is verified unless `email_verified` or `phone_number_verified` says `"false"`.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "UserMfa::is_empty")]
    pub(super) mfa: UserMfa,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) devices: Vec<SeedDevice>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) passkeys: Vec<Credential>,
}

/// A device that was confirmed, as an export has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedDevice {
    pub(super) key: String,
    name: Option<String>,
    /// Of its secret, which the device keeps.
    pub(super) verifier: Option<String>,
    remembered: bool,
    ip: String,
    created_at: i64,
    modified_at: i64,
    authenticated_at: i64,
}

impl std::fmt::Debug for SeedUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeedUser")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl SeedUser {
    /// One that a pool has without a seed.
    pub(super) fn ready(name: &str, group: Option<&str>) -> Self {
        Self {
            username: name.to_owned(),
            sub: None,
            password: Some("Passw0rd!".to_owned()),
            password_verifier: None,
            password_set_at: None,
            password_history: Vec::new(),
            status: Status::Confirmed,
            enabled: true,
            created_at: None,
            modified_at: None,
            signed_in_at: None,
            groups: group.map(str::to_owned).into_iter().collect(),
            attributes: BTreeMap::new(),
            mfa: UserMfa::default(),
            devices: Vec::new(),
            passkeys: Vec::new(),
        }
    }

    /// What an export says of a user. An enrolment that waits for its first code is left out, as
    /// everything that is under way.
    pub(super) fn of(
        user: User,
        settings: &Settings,
        devices: Vec<Device>,
        passkeys: Vec<Credential>,
    ) -> Self {
        let name = settings
            .username_attributes
            .iter()
            .find_map(|address| user.address(*address))
            .unwrap_or(&user.username);
        Self {
            username: name.to_owned(),
            password: None,
            password_verifier: Some(user.password_hash).filter(|hash| !hash.is_empty()),
            password_set_at: Some(user.password_set_at),
            password_history: user.password_history,
            status: user.status,
            enabled: user.enabled,
            created_at: Some(user.created_at),
            modified_at: Some(user.modified_at),
            signed_in_at: user.signed_in_at,
            groups: user.groups,
            attributes: user.attributes,
            mfa: UserMfa {
                pending_software_token: None,
                ..user.mfa
            },
            devices: devices.into_iter().map(SeedDevice::from).collect(),
            passkeys,
            sub: Some(user.sub),
        }
    }

    /// The user, without the groups.
    ///
    /// # Errors
    /// `InvalidParameterException` for a name the pool does not take.
    pub(super) fn made(&self, core: &Core, settings: &Settings, now: i64) -> Result<User> {
        let sub = self
            .sub
            .clone()
            .unwrap_or_else(|| core.new_id_by(settings, IdOf::User));
        let mut attributes = self.attributes.clone();
        let username = take_username(settings, &self.username, &sub, &mut attributes)?;
        for address in [Address::Email, Address::PhoneNumber] {
            if let Some(value) = attributes.get_mut(address.attribute()) {
                *value = value.to_lowercase();
                attributes
                    .entry(address.verified().to_owned())
                    .and_modify(|verified| verified.make_ascii_lowercase())
                    .or_insert_with(|| "true".to_owned());
            }
        }
        let password_hash = match (&self.password, &self.password_verifier) {
            (Some(password), _) => core.passwords.hash(&username, password, &core.random),
            (None, verifier) => verifier.clone().unwrap_or_default(),
        };
        let created_at = self.created_at.unwrap_or(now);
        Ok(User {
            sub,
            username,
            password_hash,
            password_set_at: self.password_set_at.unwrap_or(now),
            password_history: self.password_history.clone(),
            status: self.status,
            enabled: self.enabled,
            attributes,
            groups: Vec::new(),
            mfa: UserMfa {
                pending_software_token: None,
                ..self.mfa.clone()
            },
            created_at,
            modified_at: self.modified_at.unwrap_or(created_at),
            signed_in_at: self.signed_in_at,
            epoch: 0,
        })
    }

    /// Every time the file gives.
    pub(super) fn times(&self) -> impl Iterator<Item = i64> {
        let own = [
            self.password_set_at,
            self.created_at,
            self.modified_at,
            self.signed_in_at,
        ];
        let devices = self.devices.iter().flat_map(|device| {
            [
                device.created_at,
                device.modified_at,
                device.authenticated_at,
            ]
        });
        let passkeys = self.passkeys.iter().map(|passkey| passkey.created_at);
        own.into_iter().flatten().chain(devices).chain(passkeys)
    }
}

impl SeedDevice {
    pub(super) fn of(&self, sub: &str) -> Device {
        Device {
            device_key: self.key.clone(),
            sub: sub.to_owned(),
            name: self.name.clone(),
            verifier: self.verifier.clone(),
            remembered: self.remembered,
            ip: self.ip.clone(),
            created_at: self.created_at,
            modified_at: self.modified_at,
            authenticated_at: self.authenticated_at,
        }
    }
}

impl From<Device> for SeedDevice {
    fn from(device: Device) -> Self {
        Self {
            key: device.device_key,
            name: device.name,
            verifier: device.verifier,
            remembered: device.remembered,
            ip: device.ip,
            created_at: device.created_at,
            modified_at: device.modified_at,
            authenticated_at: device.authenticated_at,
        }
    }
}

fn confirmed() -> Status {
    Status::Confirmed
}

fn enabled() -> bool {
    true
}
