//! Sign-in on the application's own page.

use std::sync::Arc;

use cogward_cognito::accounts::SignIn;
use cogward_cognito::{AccountError, Refusal, Tokens};
use tokio::time::Instant;

use super::{AccountRefusal, Email, Step, challenge, enabled, evenly, hides, limits, subject};
use crate::audit::{self, Refused};
use crate::error::chain;
use crate::session::{self, AdoptError, Started};
use crate::{Auth, Client, logout, people, revocation};

/// What a sign-in without a password may ask for.
pub(super) const PREFERRED: [&str; 4] = ["WEB_AUTHN", "EMAIL_OTP", "SMS_OTP", "CUSTOM_CHALLENGE"];

/// How a session says that nothing was proved by password or passkey; of a sign-in under way,
/// that nothing was proved at all.
pub(super) const UNPROVED: &str = "direct";

/// How a person signs in.
pub struct Login<'a> {
    /// The address, in any case.
    pub email: &'a str,
    /// Passed on as it is; without one, Cognito says what else there is to sign in by.
    pub password: Option<&'a str>,
    /// What to sign in by without a password: `WEB_AUTHN`, `EMAIL_OTP`, `SMS_OTP` or
    /// `CUSTOM_CHALLENGE`.
    pub preferred: Option<&'a str>,
    /// A session instead of tokens; `None` leaves it to the deployment.
    pub session: Option<bool>,
    /// The sessions this browser had, to be replaced.
    pub previous: &'a [&'a str],
    /// The login cookie of another sign-in under way in this browser.
    pub login_cookie: Option<&'a str>,
}

/// What came of it.
pub enum LoggedIn {
    /// For the browser.
    Session(Started),
    /// For an application that keeps tokens itself.
    Tokens(Tokens),
    /// Neither yet: Cognito asks for more.
    Step(Step),
}

/// Signs a person in.
///
/// # Errors
/// Nothing is kept; of an account that cannot sign in as little is told as the settings say.
pub async fn login(
    auth: &Arc<Auth>,
    ask: &Login<'_>,
    client: Client,
) -> Result<LoggedIn, AccountRefusal> {
    let settings = &auth.settings.accounts;
    let with_session = ask.session.unwrap_or(settings.session_by_default);
    if !with_session && !settings.tokens {
        return Err(AccountRefusal::NoTokens);
    }
    let email = Email::parse(ask.email)?;
    count(auth, ask, &email, &client).await?;
    let cognito = enabled(auth)?;
    let begun = Instant::now();
    let subject = subject(&email, &client);
    let (signed_in, method) = match ask.password {
        Some(password) => (cognito.sign_in(subject, password).await, "password"),
        None => (cognito.begin(subject, ask.preferred).await, UNPROVED),
    };
    if ask.password.is_none() && !asked_for_code(&signed_in) {
        limits::not_sent(auth, &email, &client).await;
    }
    let outcome = match signed_in {
        Ok(SignIn::Done(tokens)) => {
            let previous = ask.previous;
            return end(auth, tokens, with_session, method, client, previous).await;
        }
        Ok(SignIn::Challenge(challenge)) => {
            let cookie = ask.login_cookie;
            let step = challenge::keep(auth, &email, challenge, with_session, method, cookie);
            step.await.map(LoggedIn::Step)
        }
        Err(error) => Err(refused(auth, ask.password.is_some(), error)),
    };
    // Refusals take as long as each other, and so do all first steps that anybody can ask for;
    // whose password is right need not wait.
    if outcome.is_err() || ask.password.is_none() {
        evenly::held_back(auth, begun).await;
    }
    outcome
}

/// An attempt, and perhaps a message that it causes.
async fn count(
    auth: &Auth,
    ask: &Login<'_>,
    email: &Email,
    client: &Client,
) -> Result<(), AccountRefusal> {
    if ask.preferred.is_some_and(|name| !PREFERRED.contains(&name)) {
        return Err(AccountRefusal::Answer(
            "preferred must be WEB_AUTHN, EMAIL_OTP, SMS_OTP or CUSTOM_CHALLENGE",
        ));
    }
    limits::attempt(auth, email, client).await?;
    match ask.password {
        Some(_) => Ok(()),
        None => limits::message_of_attempt(auth, email, client).await,
    }
}

