//! What a token says, for people's eyes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::json::Object;

/// Header and claims of a token of which **nothing is proven**: anybody can write one.
/// Good for looking at a token that was refused, never for deciding anything.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnverifiedToken {
    /// The JOSE header.
    pub unverified_header: Map<String, Value>,
    /// The claims.
    pub unverified_claims: Map<String, Value>,
}

/// Why a text cannot be shown as a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// Not three parts, or five.
    #[error("not a token: expected three parts with two dots between, found {parts}")]
    Parts {
        /// How many there are.
        parts: usize,
    },
    /// Encrypted (RFC 7516), as Cognito's refresh tokens are.
    #[error("an encrypted token, a refresh token most likely: only Cognito can read it")]
    Encrypted,
    /// Not base64url without padding.
    #[error("the token's {part} is not base64url")]
    Encoding {
        /// `header` or `payload`.
        part: &'static str,
    },
    /// Not a JSON object whose names are distinct.
    #[error("the token's {part} is not a JSON object with distinct names")]
    Json {
        /// `header` or `payload`.
        part: &'static str,
    },
}

impl UnverifiedToken {
    /// Takes a token apart, of any algorithm.
    ///
    /// # Errors
    /// See [`InspectError`].
    pub fn read(token: &str) -> Result<Self, InspectError> {
        let parts: Vec<&str> = token.split('.').collect();
        match parts.as_slice() {
            [header, payload, _] => Ok(Self {
                unverified_header: object("header", header)?,
                unverified_claims: object("payload", payload)?,
            }),
            [_, _, _, _, _] => Err(InspectError::Encrypted),
            other => Err(InspectError::Parts { parts: other.len() }),
        }
    }
}

fn object(part: &'static str, segment: &str) -> Result<Map<String, Value>, InspectError> {
    let bytes = URL_SAFE_NO_PAD.decode(segment.trim_end_matches('='));
    let bytes = bytes.map_err(|_| InspectError::Encoding { part })?;
    let object = serde_json::from_slice(&bytes);
    object
        .map(|Object(map)| map)
        .map_err(|_| InspectError::Json { part })
}
