use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::base64url::Base64Url;
use super::error::{Result, WebAuthnError};

/// Bytes a credential in JSON may have; browsers send about two thousand.
const MAX_JSON: usize = 64 * 1024;

/// What `PublicKeyCredential.toJSON()` makes; `R` is what differs between a registration and
/// a sign-in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicKeyCredential<R> {
    pub(super) id: Base64Url,
    raw_id: Base64Url,
    #[serde(rename = "type")]
    kind: String,
    pub(super) response: R,
    pub(super) authenticator_attachment: Option<String>,
}

impl<R: DeserializeOwned> PublicKeyCredential<R> {
    /// # Errors
    /// When it is too long, lacks a member, or is no public key's.
    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        if json.len() > MAX_JSON {
            return Err(WebAuthnError::NotValid("it is longer than 64 KiB"));
        }
        let credential: Self = serde_json::from_slice(json).map_err(|_| {
            WebAuthnError::NotValid("it is not the JSON of a public key credential")
        })?;
        if credential.kind != "public-key" {
            return Err(WebAuthnError::NotValid("its type is not public-key"));
        }
        if credential.id != credential.raw_id {
            return Err(WebAuthnError::NotValid("its id and rawId differ"));
        }
        Ok(credential)
    }
}
