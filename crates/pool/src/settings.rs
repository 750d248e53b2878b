//! What holds for the whole pool: `POST /_local/settings` and `[pool]` of a seed file.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::web_authn::UserVerification;

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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mfa {
    Off,
    Optional,
    On,
}

/// An attribute that codes can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Address {
    Email,
    PhoneNumber,
}

impl Address {
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// The attribute that says whether it was verified.
    pub(crate) fn verified(self) -> &'static str {
        match self {
            Self::Email => "email_verified",
            Self::PhoneNumber => "phone_number_verified",
        }
    }

    /// Cognito's `DeliveryMedium`.
    pub(crate) fn medium(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::PhoneNumber => "SMS",
        }
    }

    /// Whose `verified` attribute this is.
    pub(crate) fn of_verified(name: &str) -> Option<Self> {
        [Self::Email, Self::PhoneNumber]
            .into_iter()
            .find(|address| address.verified() == name)
    }

    pub(crate) fn of_attribute(name: &str) -> Option<Self> {
        [Self::Email, Self::PhoneNumber]
            .into_iter()
            .find(|address| address.attribute() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Recovery {
    VerifiedEmail,
    VerifiedPhoneNumber,
    AdminOnly,
}

/// Named as their challenges are; e-mail codes as a second factor are `EMAIL_OTP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SecondFactor {
    SmsMfa,
    SoftwareTokenMfa,
    EmailOtp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum FirstFactor {
    Password,
    EmailOtp,
    SmsOtp,
    WebAuthn,
}

/// Whether browsers and telephones are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Devices {
    Off,
    /// Each one as soon as it is confirmed.
    Always,
    /// One whose user says so (`DeviceOnlyRememberedOnUserPrompt`).
    UserOptIn,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Passkeys {
    /// Off: `WebAuthnNotEnabledException`.
    pub(crate) enabled: bool,
    pub(crate) relying_party_id: String,
    pub(crate) user_verification: UserVerification,
    /// A passkey with user verification counts for both factors
    /// (`MULTI_FACTOR_WITH_USER_VERIFICATION`).
    pub(crate) multi_factor: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PasswordPolicy {
    pub(crate) minimum_length: i64,
    pub(crate) require_lowercase: bool,
    pub(crate) require_uppercase: bool,
    pub(crate) require_numbers: bool,
    pub(crate) require_symbols: bool,
    /// How many earlier passwords may not come again.
    pub(crate) history_size: i64,
    pub(crate) temporary_password_days: i64,
}

impl Passkeys {
    /// The relying party whose passkeys there are, if there are any.
    pub(crate) fn relying_party(&self) -> Option<String> {
        let id = self.relying_party_id.to_ascii_lowercase();
        (self.enabled && !id.is_empty()).then_some(id)
    }

    fn check(&self) -> Result<(), String> {
        let id = self.relying_party_id.to_ascii_lowercase();
        let is_host = matches!(Host::parse(&id), Ok(Host::Domain(host)) if host == id);
        if id.is_empty() || (is_host && id.len() <= 127) {
            return Ok(());
        }
        Err(format!(
            "passkeys.relying_party_id {id:?} must be a host name, as localhost or example.com"
        ))
    }
}

/// The HTTP endpoints that stand in for Lambda functions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Triggers {
    pub(crate) define_auth_challenge: Option<Url>,
    pub(crate) create_auth_challenge: Option<Url>,
    pub(crate) verify_auth_challenge_response: Option<Url>,
}

/// What Cognito limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// After five wrong passwords or codes of a second factor.
    pub(crate) lockout: bool,
    /// How often an hour a user may try a code.
    pub(crate) attempts: bool,
    /// How often an hour a code is sent to a user.
    pub(crate) messages: bool,
    /// Calls a second of each category, and of each user.
    pub(crate) requests: bool,
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
        }
    }
}

impl Default for Passkeys {
    fn default() -> Self {
        Self {
            enabled: true,
            relying_party_id: "localhost".to_owned(),
            user_verification: UserVerification::Preferred,
            multi_factor: false,
        }
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_lowercase: true,
            require_uppercase: true,
            require_numbers: true,
            require_symbols: true,
            history_size: 0,
            temporary_password_days: 7,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lockout: true,
            attempts: true,
            messages: false,
            requests: false,
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
        let policy = &self.password_policy;
        for (name, value, range) in [
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
            (
                "password_policy.minimum_length",
                policy.minimum_length,
                6..=99,
            ),
            ("password_policy.history_size", policy.history_size, 0..=24),
            (
                "password_policy.temporary_password_days",
                policy.temporary_password_days,
                0..=365,
            ),
        ] {
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

impl Triggers {
    fn check(&self) -> Result<(), String> {
        let urls = [
            &self.define_auth_challenge,
            &self.create_auth_challenge,
            &self.verify_auth_challenge_response,
        ];
        match urls
            .into_iter()
            .flatten()
            .find(|url| url.scheme() != "http")
        {
            Some(url) => Err(format!(
                "triggers: {url} must be an http URL: functions run beside the pool"
            )),
            None => Ok(()),
        }
    }
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
