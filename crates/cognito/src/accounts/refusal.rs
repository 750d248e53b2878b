//! What Cognito's errors mean to a person who registers or signs in.

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};

/// Why a call about an account has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Cognito said no.
    #[error("refused by Cognito: {0}")]
    Refused(Refusal),
    /// No connection, no answer in time, an answer that is not Cognito's, or a fault of its own.
    #[error("no result from Cognito: {what}")]
    Unavailable {
        /// What happened, in a few words.
        what: &'static str,
    },
    /// Cognito's refusal is about this app client or its pool, which an operator has to mend.
    #[error("the user pool refuses this app client ({error}): check its id, secret and flows")]
    Misconfigured {
        /// The error's name.
        error: String,
    },
}

/// A refusal that tells about the account, the code or the password. What Cognito said beside
/// its name goes no further: it may be a function's text, an address or a resource name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `UsernameExistsException`.
    #[error("the user exists")]
    UserExists,
    /// `AliasExistsException`: another account has this address.
    #[error("another account has this address")]
    AliasExists,
    /// `UserNotFoundException`, where the pool tells.
    #[error("there is no such user")]
    UserNotFound,
    /// `NotAuthorizedException` for a wrong name or password.
    #[error("wrong user name or password")]
    InvalidCredentials,
    /// `NotAuthorizedException`, "User is disabled."
    #[error("the user is disabled")]
    Disabled,
    /// `NotAuthorizedException` for an access token, or a session, that is over.
    #[error("the token or session is over")]
    Ended,
    /// `UserNotConfirmedException`.
    #[error("the user is not confirmed")]
    NotConfirmed,
    /// `NotAuthorizedException`, "Current status is CONFIRMED".
    #[error("the user is confirmed already")]
    AlreadyConfirmed,
    /// `PasswordResetRequiredException`.
    #[error("the password has to be reset")]
    ResetRequired,
    /// `CodeMismatchException`.
    #[error("wrong code")]
    CodeMismatch,
    /// `ExpiredCodeException`.
    #[error("the code is over")]
    CodeExpired,
    /// `CodeDeliveryFailureException`.
    #[error("the code could not be sent")]
    CodeNotSent,
    /// `InvalidPasswordException`, with the rule that is broken where Cognito names one of its
    /// own.
    #[error("the password does not keep the pool's policy")]
    Password(Option<PasswordRule>),
    /// `PasswordHistoryPolicyViolationException`.
    #[error("the password was used before")]
    PasswordUsedBefore,
    /// `TooManyFailedAttemptsException`, "Password attempts exceeded".
    #[error("too many failed attempts")]
    TooManyAttempts,
    /// `LimitExceededException`: of what this account may do.
    #[error("too many attempts of this account")]
    LimitExceeded,
    /// `TooManyRequestsException`: of what the user pool may be asked.
    #[error("too many requests")]
    Throttled,
    /// `UserLambdaValidationException`: a function of the pool's said no.
    #[error("a function of the user pool refuses")]
    ByFunction,
    /// `NotAuthorizedException`: the access token has not the scope
    /// `aws.cognito.signin.user.admin`.
    #[error("the token may not change the account")]
    Scope,
    /// What is asked for is not switched on in this user pool.
    #[error("the user pool does not offer this")]
    NotOffered,
    /// `WebAuthnChallengeNotFoundException`: answered before, or too late.
    #[error("this registration of a passkey is used or over")]
    PasskeyLate,
    /// The passkey is of another site, origin or kind than the pool takes.
    #[error("the user pool does not take this passkey")]
    PasskeyRefused,
    /// The user has no such passkey.
    #[error("the user has no such passkey")]
    NoSuchPasskey,
    /// `InvalidParameterException`: a value the pool does not take, or not in this state.
    #[error("a value is not accepted")]
    InvalidParameter,
}

/// What a password lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordRule {
    /// It is too short.
    Length,
    /// A lower-case letter.
    Lowercase,
    /// An upper-case letter.
    Uppercase,
    /// A digit.
    Number,
    /// A symbol.
    Symbol,
}

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for AccountError {
    fn from(error: SdkError<E, R>) -> Self {
        let SdkError::ServiceError(refused) = &error else {
            let what = match error {
                SdkError::TimeoutError(_) => "timed out",
                SdkError::DispatchFailure(_) => "cannot connect",
                SdkError::ResponseError(_) => "the answer is not Cognito's",
                _ => "the call could not be made",
            };
            return Self::Unavailable { what };
        };
        let refused = refused.err();
        Self::named(
            refused.code().unwrap_or_default(),
            refused.message().unwrap_or_default(),
        )
    }
}

impl AccountError {
    /// Whether a call about a user nobody has would not have failed like this: what is wrong is
    /// with a user there is, or with what was to be done for him.
    pub fn tells_of_a_user(&self) -> bool {
        match self {
            Self::Refused(refusal) => *refusal != Refusal::Throttled,
            Self::Misconfigured { error } => error.contains("Lambda") || error.contains("Role"),
            Self::Unavailable { .. } => false,
        }
    }

