//! Each refusal's status, code and sentence.

use cogward_auth::accounts::AccountRefusal;
use cogward_auth::passkey::PasskeyRefusal;
use cogward_cognito::accounts::PasswordRule;
use cogward_cognito::{AccountError, Refusal};
use http::StatusCode;

use crate::error::Error;

/// Seconds after which a throttled or unanswered call may be made again.
const RETRY_SECONDS: u32 = 2;
/// Cognito locks for a second at first, for 15 minutes in the end.
const LOCKED_SECONDS: u32 = 60;

impl From<AccountRefusal> for Error {
    fn from(refusal: AccountRefusal) -> Self {
        let bad = |code, message| Self::coded(StatusCode::BAD_REQUEST, code, message);
        let forbidden = |code, message| Self::coded(StatusCode::FORBIDDEN, code, message);
        match refusal {
            AccountRefusal::Off => Self::not_found(),
            AccountRefusal::Email => bad("invalid_email", "email must be a single e-mail address"),
            AccountRefusal::Name("first_name") => bad(
                "invalid_name",
                "first_name must be 1 to 100 characters of text",
            ),
            AccountRefusal::Name(_) => bad(
                "invalid_name",
                "last_name must be 1 to 100 characters of text",
            ),
            AccountRefusal::Terms => bad(
                "terms_not_accepted",
                "accept_terms must be true to register",
            ),
            AccountRefusal::Code => bad("invalid_code", "the code is wrong or has expired"),
            AccountRefusal::Credentials => refused(&Refusal::InvalidCredentials),
            AccountRefusal::Password => {
                forbidden("wrong_password", "the current password is wrong")
            }
            AccountRefusal::NotRecent => forbidden(
                "reauthentication_required",
                "sign in again to change how you sign in",
            ),
            AccountRefusal::Passkey(refusal) => passkey(refusal),
            AccountRefusal::NoTokens => bad(
                "tokens_not_given",
                "tokens are not given here: ask with \"session\": true",
            ),
            AccountRefusal::Challenge(_) => forbidden(
                "challenge_required",
                "this account signs in with a further step: use the hosted sign-in page",
            ),
            AccountRefusal::Continuation => bad(
                "invalid_continuation",
                "the continuation is used, late, or another browser's: sign in again",
            ),
            AccountRefusal::Answer(missing) => bad("bad_request", missing),
            AccountRefusal::Store(error) => cogward_auth::SessionError::Store(error).into(),
            AccountRefusal::Limited { seconds } => Self::too_many(seconds),
            AccountRefusal::Cognito(AccountError::Refused(refusal)) => refused(&refusal),
            AccountRefusal::Cognito(error @ AccountError::Misconfigured { .. }) => {
                Self::internal().caused_by(&error)
            }
            AccountRefusal::Session(error) => error.into(),
            AccountRefusal::Internal | AccountRefusal::Tokens => {
                Self::internal().caused_by(&refusal)
            }
            error => Self::unavailable(RETRY_SECONDS).caused_by(&error),
        }
    }
}

fn refused(refusal: &Refusal) -> Error {
    let error = Error::coded;
    let (bad, forbidden) = (StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN);
    match refusal {
        Refusal::UserExists => error(StatusCode::CONFLICT, "user_exists", "User already exists"),
        Refusal::AliasExists => error(
            StatusCode::CONFLICT,
            "address_taken",
            "another account has this address",
        ),
        Refusal::UserNotFound => error(
            StatusCode::NOT_FOUND,
            "user_not_found",
            "there is no account with this address",
        ),
        Refusal::InvalidCredentials => error(
            StatusCode::UNAUTHORIZED,
            "invalid_credentials",
            "wrong address or password",
        ),
        Refusal::Disabled => error(forbidden, "user_disabled", "this account is disabled"),
        Refusal::NotConfirmed => error(
            forbidden,
            "user_not_confirmed",
            "verify your address first: ask for a code with the purpose email_verification",
        ),
        Refusal::AlreadyConfirmed => {
            error(bad, "already_confirmed", "the address is verified already")
        }
        Refusal::ResetRequired => error(
            forbidden,
            "password_reset_required",
            "choose another password first: ask for a code with the purpose password_reset",
        ),
        Refusal::CodeMismatch => error(bad, "invalid_code", "the code is wrong"),
        Refusal::CodeExpired => error(bad, "expired_code", "the code has expired: ask for another"),
        Refusal::Password(rule) => error(bad, "password_policy", password(*rule)),
        Refusal::PasswordUsedBefore => error(
            bad,
            "password_used_before",
            "this password was used before: choose another",
        ),
        Refusal::TooManyAttempts | Refusal::LimitExceeded => Error::too_many(LOCKED_SECONDS),
        Refusal::Throttled => Error::too_many(RETRY_SECONDS),
        Refusal::ByFunction => error(bad, "refused_by_policy", "this is not allowed here"),
        Refusal::InvalidParameter => error(bad, "invalid_parameter", "a value is not accepted"),
        Refusal::Ended => error(StatusCode::UNAUTHORIZED, "session_over", "sign in again"),
        other => not_done(other),
    }
}

/// Of what a person does to an account.
fn not_done(refusal: &Refusal) -> Error {
    let error = Error::coded;
    let (bad, forbidden) = (StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN);
    match refusal {
        Refusal::Scope => error(
            forbidden,
            "insufficient_scope",
            "this sign-in may not change the account: it lacks the scope aws.cognito.signin.user.admin",
        ),
        Refusal::NotOffered => error(forbidden, "not_offered", "this is not switched on here"),
        Refusal::PasskeyLate => error(
            bad,
            "passkey_expired",
            "this registration is used or over: begin again",
        ),
        Refusal::PasskeyRefused => error(bad, "passkey_refused", "this passkey is not accepted"),
        Refusal::NoSuchPasskey => error(
            StatusCode::NOT_FOUND,
            "passkey_not_found",
            "you have no such passkey",
        ),
        other => Error::unavailable(RETRY_SECONDS).caused_by(other),
    }
}

fn passkey(refusal: PasskeyRefusal) -> Error {
    let not_allowed = |message| Error::coded(StatusCode::FORBIDDEN, "passkey_not_allowed", message);
    match refusal {
        PasskeyRefusal::Malformed => {
            Error::bad_request("credential must be the browser's new passkey, as toJSON() gives it")
        }
        PasskeyRefusal::Model => not_allowed("this model of authenticator is not allowed"),
        PasskeyRefusal::Synchronised => {
            not_allowed("passkeys that are synchronised between devices are not allowed")
        }
    }
}

fn password(rule: Option<PasswordRule>) -> &'static str {
    match rule {
        Some(PasswordRule::Length) => "the password is too short",
        Some(PasswordRule::Lowercase) => "the password needs a lower-case letter",
        Some(PasswordRule::Uppercase) => "the password needs an upper-case letter",
        Some(PasswordRule::Number) => "the password needs a digit",
        Some(PasswordRule::Symbol) => "the password needs a symbol",
        _ => "the password does not keep the rules for passwords",
    }
}
