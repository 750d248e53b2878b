use serde::{Deserialize, Serialize};

use super::base64url::Base64Url;

/// A passkey of a user, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub(crate) id: Base64Url,
    /// A COSE key, as the authenticator wrote it.
    pub(crate) public_key: Base64Url,
    /// The highest one seen; 0 of an authenticator that does not count.
    pub(crate) sign_count: u32,
    pub(crate) user_handle: Base64Url,
    pub(crate) rp_id: String,
    /// How to reach the authenticator, in the browser's words ("internal", "usb", …).
    pub(crate) transports: Vec<String>,
    pub(crate) attachment: Option<Attachment>,
    pub(crate) friendly_name: String,
    /// The authenticator's model as a UUID; zeros when it does not tell.
    pub(crate) aaguid: String,
    /// Whether it may leave the authenticator, which never changes.
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
    /// Whether its authenticator has ever verified the user.
    pub(crate) user_verified: bool,
    /// Seconds since the Unix epoch.
    pub(crate) created_at: i64,
}

/// Whether the authenticator is part of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Attachment {
    Platform,
    CrossPlatform,
}

impl Attachment {
    /// `None` for a word of later standards, which they say to ignore.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "platform" => Some(Self::Platform),
            "cross-platform" => Some(Self::CrossPlatform),
            _ => None,
        }
    }
}