/// Whether a code is on its way, or may be.
fn asked_for_code(begun: &Result<SignIn, AccountError>) -> bool {
    match begun {
        Ok(SignIn::Challenge(challenge)) => {
            !matches!(challenge.name.as_str(), "SELECT_CHALLENGE" | "WEB_AUTHN")
        }
        Ok(SignIn::Done(_)) => false,
        Err(_) => true,
    }
}

/// Gives what was asked for.
pub(super) async fn end(
    auth: &Arc<Auth>,
    tokens: Tokens,
    with_session: bool,
    method: &str,
    client: Client,
    previous: &[&str],
) -> Result<LoggedIn, AccountRefusal> {
    match with_session {
        true => start(auth, tokens, method, client, previous)
            .await
            .map(LoggedIn::Session),
        false => {
            people::tokens_given(auth, &tokens, method);
            Ok(LoggedIn::Tokens(tokens))
        }
    }
}

/// What a stranger may know of a sign-in that failed; of one without a proof so far, nothing
/// but that his code was wrong.
pub(super) fn refused(auth: &Auth, proved: bool, error: AccountError) -> AccountRefusal {
    audit::refused(Refused::SignIn, &chain(&error));
    match error {
        AccountError::Refused(
            Refusal::InvalidCredentials | Refusal::UserNotFound | Refusal::InvalidParameter,
        ) => AccountRefusal::Credentials,
        AccountError::Refused(
            Refusal::Disabled | Refusal::ResetRequired | Refusal::TooManyAttempts,
        ) if hides(auth) => AccountRefusal::Credentials,
        AccountError::Refused(Refusal::CodeMismatch | Refusal::CodeExpired) => error.into(),
        error if hides(auth) && !proved && error.tells_of_a_user() => AccountRefusal::Credentials,
        error => error.into(),
    }
}

/// In a task of its own: a browser that hangs up leaves no refresh token that nobody holds.
async fn start(
    auth: &Arc<Auth>,
    tokens: Tokens,
    method: &str,
    client: Client,
    previous: &[&str],
) -> Result<Started, AccountRefusal> {
    let previous: Vec<_> = previous.iter().map(|&cookie| cookie.to_owned()).collect();
    let (worker, method) = (Arc::clone(auth), method.to_owned());
    let started = auth.spawn(async move {
        let previous: Vec<_> = previous.iter().map(String::as_str).collect();
        let refresh_token = tokens.refresh_token.as_ref().map(session::kept);
        let started = keep(&worker, &tokens, &method, client, &previous).await;
        if let (Err(_), Some(token)) = (&started, refresh_token) {
            // Nobody holds it from here on.
            logout::revoke(&worker, token).await;
        }
        started
    });
    started.await.map_err(|_| AccountRefusal::Internal)?
}

async fn keep(
    auth: &Arc<Auth>,
    tokens: &Tokens,
    method: &str,
    client: Client,
    previous: &[&str],
) -> Result<Started, AccountRefusal> {
    let id_token = tokens.id_token.as_ref().ok_or(AccountRefusal::Tokens)?;
    let access_token = tokens.access_token.expose();
    let pair = session::verify_pair(auth, id_token.expose(), access_token).await;
    let pair = pair.map_err(|error| match error {
        AdoptError::Unavailable(error) => AccountRefusal::Session(error),
        error => {
            audit::refused(Refused::SignIn, &chain(&error));
            AccountRefusal::Tokens
        }
    })?;
    let issued = revocation::Issued::of(&pair);
    let set = session::token_set(tokens, id_token);
    let started = session::start(auth, pair, &set, method, client, previous);
    let started = started.await.map_err(AccountRefusal::Session)?;
    // A sign-out everywhere, or another password, that came meanwhile may not have seen this
    // session.
    if let Err(error) = issued.check(auth).await {
        logout::logout(auth, &[started.cookie.expose()]).await;
        return Err(match error {
            AdoptError::Unavailable(error) => AccountRefusal::Session(error),
            _ => AccountRefusal::Credentials,
        });
    }
    Ok(started)
}
