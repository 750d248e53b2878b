//! Verification of Amazon Cognito tokens: RS256 only, keys kept parsed, claims typed.
//!
//! ```no_run
//! # async fn example(client: reqwest::Client, token: &str, now: i64) -> Result<(), Box<dyn std::error::Error>> {
//! use cogward_jwt::{HttpKeys, Keys, Verifier};
//! use std::{sync::Arc, time::Duration};
//!
//! let issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI";
//! let jwks = format!("{issuer}/.well-known/jwks.json").parse()?;
//! let keys = Keys::new(Arc::new(HttpKeys::new(client, jwks)));
//! keys.refresh().await?;
//! keys.keep_fresh(Duration::from_secs(3600));
//! let verifier = Verifier::new(issuer, "the-app-client-id", keys);
//! let claims = verifier.access_token(token, now).await?;
//! println!("{}", claims.sub);
//! # Ok(()) }
//! ```

mod claims;
mod fetch;
mod flight;
mod json;
mod keys;
mod parse;
mod verify;

pub use claims::{AccessClaims, IdClaims};
pub use fetch::{FetchError, FetchKeys, HttpKeys};
pub use flight::Keys;
pub use keys::{KeySet, KeySetError};
pub use parse::Unverified;
pub use verify::{ClientIds, NoClientId, Verified, Verifier, VerifyError};
