use cogward_cognito::AccountError;

use crate::{Limited, SessionError};

/// Why something about an account was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountRefusal {
    /// Accounts are not served here.
    #[error("accounts are switched off")]
    Off,
    /// Not one address of e-mail.
    #[error("email is not an address")]
    Email,
    /// A first or last name that is none.
    #[error("{0} is not a name")]
    Name(&'static str),
    /// The terms were not accepted.
    #[error("the terms are not accepted")]
    Terms,
    /// A wrong, late or used code, or an account that waits for none.
    #[error("the code is wrong or over")]
    Code,
    /// Wrong password, or no account that can sign in by one.
    #[error("wrong address or password")]
    Credentials,
    /// Of who is signed in and says his password again.
    #[error("wrong current password")]
    Password,
    /// The sign-in is too old for this.
    #[error("the sign-in is too old to change the account")]
    NotRecent,
    /// The deployment does not take this passkey.
    #[error(transparent)]
    Passkey(#[from] crate::passkey::PasskeyRefusal),
    /// Tokens are not given here.
    #[error("tokens are not given here, only sessions")]
    NoTokens,
    /// The sign-in goes on with a step that has no place here yet.
    #[error("the sign-in asks for {0}")]
    Challenge(String),
    /// No sign-in of this browser waits for this continuation.
    #[error("the continuation is unknown, used, late, or another browser's")]
    Continuation,
    /// What a step needs is missing, or of another step.
    #[error("the answer is not one to this step: {0}")]
    Answer(&'static str),
    /// The session store did not answer.
    #[error("session store unavailable")]
    Store(#[from] cogward_session::StoreError),
    /// The directory of people did not answer.
    #[error("directory of people unavailable")]
    Directory(#[from] cogward_people::DirectoryError),
    /// The machine gave no randomness.
    #[error("the step could not be prepared")]
    Internal,
    /// Too many attempts or messages.
    #[error("the limit is met")]
    Limited(#[source] Limited),
    /// Too many others at once.
    #[error("too many at once; again in {seconds} s")]
    Busy {
        /// How long to wait.
        seconds: u32,
    },
    /// Cognito said no, or nothing.
    #[error("the user pool did not do it")]
    Cognito(#[from] AccountError),
    /// Cognito's tokens could not be made a session of.
    #[error("the session could not be used or kept")]
    Session(#[from] SessionError),
    /// Cognito's tokens are not its own, or not of this person.
    #[error("the user pool's tokens do not verify")]
    Tokens,
}
