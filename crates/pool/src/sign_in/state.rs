use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::custom::Round;
use super::{Begin, decoy};
use crate::client::AuthFlow;
use crate::core::Core;
use crate::settings::{Address, FirstFactor};
use crate::user::{Named, decoy_subject, valid_address};
use crate::web_authn::Ceremony;

/// Everything a sign-in under way knows; kept between calls.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SignIn {
    pub(crate) client_id: String,
    pub(crate) channel: Channel,
    pub(crate) flow: AuthFlow,
    /// As it was typed.
    pub(crate) name: String,
    /// `None`: nobody has this name, and no answer will be right.
    pub(crate) sub: Option<String>,
    /// The user's when it began: what voids sign-ins raises that.
    #[serde(default)]
    pub(crate) epoch: i64,
    /// The first factor that was shown.
    pub(crate) first_factor: Option<FirstFactor>,
    /// A second factor was shown, or the first counts for both.
    pub(crate) second_factor: bool,
    /// `DEVICE_KEY`, as the client claims.
    pub(crate) device_key: Option<String>,
    /// In `CUSTOM_AUTH`: the challenges so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rounds: Vec<Round>,
    /// That device has proven its secret.
    pub(crate) device_shown: bool,
    /// The hash of the session that its device answered without, until it has proven its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) left_open: Option<Vec<u8>>,
    /// Where the call at hand comes from, when it is one of the API.
    #[serde(skip)]
    pub(super) peer: Option<IpAddr>,
    /// `ClientMetadata` of the call at hand: functions are given it.
    #[serde(skip)]
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) awaits: Awaits,
    /// What a passkey was asked for, with the choice of factors or after it.
    #[serde(default)]
    pub(crate) ceremony: Option<Ceremony>,
}

/// Which door a sign-in came through; it stays with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Channel {
    Api,
    Admin,
    Hosted,
}

/// The challenge that waits for its answer, with what is needed to judge it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Awaits {
    /// Nothing yet.
    Nothing,
    SelectChallenge,
    Password,
    PasswordSrp,
    /// The exchange, as text: a secret.
    PasswordVerifier {
        exchange: String,
    },
    WebAuthn,
    DeviceSrp,
    /// The exchange, as text: a secret.
    DevicePasswordVerifier {
        exchange: String,
    },
    NewPassword,
    /// What the functions keep to themselves.
    CustomChallenge {
        private: BTreeMap<String, String>,
        metadata: Option<String>,
    },
    /// A code that was sent, as a first factor or a second.
    Code(SentCode),
    SoftwareToken,
    SelectMfaType,
    MfaSetup(Enrolment),
    /// The code of a sign-up.
    Confirmation,
    /// Somebody who has just confirmed.
    StraightIn,
}

/// A code that was sent, and where.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentCode {
    pub(crate) code: String,
    pub(crate) address: Address,
    /// `None`: nothing was sent, since nobody has the name.
    pub(crate) recipient: Option<String>,
    pub(crate) role: CodeRole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CodeRole {
    FirstFactor,
    SecondFactor,
    /// The second factor of somebody who gave the address a moment ago.
    SettingUp,
}

/// How far an authenticator app is enrolled by this sign-in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Enrolment {
    Begun,
    /// The Base32 secret the next code is of.
    Secret(String),
    /// The app is the user's: the hash of its secret.
    Done(Vec<u8>),
}

impl Awaits {
    /// The challenge's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::SelectChallenge => "SELECT_CHALLENGE",
            Self::Password => "PASSWORD",
            Self::PasswordSrp => "PASSWORD_SRP",
            Self::PasswordVerifier { .. } => "PASSWORD_VERIFIER",
            Self::WebAuthn => "WEB_AUTHN",
            Self::DeviceSrp => "DEVICE_SRP_AUTH",
            Self::DevicePasswordVerifier { .. } => "DEVICE_PASSWORD_VERIFIER",
            Self::NewPassword => "NEW_PASSWORD_REQUIRED",
            Self::CustomChallenge { .. } => "CUSTOM_CHALLENGE",
            Self::Code(sent) => sent.name(),
            Self::SoftwareToken => "SOFTWARE_TOKEN_MFA",
            Self::SelectMfaType => "SELECT_MFA_TYPE",
            Self::MfaSetup(_) => "MFA_SETUP",
            // No challenges: each has an operation of its own.
            Self::Confirmation => "ConfirmSignUp",
            Self::StraightIn => "InitiateAuth",
        }
    }
}

impl SentCode {
    fn name(&self) -> &'static str {
        match (self.address, self.role) {
            (Address::Email, _) => "EMAIL_OTP",
            (Address::PhoneNumber, CodeRole::FirstFactor) => "SMS_OTP",
            (Address::PhoneNumber, CodeRole::SecondFactor | CodeRole::SettingUp) => "SMS_MFA",
        }
    }
}

impl SignIn {
    pub(super) fn new(begin: &Begin<'_>, named: &Named) -> Self {
        Self {
            client_id: begin.client.id.clone(),
            channel: begin.channel,
            flow: begin.flow,
            name: begin.name.to_owned(),
            sub: named.user.as_ref().map(|user| user.sub.clone()),
            epoch: named.user.as_ref().map_or(0, |user| user.epoch),
            first_factor: None,
            second_factor: false,
            device_key: begin
                .parameters
                .get("DEVICE_KEY")
                .map(|key| (*key).to_owned()),
            rounds: Vec::new(),
            device_shown: false,
            left_open: None,
            peer: begin.peer,
            metadata: begin.metadata.clone(),
            awaits: Awaits::Nothing,
            ceremony: None,
        }
    }

    /// A device is to answer, and no other than the one that was asked.
    pub(super) fn asks_device(&self) -> bool {
        matches!(
            self.awaits,
            Awaits::DeviceSrp | Awaits::DevicePasswordVerifier { .. }
        )
    }

    /// The internal id that a name nobody has seems to have, always the same.
    pub(crate) fn decoy_id(&self, core: &Core) -> String {
        let settings = &core.definition().settings;
        let is_username = if settings.username_attributes.is_empty() {
            let aliases = &settings.alias_attributes;
            !aliases.iter().any(|kind| valid_address(*kind, &self.name))
        } else {
            self.name.len() == 36 && uuid::Uuid::try_parse(&self.name).is_ok()
        };
        if is_username {
            decoy::cased(core, &self.name)
        } else {
            core.passwords.decoy_id(&self.name)
        }
    }

    /// Whether `name` is the id that was told for the name nobody has.
    pub(super) fn is_decoy_id(&self, core: &Core, name: &str) -> bool {
        self.sub.is_none() && self.decoy_id(core) == name
    }

    /// What failures are counted under.
    pub(crate) fn subject(&self) -> String {
        self.sub
            .clone()
            .unwrap_or_else(|| decoy_subject(&self.name))
    }
}
