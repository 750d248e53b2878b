//! Accounts on the application's own pages (contracts §4): sign-up, codes, another password,
//! sign-in, and what a person does to his account when signed in.
//!
//! With [`Settings::hide_existing`] no answer tells whether an address has an account, by what
//! it says or by when it comes.

mod afresh;
mod challenge;
mod codes;
mod email;
mod error;
mod evenly;
mod limits;
mod login;
mod name;
mod own;
mod passkeys;
mod recent;
mod reset;
mod responses;
mod totp;

use std::time::Duration;

use cogward_cognito::accounts::Subject;
use cogward_cognito::{AccountError, Accounts, Refusal};
use cogward_mail::Letter;

pub use challenge::{Step, proceed};
pub(crate) use codes::Turns;
pub use email::Email;
pub use error::AccountRefusal;
pub use limits::Quotas;
pub use login::{LoggedIn, Login, login};
pub use own::{Change, change_password, delete_account};
pub use passkeys::{begin_passkey, finish_passkey, list_passkeys, remove_passkey};
pub use reset::{Reset, forgot_password, reset_password};
pub use responses::Answer;
pub use totp::{Enrolment, begin_totp, factors, finish_totp, remove_totp};

use crate::audit::{self, Event, Refused};
use crate::{Auth, Client, chain, people};

/// The numbers and choices that accounts go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A stranger learns from no answer whether an address has an account.
    pub hide_existing: bool,
    /// A sign-in that does not say what it wants makes a session, and gives no tokens.
    pub session_by_default: bool,
    /// Sign-in may give tokens at all.
    pub tokens: bool,
    /// What may hide an account answers at full multiples of this since the call came.
    pub step: Duration,
    /// How often an account may be tried, and written to.
    pub quotas: Quotas,
    /// How a person signs in and whether he stays can be changed so many seconds after a sign-in.
    pub recent_seconds: i64,
    /// Whose codes another password is chosen with.
    pub reset: Reset,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hide_existing: true,
            session_by_default: false,
            tokens: true,
            step: Duration::from_secs(1),
            quotas: Quotas::default(),
            recent_seconds: 600,
            reset: Reset::default(),
        }
    }
}

/// A person who registers.
pub struct Registration<'a> {
    /// Becomes the user name, in lower case.
    pub email: &'a str,
    /// Passed on as it is.
    pub password: &'a str,
    /// `given_name`.
    pub first_name: &'a str,
    /// `family_name`.
    pub last_name: &'a str,
    /// Has to be `true`.
    pub accept_terms: bool,
}

/// Signs a person up; Cognito sends a code to the address. Where a taken one is no answer, its
/// owner is mailed instead, within the budget of messages.
///
/// # Errors
/// What is not acceptable in the registration, and what Cognito refuses; a taken address only
/// where that is no secret.
pub async fn register(
    auth: &Auth,
    person: &Registration<'_>,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let email = Email::parse(person.email)?;
    let first_name = name::checked(person.first_name, "first_name")?;
    let last_name = name::checked(person.last_name, "last_name")?;
    if !person.accept_terms {
        return Err(AccountRefusal::Terms);
    }
    let attributes = [
        ("email", email.as_str()),
        ("given_name", first_name),
        ("family_name", last_name),
    ];
    let cognito = enabled(auth)?;
    limits::attempt(auth, &email, client).await?;
    limits::message_of_attempt(auth, &email, client).await?;
    evenly::answered(auth, async {
        let made = cognito.sign_up(subject(&email, client), person.password, &attributes);
        let made = made.await;
        if made.as_ref().is_err_and(sent_nothing) {
            limits::not_sent(auth, &email, client).await;
        }
        let made = made.inspect_err(|error| audit::refused(Refused::Registration, error));
        match made {
            Err(AccountError::Refused(refusal @ (Refusal::UserExists | Refusal::CodeNotSent)))
                if hides(auth) =>
            {
                if matches!(refusal, Refusal::UserExists) {
                    auth.mail(&email, &Letter::AddressTaken);
                }
                Ok(())
            }
            made => {
                let sub = made?.sub;
                audit::account(Event::SignedUp, Some(&sub), "");
                people::signed_up(auth, sub, &email, first_name, last_name);
                Ok(())
            }
        }
    })
    .await
}

