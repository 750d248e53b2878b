//! What a person shows to sign in, and on which devices.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mfa {
    Off,
    Optional,
    On,
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
