//! Values that do not print.

use std::fmt;

use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// A secret text: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The system's random source gave nothing.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes from the system; try again")]
pub struct RandomError;

/// A new secret for `SESSION_SECRET` or `SESSION_ENCRYPTION_KEY`: 32 random
/// bytes as 43 characters of base64url.
///
/// # Errors
/// When `rng` fails.
pub fn generate_secret(rng: &dyn SecureRandom) -> Result<Secret, RandomError> {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill(&mut *bytes).map_err(|_| RandomError)?;
    Ok(Secret::from(URL_SAFE_NO_PAD.encode(*bytes)))
}
