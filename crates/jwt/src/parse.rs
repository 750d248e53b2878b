//! The compact serialization (RFC 7515 §7.1), read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::json::Object;
use crate::verify::VerifyError;

/// Cognito's tokens are some 1 to 3 KB; no header line carries more than this.
const MAX_TOKEN: usize = 16 * 1024;

/// A token of the right form, of which nothing is proven yet: good for looking
/// up a key, and for nothing else.
pub struct Unverified<'t> {
    kid: String,
    signing_input: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Reads `header.payload.signature`.
    ///
    /// # Errors
    /// [`VerifyError::Malformed`] for anything but three segments of canonical
    /// base64url (no padding, no stray bits) within 16 KiB under a JSON header with
    /// distinct names; [`VerifyError::Header`] for a header this library does not serve.
    pub fn parse(token: &'t str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN {
            return Err(VerifyError::Malformed);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = signing_input
            .split_once('.')
            .ok_or(VerifyError::Malformed)?;
        if payload.contains('.') {
            return Err(VerifyError::Malformed);
        }
        let signature = decode(signature)?;
        Ok(Self {
            kid: read_header(&decode(header)?)?,
            signing_input,
            payload,
            signature,
        })
    }

    /// The signature algorithm; there is one.
    pub fn alg(&self) -> &'static str {
        "RS256"
    }

    /// Names the signing key (RFC 7515 §4.1.4).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What the signature is over.
    pub(crate) fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// To be read after the signature is found good.
    pub(crate) fn payload(&self) -> Result<Vec<u8>, VerifyError> {
        decode(self.payload)
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, VerifyError> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| VerifyError::Malformed)
}

/// Keys a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
fn read_header(header: &[u8]) -> Result<String, VerifyError> {
    let Object(mut header) = serde_json::from_slice(header).map_err(|_| VerifyError::Malformed)?;
    let extended = ["crit", "b64", "zip"]
        .iter()
        .any(|name| header.contains_key(*name));
    if extended || header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(VerifyError::Header);
    }
    match header.remove("kid") {
        Some(Value::String(kid)) if !kid.is_empty() => Ok(kid),
        _ => Err(VerifyError::Header),
    }
}
