use serde::{Deserialize, Serialize};

use super::base64url::Base64Url;
use super::cose;

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

impl Credential {
    /// One that nobody made, to be asked for where a name is nobody's. Its key is the curve's
    /// base point: whoever signs as that shows nothing.
    pub(crate) fn decoy(id: [u8; 32], user_handle: &str, rp_id: &str) -> Self {
        Self {
            id: Base64Url(id.to_vec()),
            public_key: Base64Url(cose::BASE_POINT.to_vec()),
            sign_count: 0,
            user_handle: Base64Url(user_handle.as_bytes().to_vec()),
            rp_id: rp_id.to_owned(),
            transports: ["hybrid", "internal"].map(str::to_owned).into(),
            attachment: Some(Attachment::Platform),
            friendly_name: String::new(),
            aaguid: String::new(),
            backup_eligible: true,
            backed_up: true,
            user_verified: true,
            created_at: 0,
        }
    }
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
