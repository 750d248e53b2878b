//! Which error of the catalogue each refusal is.

use cogward_auth::accounts::AccountRefusal;
use cogward_auth::passkey::PasskeyRefusal;
use cogward_cognito::accounts::PasswordRule;
use cogward_cognito::{AccountError, Refusal};

use crate::error::{Code, Error};

/// Seconds after which a throttled call may be made again.
const RETRY_SECONDS: u32 = 2;
/// Cognito locks for a second at first, for 15 minutes in the end.
const LOCKED_SECONDS: u32 = 60;

impl From<AccountRefusal> for Error {
    fn from(refusal: AccountRefusal) -> Self {
        let code = match refusal {
            AccountRefusal::Off => Code::NotFound,
            AccountRefusal::Email => Code::InvalidEmail,
            AccountRefusal::Name("first_name") => Code::FirstName,
            AccountRefusal::Name(_) => Code::LastName,
            AccountRefusal::Terms => Code::Terms,
            AccountRefusal::Code => Code::WrongOrLate,
            AccountRefusal::Credentials => Code::Credentials,
            AccountRefusal::Password => Code::Password,
            AccountRefusal::NotRecent => Code::NotRecent,
            AccountRefusal::Passkey(refusal) => passkey(refusal),
            AccountRefusal::NoTokens => Code::NoTokens,
            AccountRefusal::Challenge(_) => Code::Challenge,
            AccountRefusal::Continuation => Code::Continuation,
            AccountRefusal::Answer(missing) => return Code::Answer.saying(missing),
            AccountRefusal::Store(error) => return cogward_auth::SessionError::Store(error).into(),
            AccountRefusal::Limited(limited) => return Self::limited(limited),
            AccountRefusal::Busy { seconds } => return Self::too_many(seconds),
            AccountRefusal::Cognito(AccountError::Refused(refusal)) => return refused(&refusal),
            AccountRefusal::Cognito(error @ AccountError::Misconfigured { .. }) => {
                return Self::from(Code::Internal).caused_by(&error);
            }
            AccountRefusal::Session(error) => return error.into(),
            AccountRefusal::Internal | AccountRefusal::Tokens => {
                return Self::from(Code::Internal).caused_by(&refusal);
            }
            error => return Self::from(Code::Unavailable).caused_by(&error),
        };
        code.into()
    }
}

fn refused(refusal: &Refusal) -> Error {
    let code = match refusal {
        Refusal::UserExists => Code::UserExists,
        Refusal::AliasExists => Code::AliasExists,
        Refusal::UserNotFound => Code::UserNotFound,
        Refusal::InvalidCredentials => Code::Credentials,
        Refusal::Disabled => Code::Disabled,
        Refusal::NotConfirmed => Code::NotConfirmed,
        Refusal::AlreadyConfirmed => Code::AlreadyConfirmed,
        Refusal::ResetRequired => Code::ResetRequired,
        Refusal::CodeMismatch => Code::Mistyped,
        Refusal::CodeExpired => Code::Late,
        Refusal::Password(rule) => password(*rule),
        Refusal::PasswordUsedBefore => Code::PasswordUsed,
        Refusal::TooManyAttempts | Refusal::LimitExceeded => {
            return Error::too_many(LOCKED_SECONDS);
        }
        Refusal::Throttled => return Error::too_many(RETRY_SECONDS),
        Refusal::ByFunction => Code::ByFunction,
        Refusal::InvalidParameter => Code::Parameter,
        Refusal::Ended => Code::SessionOver,
        Refusal::Scope => Code::Scope,
        Refusal::NotOffered => Code::NotOffered,
        Refusal::PasskeyLate => Code::PasskeyLate,
        Refusal::PasskeyRefused => Code::PasskeyRefused,
        Refusal::NoSuchPasskey => Code::PasskeyNotFound,
        other => return Error::from(Code::Unavailable).caused_by(other),
    };
    code.into()
}

fn passkey(refusal: PasskeyRefusal) -> Code {
    match refusal {
        PasskeyRefusal::Malformed => Code::NotAPasskey,
        PasskeyRefusal::Model => Code::PasskeyModel,
        PasskeyRefusal::Synchronised => Code::PasskeySynchronised,
    }
}

fn password(rule: Option<PasswordRule>) -> Code {
    match rule {
        Some(PasswordRule::Length) => Code::PasswordLength,
        Some(PasswordRule::Lowercase) => Code::PasswordLowercase,
        Some(PasswordRule::Uppercase) => Code::PasswordUppercase,
        Some(PasswordRule::Number) => Code::PasswordNumber,
        Some(PasswordRule::Symbol) => Code::PasswordSymbol,
        _ => Code::PasswordPolicy,
    }
}
