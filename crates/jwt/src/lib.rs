//! Verification of Amazon Cognito tokens: RS256 only, keys kept parsed and fresh, claims typed.
//!
//! A user pool and an app client id in, verified claims out; which tokens a [`Verifier`]
//! takes is its type.
//!
//! ```no_run
//! # #[cfg(feature = "http")]
//! # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use cogward_jwt::{AccessClaims, UserPool, Verifier};
//!
//! let pool = UserPool::new("us-east-1_AbCdEfGhI")?;
//! let verifier = Verifier::<AccessClaims>::new(pool, "1example23456789").require_scope("orders/read");
//! let claims = verifier.verify(token).await?;
//! println!("{} may read orders", claims.sub);
//! # Ok(()) }
//! ```

pub mod alb;
#[cfg(any(feature = "axum", feature = "tower"))]
pub mod bearer;
#[cfg(feature = "cache")]
mod cache;
mod claims;
mod error;
mod fetch;
mod flight;
#[cfg(feature = "http")]
mod http_keys;
mod inspect;
mod json;
mod keys;
mod members;
mod parse;
mod policy;
mod revocations;
mod user_pool;
mod verify;
#[cfg(test)]
mod wycheproof;

#[cfg(feature = "cache")]
pub use cache::TokenCache;
pub use claims::{AccessClaims, AnyClaims, Claims, IdClaims};
pub use error::VerifyError;
pub use fetch::{FetchError, FetchKeys, Fetching};
pub use flight::Keys;
#[cfg(feature = "http")]
pub use http_keys::HttpKeys;
pub use inspect::{InspectError, UnverifiedToken};
pub use keys::{KeySet, KeySetError, KeySetFileError};
pub use parse::Unverified;
pub use policy::{ClientIds, NoClientId};
pub use revocations::Revocations;
pub use user_pool::{UserPool, UserPoolError};
pub use verify::{Verified, Verifier};
