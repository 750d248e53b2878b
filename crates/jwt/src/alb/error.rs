//! What can go wrong.

#[cfg(feature = "http")]
use std::sync::Arc;

use super::fetch::AlbFetchError;
use super::key::AlbKeyError;

/// Why a value of `x-amzn-oidc-data` was not accepted. No message quotes it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlbError {
    /// Not three segments of base64url with a signature of 64 bytes, longer than 16 KiB, or its
    /// JSON is broken or names something twice.
    #[error("load balancer token is malformed")]
    Malformed,
    /// Not ES256, a `kid` that is no UUID, or an extension (`crit`, `b64`, `zip`).
    #[error("token header is not that of a load balancer")]
    Header,
    /// Another load balancer's.
    #[error("token is from another load balancer")]
    Signer,
    /// For another app client.
    #[error("load balancer token is for another app client")]
    Client,
    /// The person was signed in by another issuer.
    #[error("load balancer token is from another issuer")]
    Issuer,
    /// An `exp` is over.
    #[error("load balancer token has expired")]
    Expired,
    /// `nbf` is ahead.
    #[error("load balancer token is not valid yet")]
    NotYetValid,
    /// A claim that is missing or of the wrong type.
    #[error("load balancer token's claim `{name}` is missing or unusable")]
    Claim {
        /// The claim's name.
        name: &'static str,
    },
    /// The key server has no such key.
    #[error("load balancer token is signed with an unknown key")]
    UnknownKey,
    /// Changed, or signed by someone else.
    #[error("load balancer token's signature does not verify")]
    Signature,
    /// Nothing is known about the token: the key server could not be asked.
    #[error("load balancer's signing key is unavailable")]
    KeyUnavailable {
        /// What stood in the way.
        #[source]
        source: AlbFetchError,
    },
    /// Nothing is known about the token: others named so many unknown keys that the key server
    /// is not asked for this one now.
    #[error("load balancer's signing key was not looked up: too many unknown ones are asked for")]
    Flooded,
}

impl AlbError {
    /// Whether the same token may pass in a moment: the fault is not the token's.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::KeyUnavailable { .. } | Self::Flooded)
    }
}

/// Why a verifier cannot be made of these arguments.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlbConfigError {
    /// Not the ARN of an Application Load Balancer.
    #[error("load balancer ARN `{arn}` is not usable: {fault}")]
    Arn {
        /// As it was given, escaped and shortened.
        arn: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Keys are a region's; this load balancer is not of the first one's.
    #[error("load balancer `{arn}` is of another region: make a verifier for each region")]
    Region {
        /// As it was given.
        arn: String,
    },
    /// An empty issuer or client.
    #[error("{name} is empty: give that of the listener rule's action")]
    Empty {
        /// The argument.
        name: &'static str,
    },
    /// A preloaded key of no use.
    #[error("preloaded key `{kid}` is not usable")]
    Key {
        /// The name it was given under, escaped and shortened.
        kid: String,
        /// What is wrong with it.
        #[source]
        source: AlbKeyError,
    },
    /// No HTTP client could be made.
    #[cfg(feature = "http")]
    #[error("the HTTP client for the key server cannot be made")]
    Client(#[source] Arc<reqwest::Error>),
}

impl AlbConfigError {
    pub(super) fn arn(arn: &str, fault: &'static str) -> Self {
        let arn = shown(arn);
        Self::Arn { arn, fault }
    }

    pub(super) fn key(kid: &str, source: AlbKeyError) -> Self {
        let kid = shown(kid);
        Self::Key { kid, source }
    }
}

fn shown(text: &str) -> String {
    text.escape_default().take(200).collect()
}
