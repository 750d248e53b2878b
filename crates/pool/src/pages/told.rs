use std::borrow::Cow;

use crate::error::ApiError;

/// An error of the pool in words for the person at the page.
pub(super) fn told(error: &ApiError) -> Cow<'static, str> {
    let message = &*error.message;
    Cow::Borrowed(match (&*error.kind, message) {
        ("CodeMismatchException" | "EnableSoftwareTokenMFAException", _) => {
            "This code is not right. Look at it again, or use a newer one."
        }
        ("ExpiredCodeException", _) => "This code is no longer good. Get a new one.",
        ("LimitExceededException" | "TooManyFailedAttemptsException", _) => {
            "There were too many tries. Wait a while, then try again."
        }
        ("TooManyRequestsException", _) => "The pool is busy. Try again in a moment.",
        ("NotAuthorizedException", "Password attempts exceeded") => {
            "There were too many wrong tries. Wait a moment, then try again."
        }
        ("NotAuthorizedException", "User is disabled.") => {
            "This account is disabled. Ask whoever runs the application."
        }
        ("NotAuthorizedException", "SignUp is not permitted for this user pool") => {
            "Accounts are made by whoever runs the application."
        }
        ("PasswordResetRequiredException", _) => {
            "Your password has to be set anew: choose \"Forgot password?\"."
        }
        ("PasswordHistoryPolicyViolationException", _) => {
            "You had this password before. Choose another one."
        }
        ("UserNotFoundException", _) => "There is no such account.",
        ("AliasExistsException", _) => "Another account has this address.",
        ("InvalidPasswordException", _) => {
            let prefix = "Password did not conform with policy: ";
            return match message.strip_prefix(prefix) {
                Some(why) => Cow::Owned(format!("{why}.")),
                None => Cow::Owned(message.to_owned()),
            };
        }
        _ => return error.message.clone(),
    })
}
