//! Why a token was not accepted.

use std::error::Error;
use std::sync::Arc;

use crate::fetch::FetchError;

/// Why a token was not accepted. No message quotes the token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No JWS in compact form, or its JSON is broken or names something twice.
    #[error("token is malformed")]
    Malformed,
    /// Not RS256, no `kid`, or an extension (`crit`, `b64`, `zip`).
    #[error("token header is not that of a Cognito token")]
    Header,
    /// The issuer has no such key.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// Changed, or signed by someone else.
    #[error("token signature does not verify")]
    Signature,
    /// `exp` is over.
    #[error("token has expired")]
    Expired,
    /// `nbf` or `iat` is ahead.
    #[error("token is not valid yet")]
    NotYetValid,
    /// Another user pool's token.
    #[error("token is from another issuer")]
    Issuer,
    /// Another app client's token.
    #[error("token is for another app client")]
    Audience,
    /// An access token where an ID token is wanted, or the reverse.
    #[error("token is of the wrong kind")]
    TokenUse,
    /// A claim that is missing or of the wrong type.
    #[error("token claim `{name}` is missing or unusable")]
    Claim {
        /// The claim's name.
        name: &'static str,
    },
    /// A machine's token (`client_credentials`) where a person's is wanted.
    #[error("token is a machine's, not a person's")]
    NotAPerson,
    /// In none of the groups that are wanted.
    #[error("token's user is not in a group that may do this")]
    Group,
    /// Without a scope that is wanted.
    #[error("token does not have the scope for this")]
    Scope,
    /// Its user has signed out everywhere since it was issued.
    #[error("token was revoked")]
    Revoked,
    /// A check of yours refused it.
    #[error("token was refused by a check of the application's")]
    Refused {
        /// What that check said.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// Nothing is known about the token, for want of keys.
    #[error("signing keys are unavailable")]
    KeysUnavailable {
        /// What stood in the way.
        #[source]
        source: FetchError,
    },
}

impl VerifyError {
    /// Whether the same token may pass in a moment: the fault is not the token's.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::KeysUnavailable { .. })
    }

    /// Whether the token is good, but not enough for this: HTTP status 403
    /// (RFC 6750 §3.1, `insufficient_scope`).
    pub fn is_insufficient(&self) -> bool {
        matches!(self, Self::Group | Self::Scope)
    }
}
