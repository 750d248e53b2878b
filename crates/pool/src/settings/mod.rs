//! What holds for the whole pool: `POST /_local/settings` and `[pool]` of a seed file.

mod address;
mod factors;
mod limits;
mod passkeys;
mod password_policy;
mod triggers;

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub(crate) use address::{Address, Recovery};
pub(crate) use factors::{Devices, FirstFactor, Mfa, SecondFactor};
pub(crate) use limits::Limits;
pub(crate) use passkeys::Passkeys;
pub(crate) use password_policy::PasswordPolicy;
pub(crate) use triggers::Triggers;

use crate::user::is_standard;

/// Members in the words of the surface; see [`crate::local`] for what each does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) access_token_seconds: i64,
    pub(crate) id_token_seconds: i64,
    pub(crate) refresh_token_seconds: i64,
    #[serde(deserialize_with = "switch")]
    pub(crate) refresh_rotation: bool,
    pub(crate) refresh_grace_seconds: i64,
    /// A replaced token used too late ends its whole sign-in.
    pub(crate) refresh_reuse_revokes: bool,
    /// How long a browser stays signed in with the hosted pages; 0: it does not.
    pub(crate) hosted_session_seconds: i64,
    #[serde(deserialize_with = "switch")]
    pub(crate) prevent_user_existence_errors: bool,
    pub(crate) mfa: Mfa,
    /// What can be a second factor.
    pub(crate) mfa_factors: BTreeSet<SecondFactor>,
    pub(crate) password_policy: PasswordPolicy,
    /// What a person signs in with instead of a name of his own; empty: he chooses a name.
    pub(crate) username_attributes: BTreeSet<Address>,
    /// What he signs in with besides a name of his own, once it is verified.
    pub(crate) alias_attributes: BTreeSet<Address>,
    /// What a sign-up verifies.
    pub(crate) auto_verified_attributes: BTreeSet<Address>,
    /// Standard attributes that nobody signs up without.
    pub(crate) required_attributes: BTreeSet<String>,
    /// Keeps the old value until the new one is verified.
    pub(crate) verify_before_update: BTreeSet<Address>,
    /// Where a code to reset a password goes, first choice first.
    pub(crate) account_recovery: Vec<Recovery>,
    /// What `USER_AUTH` offers (`AllowedFirstAuthFactors`).
    pub(crate) first_factors: BTreeSet<FirstFactor>,
    pub(crate) devices: Devices,
    pub(crate) passkeys: Passkeys,
    /// How long a challenge waits for its answer.
    pub(crate) auth_session_seconds: i64,
    pub(crate) self_sign_up: bool,
    pub(crate) triggers: Triggers,
    pub(crate) limits: Limits,
    /// Six digits that every code is, for tests; an eight-digit one goes on with the first two.
    pub(crate) fixed_code: Option<String>,
    /// New users, sign-ins and devices have ids that are the same in every run; see [`crate::ids`].
    pub(crate) deterministic: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_seconds: 3600,
            id_token_seconds: 3600,
            refresh_token_seconds: 30 * 86400,
            refresh_rotation: false,
            refresh_grace_seconds: 0,
            refresh_reuse_revokes: false,
            hosted_session_seconds: 3600,
            prevent_user_existence_errors: true,
            mfa: Mfa::Off,
            mfa_factors: [
                SecondFactor::SmsMfa,
                SecondFactor::SoftwareTokenMfa,
                SecondFactor::EmailOtp,
            ]
            .into(),
            password_policy: PasswordPolicy::default(),
            username_attributes: [Address::Email].into(),
            alias_attributes: BTreeSet::new(),
            auto_verified_attributes: [Address::Email].into(),
            required_attributes: BTreeSet::new(),
            verify_before_update: BTreeSet::new(),
            account_recovery: vec![Recovery::VerifiedEmail, Recovery::VerifiedPhoneNumber],
            first_factors: [
                FirstFactor::Password,
                FirstFactor::EmailOtp,
                FirstFactor::SmsOtp,
                FirstFactor::WebAuthn,
            ]
            .into(),
            devices: Devices::Off,
            passkeys: Passkeys::default(),
            auth_session_seconds: 180,
            self_sign_up: true,
            triggers: Triggers::default(),
            limits: Limits::default(),
            fixed_code: None,
            deterministic: false,
        }
    }
}

