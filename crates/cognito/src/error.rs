//! What can go wrong, and the one question about it: is the token dead?

/// Settings no client can be made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Not an `http` or `https` URL.
    #[error("{name} must be an http or https URL")]
    Address {
        /// Which setting.
        name: &'static str,
    },
    /// An empty client id.
    #[error("app client id is empty")]
    ClientId,
    /// The HTTP client could not be made, for want of TLS roots mostly.
    #[error("http client cannot be built")]
    Http(#[source] reqwest::Error),
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Cognito said in so many words that the code or token is dead.
    #[error("refused by Cognito: {error}")]
    Fatal {
        /// `error` (RFC 6749 §5.2) or `__type` of the answer.
        error: String,
    },
    /// No connection, no answer in time, overload, or a refusal that is about this app
    /// client and not the token: the token may be good.
    #[error("no result from Cognito: {what}")]
    Transient {
        /// What happened, in a few words.
        what: String,
    },
    /// An answer that is not Cognito's, such as a proxy's page: the token may be good.
    #[error("answer is not of the protocol; check the addresses of the user pool")]
    Protocol,
}

impl CallError {
    /// Whether the code or token is dead. When in doubt it is not.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Fatal { .. })
    }
}
