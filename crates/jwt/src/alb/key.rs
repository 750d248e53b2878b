//! One public key, and its name.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The name of a load balancer's key: a UUID in lower case, `8-4-4-4-12` hexadecimal digits, and
/// nothing else, so that it may stand in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlbKid(Arc<str>);

impl AlbKid {
    /// Reads a name; `None` if it is of any other form.
    pub fn parse(name: &str) -> Option<Self> {
        let groups = name.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let digits = name.bytes().all(|byte| byte == b'-' || is_lower_hex(byte));
        (groups && digits).then(|| Self(name.into()))
    }

    /// The name as it stands in the token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlbKid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// A public key that verifies ES256 and nothing else, parsed once.
#[derive(Debug)]
pub struct AlbKey(ParsedPublicKey);

/// Why a key is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlbKeyError {
    /// Not a UUID in lower case.
    #[error("its name is not a UUID in lower case")]
    Kid,
    /// Not one block `PUBLIC KEY`.
    #[error("it is not one PEM block `PUBLIC KEY`")]
    Pem,
    /// RSA, another curve, or a point that is not on the curve.
    #[error("it is not a public key on the curve P-256")]
    Curve,
}

impl AlbKey {
    /// Reads one PEM block `PUBLIC KEY` (RFC 7468 §13) with white space around it at most.
    ///
    /// # Errors
    /// [`AlbKeyError::Pem`] or [`AlbKeyError::Curve`].
    pub fn from_pem(pem: &str) -> Result<Self, AlbKeyError> {
        let body = pem
            .trim_ascii()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
            .ok_or(AlbKeyError::Pem)?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| AlbKeyError::Pem)?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, der);
        Ok(Self(key.map_err(|_| AlbKeyError::Curve)?))
    }

    /// ECDSA on P-256 with SHA-256, the signature being `r || s` (RFC 7518 §3.4).
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}
