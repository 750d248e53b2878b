//! Proof Key for Code Exchange (RFC 7636), S256: Cognito offers nothing else.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use crate::secret::PkceVerifier;

/// The system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes from the system")]
pub struct RandomError;

impl PkceVerifier {
    /// 256 random bits as 43 characters (RFC 7636 §7.1).
    ///
    /// # Errors
    /// The source of randomness failed.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, RandomError> {
        let mut bytes = [0; 32];
        rng.fill(&mut bytes).map_err(|_| RandomError)?;
        Ok(Self::from(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The `code_challenge` for the authorize page (RFC 7636 §4.2).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.expose().as_bytes()))
    }
}
