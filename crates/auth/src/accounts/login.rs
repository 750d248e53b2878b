//! Sign-in by password on the application's own page.

use std::sync::Arc;

use cogward_cognito::accounts::SignIn;
use cogward_cognito::{AccountError, Refusal, Tokens};
use tokio::time::Instant;

use super::{AccountRefusal, Email, Step, challenge, enabled, evenly, hides, limits, subject};
use crate::error::chain;
use crate::session::{self, AdoptError, Started};
use crate::{Auth, Client, audit, logout, people};

/// How a person signs in.
pub struct Login<'a> {
    /// The address, in any case.
    pub email: &'a str,
    /// Passed on as it is.
    pub password: &'a str,
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
    limits::attempt(auth, &email, &client).await?;
    let cognito = enabled(auth)?;
    let begun = Instant::now();
    let signed_in = cognito.sign_in(subject(&email, &client), ask.password);
    let tokens = match signed_in.await {
        Ok(SignIn::Done(tokens)) => tokens,
        Ok(SignIn::Challenge(challenge)) => {
            let cookie = ask.login_cookie;
            let step = challenge::keep(auth, &email, challenge, with_session, cookie).await?;
            return Ok(LoggedIn::Step(step));
        }
        Err(error) => {
            // Refusals take as long as each other; who gets in need not wait.
            evenly::held_back(auth, begun).await;
            return Err(refused(auth, error));
        }
    };
    end(auth, tokens, with_session, client, ask.previous).await
}

/// Gives what was asked for.
pub(super) async fn end(
    auth: &Arc<Auth>,
    tokens: Tokens,
    with_session: bool,
    client: Client,
    previous: &[&str],
) -> Result<LoggedIn, AccountRefusal> {
    match with_session {
        true => start(auth, tokens, client, previous)
            .await
            .map(LoggedIn::Session),
        false => {
            people::tokens_given(auth, &tokens);
            Ok(LoggedIn::Tokens(tokens))
        }
    }
}

fn refused(auth: &Auth, error: AccountError) -> AccountRefusal {
    audit::refused("sign-in", &chain(&error));
    match error {
        AccountError::Refused(
            Refusal::InvalidCredentials | Refusal::UserNotFound | Refusal::InvalidParameter,
        ) => AccountRefusal::Credentials,
        AccountError::Refused(
            Refusal::Disabled | Refusal::ResetRequired | Refusal::TooManyAttempts,
        ) if hides(auth) => AccountRefusal::Credentials,
        error => error.into(),
    }
}

async fn start(
    auth: &Arc<Auth>,
    tokens: Tokens,
    client: Client,
    previous: &[&str],
) -> Result<Started, AccountRefusal> {
    let refresh_token = tokens.refresh_token.as_ref().map(session::kept);
    let started = keep(auth, &tokens, client, previous).await;
    if let (Err(_), Some(token)) = (&started, refresh_token) {
        // Nobody holds it from here on.
        logout::revoke(auth, token).await;
    }
    started
}

async fn keep(
    auth: &Arc<Auth>,
    tokens: &Tokens,
    client: Client,
    previous: &[&str],
) -> Result<Started, AccountRefusal> {
    let id_token = tokens.id_token.as_ref().ok_or(AccountRefusal::Tokens)?;
    let access_token = tokens.access_token.expose();
    let pair = session::verify_pair(auth, id_token.expose(), access_token).await;
    let pair = pair.map_err(|error| match error {
        AdoptError::Unavailable(error) => AccountRefusal::Session(error),
        error => {
            audit::refused("sign-in", &chain(&error));
            AccountRefusal::Tokens
        }
    })?;
    let set = session::token_set(tokens, id_token);
    session::start(auth, pair, &set, "password", client, previous)
        .await
        .map_err(AccountRefusal::Session)
}
