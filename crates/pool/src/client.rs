use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use crate::error::{ApiError, Result};

/// The app client without a secret.
pub const PUBLIC_CLIENT_ID: &str = "cogwardlocalpublicclient01";
/// The app client whose secret is [`CLIENT_SECRET`].
pub const SECRET_CLIENT_ID: &str = "cogwardlocalsecretclient01";
/// The secret of [`SECRET_CLIENT_ID`], the same in every local pool.
pub const CLIENT_SECRET: &str = "cogwardlocalsecret0123456789abcdef";

/// Scopes both clients may ask for.
pub(crate) const SCOPES: [&str; 5] = [
    "openid",
    "email",
    "phone",
    "profile",
    "aws.cognito.signin.user.admin",
];

/// An app client of the pool.
pub(crate) struct Client {
    pub(crate) id: &'static str,
    secret: Option<&'static str>,
}

static CLIENTS: [Client; 2] = [
    Client {
        id: PUBLIC_CLIENT_ID,
        secret: None,
    },
    Client {
        id: SECRET_CLIENT_ID,
        secret: Some(CLIENT_SECRET),
    },
];

impl Client {
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.id == id)
    }

    pub(crate) fn require(id: &str) -> Result<&'static Self> {
        Self::find(id).ok_or_else(|| {
            ApiError::new(
                "ResourceNotFoundException",
                format!("User pool client {id} does not exist."),
            )
        })
    }

    /// Whether `given` is the secret, or is absent where there is none.
    pub(crate) fn secret_matches(&self, given: Option<&str>) -> bool {
        match (self.secret, given) {
            (None, None) => true,
            (Some(secret), Some(given)) => secret.as_bytes().ct_eq(given.as_bytes()).into(),
            _ => false,
        }
    }

    /// Checks base64(HMAC-SHA256(secret, username || client id)); `username` as it was sent.
    pub(crate) fn check_secret_hash(&self, username: &str, given: Option<&str>) -> Result<()> {
        let id = self.id;
        match (self.secret, given) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(ApiError::not_authorized(format!(
                "Client {id} is not configured for secret but secret hash was received"
            ))),
            (Some(_), None) => Err(ApiError::not_authorized(format!(
                "Client {id} is configured with secret but SECRET_HASH was not received"
            ))),
            (Some(secret), Some(given)) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let tag = hmac::sign(&key, [username, id].concat().as_bytes());
                if STANDARD
                    .encode(tag)
                    .as_bytes()
                    .ct_eq(given.as_bytes())
                    .into()
                {
                    Ok(())
                } else {
                    Err(ApiError::not_authorized(format!(
                        "Unable to verify secret hash for client {id}"
                    )))
                }
            }
        }
    }
}