    fn named(error: &str, message: &str) -> Self {
        let refusal = match error {
            "UsernameExistsException" => Refusal::UserExists,
            "AliasExistsException" => Refusal::AliasExists,
            "UserNotFoundException" => Refusal::UserNotFound,
            "NotAuthorizedException" => return Self::not_authorized(message),
            "UserNotConfirmedException" => Refusal::NotConfirmed,
            "PasswordResetRequiredException" => Refusal::ResetRequired,
            "CodeMismatchException" | "EnableSoftwareTokenMFAException" => Refusal::CodeMismatch,
            "ExpiredCodeException" => Refusal::CodeExpired,
            "CodeDeliveryFailureException" => Refusal::CodeNotSent,
            "InvalidPasswordException" => Refusal::Password(PasswordRule::named(message)),
            "PasswordHistoryPolicyViolationException" => Refusal::PasswordUsedBefore,
            "TooManyFailedAttemptsException" => Refusal::TooManyAttempts,
            "LimitExceededException" => Refusal::LimitExceeded,
            "TooManyRequestsException"
            | "ThrottlingException"
            | "ConcurrentModificationException" => Refusal::Throttled,
            "UserLambdaValidationException" => Refusal::ByFunction,
            "WebAuthnNotEnabledException"
            | "WebAuthnConfigurationMissingException"
            | "SoftwareTokenMFANotFoundException"
            | "MFAMethodNotFoundException" => Refusal::NotOffered,
            "WebAuthnChallengeNotFoundException" => Refusal::PasskeyLate,
            "WebAuthnRelyingPartyMismatchException"
            | "WebAuthnClientMismatchException"
            | "WebAuthnOriginNotAllowedException"
            | "WebAuthnCredentialNotSupportedException" => Refusal::PasskeyRefused,
            "InvalidParameterException" => Refusal::InvalidParameter,
            "InternalErrorException" | "InternalServerException" | "" => {
                return Self::Unavailable {
                    what: "a fault of Cognito's",
                };
            }
            // A firewall before the pool (AWS WAF): of this caller, or of us.
            "ForbiddenException" => {
                return Self::Unavailable {
                    what: "the user pool's firewall refuses",
                };
            }
            error => {
                return Self::Misconfigured {
                    error: printable(error),
                };
            }
        };
        Self::Refused(refusal)
    }

    /// One name for many things: only the text, which is Cognito's own here, tells them apart.
    fn not_authorized(message: &str) -> Self {
        let says = |words: &str| message.contains(words);
        Self::Refused(if says("Incorrect username or password") {
            Refusal::InvalidCredentials
        } else if says("attempts exceeded") {
            Refusal::TooManyAttempts
        } else if says("Current status is CONFIRMED") {
            Refusal::AlreadyConfirmed
        } else if says("User is disabled") {
            Refusal::Disabled
        } else if says("required scopes") {
            Refusal::Scope
        } else if says("oken") || says("session") {
            Refusal::Ended
        } else if says("secret") || says("SECRET_HASH") || says("not allowed") {
            return Self::Misconfigured {
                error: "NotAuthorizedException".to_owned(),
            };
        } else {
            Refusal::InvalidCredentials
        })
    }
}

impl PasswordRule {
    /// "Password did not conform with policy: Password must have uppercase characters".
    fn named(message: &str) -> Option<Self> {
        let rules = [
            ("not long enough", Self::Length),
            ("lowercase", Self::Lowercase),
            ("uppercase", Self::Uppercase),
            ("numeric", Self::Number),
            ("symbol", Self::Symbol),
        ];
        let (_, rule) = message.split_once("did not conform with policy:")?;
        rules
            .into_iter()
            .find(|(words, _)| rule.contains(words))
            .map(|(_, rule)| rule)
    }
}

/// The answer may come from anyone; the log is ours.
fn printable(name: &str) -> String {
    let harmless = |c: &char| c.is_ascii_alphanumeric();
    name.chars().filter(harmless).take(64).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    const OPERATIONS: [&str; 20] = [
        "AdminGetUser",
        "AdminSetUserPassword",
        "AdminUserGlobalSignOut",
        "AssociateSoftwareToken",
        "ChangePassword",
        "CompleteWebAuthnRegistration",
        "ConfirmForgotPassword",
        "ConfirmSignUp",
        "DeleteUser",
        "DeleteWebAuthnCredential",
        "ForgotPassword",
        "GetUser",
        "InitiateAuth",
        "ListWebAuthnCredentials",
        "ResendConfirmationCode",
        "RespondToAuthChallenge",
        "SetUserMFAPreference",
        "SignUp",
        "StartWebAuthnRegistration",
        "VerifySoftwareToken",
    ];

    /// What an operator has to mend, and nobody else can.
    const OPERATORS: [&str; 10] = [
        "FeatureUnavailableInTierException",
        "InvalidEmailRoleAccessPolicyException",
        "InvalidLambdaResponseException",
        "InvalidSmsRoleAccessPolicyException",
        "InvalidSmsRoleTrustRelationshipException",
        "InvalidUserPoolConfigurationException",
        "OperationNotEnabledException",
        "ResourceNotFoundException",
        "UnexpectedLambdaException",
        "UnsupportedOperationException",
    ];

    #[test]
    fn every_error_of_every_operation_is_known() {
        let model = include_str!("../../../pool/src/model/cognito-idp.json");
        let model: Value = serde_json::from_str(model).unwrap();
        let mut declared = BTreeSet::new();
        for operation in OPERATIONS {
            let errors = model["operations"][operation]["errors"].as_array().unwrap();
            declared.extend(errors.iter().map(|error| error.as_str().unwrap()));
        }
        assert!(declared.len() > 35, "{declared:?}");
        for error in declared {
            let of_operator = OPERATORS.contains(&error);
            let meant = AccountError::named(error, "");
            let misconfigured = matches!(meant, AccountError::Misconfigured { .. });
            assert_eq!(misconfigured, of_operator, "{error} is {meant:?}");
        }
    }
}
