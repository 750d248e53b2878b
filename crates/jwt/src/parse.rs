//! The compact serialization (RFC 7515 §7.1), read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::VerifyError;
use crate::members::{self, Member, members};

/// Cognito's tokens are some 1 to 3 KB; no header line carries more than this.
const MAX_TOKEN: usize = 16 * 1024;
/// An RSA signature is as long as the modulus: 4096 bits at most.
const MAX_SIGNATURE: usize = 512;

/// A token of the right form, of which nothing is proven yet: good for looking
/// up a key, and for nothing else.
#[derive(Debug)]
pub struct Unverified {
    kid: String,
}

impl Unverified {
    /// Reads `header.payload.signature`.
    ///
    /// # Errors
    /// [`VerifyError::Malformed`] for anything but three segments of canonical
    /// base64url (no padding, no stray bits) within 16 KiB under a JSON header with
    /// distinct names; [`VerifyError::Header`] for a header this library does not serve.
    pub fn parse(token: &str) -> Result<Self, VerifyError> {
        let parts = Parts::split(token)?;
        parts.payload()?;
        Ok(Self { kid: parts.kid()? })
    }

    /// The signature algorithm; there is one.
    pub fn alg(&self) -> &'static str {
        "RS256"
    }

    /// Names the signing key (RFC 7515 §4.1.4).
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

/// `header.payload.signature`, of which only the signature is decoded.
pub(crate) struct Parts<'t> {
    signing_input: &'t str,
    header: &'t str,
    payload: &'t str,
    signature: [u8; MAX_SIGNATURE],
    signature_len: usize,
}

impl<'t> Parts<'t> {
    pub(crate) fn split(token: &'t str) -> Result<Self, VerifyError> {
        let malformed = VerifyError::Malformed;
        if token.len() > MAX_TOKEN {
            return Err(malformed);
        }
        let (header, rest) = token.split_once('.').ok_or(malformed.clone())?;
        // A further dot is in the payload then, where it is not base64url.
        let (payload, encoded) = rest.rsplit_once('.').ok_or(malformed.clone())?;
        let signing_input = token.get(..header.len() + 1 + payload.len());
        let signing_input = signing_input.ok_or(malformed.clone())?;
        let mut signature = [0; MAX_SIGNATURE];
        let signature_len = URL_SAFE_NO_PAD
            .decode_slice(encoded, &mut signature)
            .map_err(|_| malformed)?;
        Ok(Self {
            signing_input,
            header,
            payload,
            signature,
            signature_len,
        })
    }

    /// As it stands in the token.
    pub(crate) fn encoded_header(&self) -> &'t str {
        self.header
    }

    /// What the header names, of which all else must be as it should.
    pub(crate) fn kid(&self) -> Result<String, VerifyError> {
        read_header(&decode(self.header)?)
    }

    /// What the signature is over.
    pub(crate) fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.signature.get(..self.signature_len).unwrap_or_default()
    }

    /// To be believed after the signature is found good.
    pub(crate) fn payload(&self) -> Result<Vec<u8>, VerifyError> {
        decode(self.payload)
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, VerifyError> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| VerifyError::Malformed)
}

/// JSON is UTF-8 (RFC 8259 §8.1).
pub(crate) fn utf8(json: Vec<u8>) -> Result<String, VerifyError> {
    String::from_utf8(json).map_err(|_| VerifyError::Malformed)
}

/// Keys a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
fn read_header(header: &[u8]) -> Result<String, VerifyError> {
    let header = std::str::from_utf8(header).map_err(|_| VerifyError::Malformed)?;
    let header: Header<'_> = members::read(header).map_err(|_| VerifyError::Malformed)?;
    if header.crit.is_some() || header.b64.is_some() || header.zip.is_some() {
        return Err(VerifyError::Header);
    }
    match (header.alg, header.kid) {
        (Some(Member::Text(alg)), Some(Member::Text(kid))) if alg == "RS256" && !kid.is_empty() => {
            Ok(kid.into_owned())
        }
        _ => Err(VerifyError::Header),
    }
}

members! {
    struct Header {
        alg = "alg",
        kid = "kid",
        crit = "crit",
        b64 = "b64",
        zip = "zip",
    }
}