impl Settings {
    /// With the members given; those of `password_policy` and the like one by one.
    ///
    /// # Errors
    /// A sentence that names the first bad member and the valid ones.
    pub(crate) fn patched(&self, members: &Map<String, Value>) -> Result<Self, String> {
        let mut patched = self.clone();
        for (name, given) in members {
            patched = patched
                .with(name, given)
                .map_err(|error| format!("{name}: {error}"))?;
        }
        // As in Cognito, what names are is decided once; a seed decides it.
        if patched.username_attributes != self.username_attributes
            || patched.alias_attributes != self.alias_attributes
        {
            return Err(
                "username_attributes and alias_attributes cannot be changed: begin with a seed"
                    .to_owned(),
            );
        }
        patched.check()?;
        Ok(patched)
    }

    fn with(&self, name: &str, given: &Value) -> serde_json::Result<Self> {
        let mut value = serde_json::to_value(self)?;
        match (value.get_mut(name), given) {
            (Some(Value::Object(part)), Value::Object(given)) => part.extend(given.clone()),
            _ => value = merged(&value, name, given),
        }
        serde_json::from_value(value)
    }

    /// # Errors
    /// A sentence that names what is out of range, or does not go together.
    pub(crate) fn check(&self) -> Result<(), String> {
        let own = [
            ("access_token_seconds", self.access_token_seconds, 1..=86400),
            ("id_token_seconds", self.id_token_seconds, 1..=86400),
            (
                "refresh_token_seconds",
                self.refresh_token_seconds,
                1..=315_360_000,
            ),
            ("refresh_grace_seconds", self.refresh_grace_seconds, 0..=60),
            (
                "hosted_session_seconds",
                self.hosted_session_seconds,
                0..=7_776_000,
            ),
            ("auth_session_seconds", self.auth_session_seconds, 1..=900),
        ];
        for (name, value, range) in own.into_iter().chain(self.password_policy.ranges()) {
            if !range.contains(&value) {
                let (from, to) = (range.start(), range.end());
                return Err(format!("{name} must be a whole number of {from} to {to}"));
            }
        }
        if let Some(code) = &self.fixed_code
            && (code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err("fixed_code must be six digits".to_owned());
        }
        self.passkeys.check()?;
        if let Some(name) = self
            .required_attributes
            .iter()
            .find(|name| !is_standard(name))
        {
            return Err(format!(
                "required_attributes: {name} must be one of Cognito's standard attributes, as given_name"
            ));
        }
        if !self.username_attributes.is_empty() && !self.alias_attributes.is_empty() {
            return Err(
                "username_attributes and alias_attributes exclude each other: empty one".to_owned(),
            );
        }
        self.triggers.check()
    }
}

fn merged(value: &Value, name: &str, given: &Value) -> Value {
    let members = value.as_object().cloned().unwrap_or_default();
    let given = (name.to_owned(), given.clone());
    members
        .into_iter()
        .filter(|(other, _)| other != name)
        .chain([given])
        .collect()
}

/// A boolean, or Cognito's words for it.
pub(crate) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(on) => Ok(on),
        Value::String(word) if word == "ENABLED" => Ok(true),
        Value::String(word) if word == "DISABLED" || word == "LEGACY" => Ok(false),
        _ => Err(serde::de::Error::custom(
            "a switch must be true, false, \"ENABLED\", \"DISABLED\" or \"LEGACY\"",
        )),
    }
}
