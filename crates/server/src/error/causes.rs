//! What each failure below HTTP is in the catalogue. Those of accounts stand with their routes.

use cogward_auth::authorize::AuthorizeError;
use cogward_auth::{BearerError, LoginRefusal, SessionError};
use cogward_jwt::bearer::Refusal;
use cogward_policy::Invalid;

use super::{Code, Error};

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Anonymous => Code::NotAuthenticated.into(),
            SessionError::Ended => Code::SessionEnded.into(),
            SessionError::TokenExpired => Code::TokenExpired.into(),
            SessionError::RefreshRefused => Code::RefreshFailed.into(),
            SessionError::Store(_) | SessionError::Upstream => {
                Self::from(Code::Unavailable).caused_by(&error)
            }
            SessionError::Internal => Self::from(Code::Internal).caused_by(&error),
        }
    }
}

impl From<LoginRefusal> for Error {
    fn from(refusal: LoginRefusal) -> Self {
        match refusal {
            LoginRefusal::ReturnPath(_) => Code::ReturnPath.into(),
            LoginRefusal::IdentityProvider => Code::IdentityProvider.into(),
            LoginRefusal::Limited(limited) => Self::limited(limited),
            LoginRefusal::Store(source) => SessionError::Store(source).into(),
            LoginRefusal::Internal => Self::from(Code::Internal).caused_by(&refusal),
        }
    }
}

impl From<BearerError> for Error {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Token(error) => Self::from(Refusal::of(&error)).caused_by(&error),
            BearerError::Unchecked(error) => error.into(),
        }
    }
}

impl From<&AuthorizeError> for Code {
    fn from(error: &AuthorizeError) -> Self {
        match error {
            AuthorizeError::Invalid(Invalid::Action) => Self::Action,
            AuthorizeError::Invalid(Invalid::Resource(_)) => Self::Resource,
            AuthorizeError::Invalid(_) => Self::Context,
            AuthorizeError::Unavailable => Self::NoPolicies,
            AuthorizeError::Evaluation(_) | AuthorizeError::TooLong => Self::Evaluation,
        }
    }
}

impl From<AuthorizeError> for Error {
    fn from(error: AuthorizeError) -> Self {
        let code = Code::from(&error);
        match &error {
            AuthorizeError::Invalid(Invalid::Action) => code.into(),
            AuthorizeError::Invalid(invalid) => code.saying(invalid.to_string()),
            // Cedar's own words would quote what is known of the resource.
            _ => Self::from(code).because(error.to_string()),
        }
    }
}
