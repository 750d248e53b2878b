use std::borrow::Cow;

/// A refusal in Cognito's words: the exception's name and its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub(crate) struct ApiError {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
}

pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    pub(crate) fn new(
        kind: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
        }
    }

    pub(crate) fn not_authorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("NotAuthorizedException", message)
    }

    pub(crate) fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    pub(crate) fn wrong_password() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    pub(crate) fn user_not_found(message: &'static str) -> Self {
        Self::new("UserNotFoundException", message)
    }

    /// Of a user who was there a moment ago.
    pub(crate) fn user_gone() -> Self {
        Self::user_not_found("User does not exist.")
    }

    pub(crate) fn not_confirmed() -> Self {
        Self::new("UserNotConfirmedException", "User is not confirmed.")
    }

    pub(crate) fn reset_required() -> Self {
        Self::new(
            "PasswordResetRequiredException",
            "Password reset required for the user",
        )
    }

    pub(crate) fn disabled() -> Self {
        Self::not_authorized("User is disabled.")
    }

    pub(crate) fn internal() -> Self {
        Self::new("InternalErrorException", "Internal error")
    }

    /// Of a call that began before everything was forgotten.
    pub(crate) fn reset() -> Self {
        Self::new("InternalErrorException", "The pool was reset meanwhile.")
    }

    /// The model marks these two as the service's fault; everything else is 400.
    pub(crate) fn is_fault(&self) -> bool {
        matches!(
            &*self.kind,
            "InternalErrorException" | "InternalServerException"
        )
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationAborted) {
            return Self::reset();
        }
        tracing::error!(%error, "the pool's database failed");
        Self::internal()
    }
}
