#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod alb;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(any(feature = "axum", feature = "tower"))]
pub mod bearer;
#[cfg(feature = "cache")]
mod cache;
mod claims;
mod clock;
mod error;
mod fetch;
#[cfg(feature = "cache")]
mod fingerprint;
mod flight;
#[cfg(feature = "http")]
mod http_get;
#[cfg(feature = "http")]
mod http_keys;
mod inspect;
mod json;
mod keys;
mod members;
mod parse;
mod policy;
mod revocations;
#[cfg(feature = "tower")]
pub mod tower;
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