/// Confirms the address of a new account with the code that was sent there.
///
/// # Errors
/// A wrong or late code; which of them, only where the account is no secret.
pub async fn verify_email(
    auth: &Auth,
    email: &str,
    code: &str,
    client: &Client,
) -> Result<(), AccountRefusal> {
    let email = Email::parse(email)?;
    limits::attempt(auth, &email, client).await?;
    let cognito = enabled(auth)?;
    evenly::answered(auth, async {
        let code = code_of(code).inspect_err(|it| audit::refused(Refused::Code, it))?;
        let confirmed = cognito.confirm_sign_up(subject(&email, client), code);
        confirmed.await.map_err(|error| about_code(auth, error))?;
        audit::account(Event::AddressVerified, None, "");
        people::verified(auth, &email);
        Ok(())
    })
    .await
}

/// Sends another code to a new account's address.
///
/// # Errors
/// Too many codes; a missing or confirmed account only where that is no secret.
pub async fn resend_code(auth: &Auth, email: &str, client: &Client) -> Result<(), AccountRefusal> {
    let email = Email::parse(email)?;
    limits::message(auth, &email, client).await?;
    let cognito = enabled(auth)?;
    evenly::answered(auth, async {
        let sent = cognito.resend_confirmation_code(subject(&email, client));
        about_message(auth, sent.await)
    })
    .await
}

fn enabled(auth: &Auth) -> Result<&Accounts, AccountRefusal> {
    auth.pool.accounts.as_ref().ok_or(AccountRefusal::Off)
}

fn hides(auth: &Auth) -> bool {
    auth.settings.accounts.hide_existing
}

fn subject<'a>(email: &'a Email, client: &'a Client) -> Subject<'a> {
    Subject {
        username: email.as_str(),
        address: client.address.as_deref(),
    }
}

/// What Cognito can be sent: it takes more than digits, but no more than so many.
fn code_of(code: &str) -> Result<&str, AccountRefusal> {
    let code = code.trim();
    let sound = (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    sound.then_some(code).ok_or(AccountRefusal::Code)
}

/// Nobody has it, it is confirmed, it has had too many codes, its mail or function failed: to a
/// stranger all of that is an account, or none.
fn about_message(auth: &Auth, sent: Result<(), AccountError>) -> Result<(), AccountRefusal> {
    match sent.inspect_err(|error| audit::refused(Refused::Code, error)) {
        Err(error) if hides(auth) && error.tells_of_a_user() => {
            tracing::warn!(error = chain(&error), "a code was not sent");
            Ok(())
        }
        sent => sent.map_err(AccountRefusal::from),
    }
}

/// Refused for what was typed, before anybody is written to. The person is told so whether the
/// address has an account or not, and what is left of the budget tells no more.
fn sent_nothing(error: &AccountError) -> bool {
    matches!(
        error,
        AccountError::Refused(
            Refusal::Password(_) | Refusal::PasswordUsedBefore | Refusal::InvalidParameter
        )
    )
}

fn about_code(auth: &Auth, error: AccountError) -> AccountRefusal {
    let of_a_password = matches!(
        error,
        AccountError::Refused(Refusal::Password(_) | Refusal::PasswordUsedBefore)
    );
    let what = match of_a_password {
        true => Refused::Password,
        false => Refused::Code,
    };
    audit::refused(what, &error);
    match error {
        AccountError::Refused(
            Refusal::UserNotFound
            | Refusal::NotConfirmed
            | Refusal::AlreadyConfirmed
            | Refusal::Disabled
            | Refusal::CodeMismatch
            | Refusal::CodeExpired
            | Refusal::TooManyAttempts
            | Refusal::LimitExceeded
            | Refusal::InvalidCredentials,
        ) if hides(auth) => AccountRefusal::Code,
        error => error.into(),
    }
}
