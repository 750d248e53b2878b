use serde::{Deserialize, Serialize};

use super::base64url::Base64Url;
use super::error::{Result, WebAuthnError};
use crate::random::Random;

/// What an authenticator was asked, to be kept until it answers and then forgotten, so that
/// one challenge is answered once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ceremony {
    /// 256 random bits as unpadded base64url.
    pub(crate) challenge: String,
    pub(crate) rp_id: String,
    pub(crate) user_handle: Base64Url,
    pub(crate) client_id: String,
    pub(crate) user_verification: UserVerification,
    /// Seconds since the Unix epoch.
    pub(crate) expires_at: i64,
}

/// Whether the authenticator must know its user, by a PIN or a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserVerification {
    Required,
    Preferred,
}

/// By whom and when a ceremony is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) client_id: &'a str,
    /// Origins to take instead of those that belong to the relying party.
    pub(crate) origins: Option<&'a [String]>,
    /// Seconds since the Unix epoch.
    pub(crate) now: i64,
}

impl Ceremony {
    /// Asks the user whose `sub` is given. As in Cognito, the user handle is the text of the `sub`.
    pub(crate) fn begin(
        random: &Random,
        rp_id: &str,
        sub: &str,
        client_id: &str,
        user_verification: UserVerification,
        expires_at: i64,
    ) -> Self {
        Self {
            challenge: random.token(),
            rp_id: rp_id.to_ascii_lowercase(),
            user_handle: Base64Url(sub.as_bytes().to_vec()),
            client_id: client_id.to_owned(),
            user_verification,
            expires_at,
        }
    }

    /// # Errors
    /// When it has expired, or another client began it.
    pub(super) fn check(&self, answer: &Answer<'_>) -> Result<()> {
        if self.expires_at <= answer.now {
            return Err(WebAuthnError::ChallengeNotFound);
        }
        if self.client_id != answer.client_id {
            return Err(WebAuthnError::ClientMismatch);
        }
        Ok(())
    }
}
