pub(crate) type Result<T, E = WebAuthnError> = std::result::Result<T, E>;

/// Why a registration or a sign-in with a passkey is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebAuthnError {
    #[error("this challenge is unknown or has expired: start again")]
    ChallengeNotFound,
    #[error("the passkey belongs to another relying party than this user pool's")]
    RelyingPartyMismatch,
    #[error("another app client started this: finish it with the one that did")]
    ClientMismatch,
    #[error("the page's origin does not belong to the relying party")]
    OriginNotAllowed,
    /// Well formed, but of a kind that is not taken.
    #[error("the passkey is not supported: {0}")]
    CredentialNotSupported(&'static str),
    /// Malformed, forged or incomplete.
    #[error("the credential is not valid: {0}")]
    NotValid(&'static str),
}

impl WebAuthnError {
    /// The exception of `CompleteWebAuthnRegistration`. A sign-in knows only
    /// `NotAuthorizedException`, whatever was wrong.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ChallengeNotFound => "WebAuthnChallengeNotFoundException",
            Self::RelyingPartyMismatch => "WebAuthnRelyingPartyMismatchException",
            Self::ClientMismatch => "WebAuthnClientMismatchException",
            Self::OriginNotAllowed => "WebAuthnOriginNotAllowedException",
            Self::CredentialNotSupported(_) => "WebAuthnCredentialNotSupportedException",
            Self::NotValid(_) => "InvalidParameterException",
        }
    }
}
