//! Why there is no session, and why a sign-in did not happen.

use cogward_session::StoreError;

/// Why a request has no session to go on with.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No cookie, or none that this server issued.
    #[error("authentication required")]
    Anonymous,
    /// The cookie is genuine, its session is over: signed out, revoked or timed out.
    #[error("session expired")]
    Ended,
    /// The tokens ran out and there is no refresh token.
    #[error("token expired")]
    TokenExpired,
    /// Cognito said that the refresh token is dead; the session is destroyed.
    #[error("session expired: the refresh token was refused")]
    RefreshRefused,
    /// The session store did not answer; the session is as it was.
    #[error("session store unavailable")]
    Store(#[source] StoreError),
    /// Cognito (or, while renewing, the store) did not answer and the access
    /// token has run out; the session is kept.
    #[error("sign-in service unavailable")]
    Upstream,
    /// The machine gave no randomness, or a record could not be sealed.
    #[error("session could not be sealed")]
    Internal,
}

impl SessionError {
    /// Whether the same request may succeed later, with the session kept.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Upstream | Self::Internal)
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Why a sign-in cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum LoginRefusal {
    /// `return_to` is not a path on the frontend.
    #[error("return_to is refused")]
    ReturnPath(#[from] crate::ReturnPathError),
    /// `identity_provider` is not one that is configured.
    #[error("identity_provider is not configured")]
    IdentityProvider,
    /// Too many sign-ins begun.
    #[error("the limit is met")]
    Limited(#[from] crate::Limited),
    /// The session store did not answer.
    #[error("session store unavailable")]
    Store(#[from] StoreError),
    /// The machine gave no randomness.
    #[error("sign-in could not be prepared")]
    Internal,
}

/// Why a callback did not end in a session.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No sign-in of this browser waits for this `state`.
    #[error("invalid state")]
    InvalidState,
    /// Cognito sent the browser back with an error (RFC 6749 §4.1.2.1).
    #[error("the sign-in page answered with an error")]
    Provider {
        /// `error`, as sent: to be encoded and bounded before it is shown.
        error: String,
        /// `error_description`, as sent.
        description: Option<String>,
    },
    /// The code was not exchanged, or what came of it was not acceptable.
    #[error("sign-in failed")]
    Failed,
    /// The session store did not answer.
    #[error("session store unavailable")]
    Store(#[from] StoreError),
}

/// An error with everything behind it, for the log: `Display` of ours never
/// repeats its source.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
