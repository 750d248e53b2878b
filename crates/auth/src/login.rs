//! Sign-in through the hosted page: RFC 6749 §4.1 with PKCE (RFC 7636),
//! `state` and `nonce`, all of it bound to the browser that began.

use std::sync::Arc;

use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_cognito::{Authorize, Code, PkceVerifier, Tokens};
use cogward_session::{CookieValue, LoginKey, Purpose, SessionId, cookie_value, seal};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::audit::{self, Refused};
use crate::error::chain;
use crate::session::{self, AdoptError, Started};
use crate::{
    Auth, Client, Family, LoginError, LoginRefusal, ReturnPath, SessionError, limits, logout,
};

/// A sign-in not finished by then is refused, in seconds.
pub const LOGIN_SECONDS: i64 = 300;

/// How a browser asks to sign in.
pub struct Begin<'a> {
    /// The route family asked.
    pub family: Family,
    /// Where Cognito sends the browser back to.
    pub redirect_uri: &'a Url,
    /// The application, whose paths `return_to` may name.
    pub frontend: &'a Url,
    /// A path on the frontend.
    pub return_to: Option<&'a str>,
    /// One of the configured providers.
    pub identity_provider: Option<&'a str>,
    /// The login cookie of another sign-in under way in this browser.
    pub login_cookie: Option<&'a str>,
    /// Who asks.
    pub client: &'a Client,
}

/// Where the browser goes, and the cookie it takes along.
pub struct Begun {
    /// Cognito's authorize page with every parameter.
    pub location: Url,
    /// Binds the sign-in to this browser; lives [`LOGIN_SECONDS`].
    pub cookie: CookieValue,
}

/// What is kept of a sign-in under way, sealed with the browser's binding.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Pending {
    #[zeroize(skip)]
    family: Family,
    nonce: String,
    verifier: String,
    redirect_uri: String,
    frontend: String,
    return_path: Option<String>,
    expires_at: i64,
}

/// Starts a sign-in.
///
/// # Errors
/// Too many; a `return_to` or provider that is not ours to use; a store that does not answer.
pub async fn begin(auth: &Auth, ask: Begin<'_>) -> Result<Begun, LoginRefusal> {
    limits::sign_in(auth, ask.client).await?;
    let identity_provider = provider(auth, ask.identity_provider)?;
    let return_path = ask
        .return_to
        .map(|raw| ReturnPath::parse(ask.frontend, raw))
        .transpose()?;
    let state = random_text(auth)?;
    let nonce = random_text(auth)?;
    let verifier = PkceVerifier::generate(&auth.rng).map_err(|_| LoginRefusal::Internal)?;
    let expires_at = auth.now().plus(LOGIN_SECONDS);
    let location = auth.pool.cognito.authorize_url(&Authorize {
        redirect_uri: ask.redirect_uri,
        state: &state,
        nonce: &nonce,
        code_challenge: &verifier.challenge(),
        identity_provider,
        login_hint: None,
    });
    let pending = Pending {
        family: ask.family,
        nonce,
        verifier: verifier.expose().to_owned(),
        redirect_uri: ask.redirect_uri.to_string(),
        frontend: ask.frontend.to_string(),
        return_path: return_path.map(|path| path.as_str().to_owned()),
        expires_at: expires_at.as_secs(),
    };
    let binding = binding(auth, ask.login_cookie)?;
    let key = LoginKey::of_state(&state);
    let sealed = seal_pending(auth, &binding, &key, &pending)?;
    auth.store.put_login(&key, sealed, expires_at).await?;
    let cookie = cookie_value::issue(&auth.ring(), Purpose::Login, &binding);
    Ok(Begun { location, cookie })
}

fn provider<'a>(auth: &'a Auth, asked: Option<&str>) -> Result<Option<&'a str>, LoginRefusal> {
    let settings = &auth.settings;
    let Some(asked) = asked else {
        return Ok(settings.identity_provider.as_deref());
    };
    let mut known = settings
        .identity_providers
        .iter()
        .chain(&settings.identity_provider);
    match known.find(|name| *name == asked) {
        Some(name) => Ok(Some(name)),
        None => Err(LoginRefusal::IdentityProvider),
    }
}

/// 256 bits, as `state` and `nonce` want them.
pub(crate) fn random_text(auth: &Auth) -> Result<String, LoginRefusal> {
    let mut bytes = [0; 32];
    auth.rng
        .fill(&mut bytes)
        .map_err(|_| LoginRefusal::Internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// One binding serves every tab of a browser, so that a sign-in begun in a
/// second tab does not undo the first. (The first to be finished ends the rest.)
pub(crate) fn binding(auth: &Auth, cookie: Option<&str>) -> Result<SessionId, LoginRefusal> {
    match cookie.and_then(|value| cookie_value::verify(&auth.ring(), Purpose::Login, value)) {
        Some(binding) => Ok(binding),
        None => SessionId::generate(&auth.rng).map_err(|_| LoginRefusal::Internal),
    }
}

/// What is kept of a sign-in under way, for the browser of this binding to open.
pub(crate) fn seal_pending(
    auth: &Auth,
    binding: &SessionId,
    key: &LoginKey,
    pending: &impl Serialize,
) -> Result<Vec<u8>, LoginRefusal> {
    let mut plain = postcard::to_allocvec(pending).map_err(|_| LoginRefusal::Internal)?;
    let sealed = seal::seal_login(&auth.ring(), binding, key, &plain, &auth.rng);
    plain.zeroize();
    Ok(sealed.map_err(|_| LoginRefusal::Internal)?.into())
}

/// What Cognito's redirect brought back (RFC 6749 §4.1.2).
pub struct Callback<'a> {
    /// The route family called.
    pub family: Family,
    /// `state`.
    pub state: Option<&'a str>,
    /// `code`, or what is there instead.
    pub answer: Answer<'a>,
    /// The cookie of [`Begun`].
    pub login_cookie: Option<&'a str>,
    /// The sessions this browser had, to be replaced.
    pub session_cookies: &'a [&'a str],
    /// For the device list.
    pub client: Client,
}

/// The two forms of an authorization response.
pub enum Answer<'a> {
    /// `code`.
    Code(&'a str),
    /// `error` and `error_description`.
    Error(&'a str, Option<&'a str>),
}

/// A finished sign-in.
pub struct Finished {
    /// The new session.
    pub started: Started,
    /// The frontend the sign-in began for.
    pub frontend: Url,
    /// Where on it the person wanted to go.
    pub return_path: Option<ReturnPath>,
}

/// Ends a sign-in: takes its record, once and for good, then goes on only if
/// this browser began it.
///
/// # Errors
/// No session is made, and one that the browser has is left alone.
pub async fn finish(auth: &Arc<Auth>, callback: Callback<'_>) -> Result<Finished, LoginError> {
    let pending = take(auth, &callback).await?;
    let code = match callback.answer {
        Answer::Code(code) => code,
        Answer::Error(error, description) => {
            audit::refused(Refused::SignIn, &"the sign-in page answered with an error");
            return Err(LoginError::Provider {
                error: error.to_owned(),
                description: description.map(str::to_owned),
            });
        }
    };
    let code = Code::from(code.to_owned());
    let previous = callback.session_cookies.iter();
    let previous: Vec<_> = previous.map(|&cookie| cookie.to_owned()).collect();
    let (worker, client) = (Arc::clone(auth), callback.client);
    // A browser that hangs up leaves no refresh token that nobody holds.
    let done = auth.spawn(async move {
        let previous: Vec<_> = previous.iter().map(String::as_str).collect();
        complete(&worker, &pending, &code, client, &previous).await
    });
    done.await.map_err(|_| LoginError::Failed)?
}

async fn complete(
    auth: &Arc<Auth>,
    pending: &Pending,
    code: &Code,
    client: Client,
    previous: &[&str],
) -> Result<Finished, LoginError> {
    let tokens = exchange(auth, pending, code).await?;
    let refresh_token = tokens.refresh_token.as_ref().map(session::kept);
    let started = sign_in(auth, pending, tokens, client, previous).await;
    if let (Err(_), Some(token)) = (&started, refresh_token) {
        // Nobody holds it from here on.
        logout::revoke(auth, token).await;
    }
    let started = started?;
    let frontend = Url::parse(&pending.frontend).map_err(|_| LoginError::Failed)?;
    let return_path = pending.return_path.clone().map(ReturnPath::from_sealed);
    Ok(Finished {
        started,
        frontend,
        return_path,
    })
}

async fn take(auth: &Auth, callback: &Callback<'_>) -> Result<Pending, LoginError> {
    let refuse = |reason: &str| {
        audit::refused(Refused::SignIn, &reason);
        LoginError::InvalidState
    };
    let state = callback.state.ok_or_else(|| refuse("no state"))?;
    // Before the store is asked: a browser that began nothing ends nothing.
    let binding = callback
        .login_cookie
        .and_then(|value| cookie_value::verify(&auth.ring(), Purpose::Login, value))
        .ok_or_else(|| refuse("no login cookie"))?;
    let key = LoginKey::of_state(state);
    let now = auth.now();
    let sealed = auth.store.take_login(&key, now).await?;
    let sealed = sealed.ok_or_else(|| refuse("unknown, used or late state"))?;
    let plain = seal::open_login(&auth.ring(), &binding, &key, &sealed)
        .map_err(|_| refuse("begun by another browser"))?;
    let pending: Pending = postcard::from_bytes(&plain).map_err(|_| refuse("unreadable"))?;
    if pending.family != callback.family || pending.expires_at <= now.as_secs() {
        return Err(refuse("begun in the other route family, or late"));
    }
    Ok(pending)
}

async fn exchange(auth: &Auth, pending: &Pending, code: &Code) -> Result<Tokens, LoginError> {
    let failed = |reason: &dyn std::fmt::Display| {
        audit::refused(Refused::SignIn, reason);
        LoginError::Failed
    };
    let redirect_uri = Url::parse(&pending.redirect_uri).map_err(|_| failed(&"redirect_uri"))?;
    let verifier = PkceVerifier::from(pending.verifier.clone());
    let exchange = auth
        .pool
        .cognito
        .exchange_code(code, &redirect_uri, &verifier);
    exchange.await.map_err(|error| failed(&chain(&error)))
}

/// Verifies what the token endpoint gave and makes a session of it; on any
/// doubt all tokens of the answer are dropped.
async fn sign_in(
    auth: &Arc<Auth>,
    pending: &Pending,
    tokens: Tokens,
    client: Client,
    previous: &[&str],
) -> Result<Started, LoginError> {
    let Some(id_token) = &tokens.id_token else {
        audit::refused(Refused::SignIn, &"no ID token");
        return Err(LoginError::Failed);
    };
    let pair = session::verify_pair(auth, id_token.expose(), tokens.access_token.expose())
        .await
        .map_err(|error| refused(&error))?;
    if pair.id.nonce.as_deref() != Some(pending.nonce.as_str()) {
        audit::refused(Refused::SignIn, &"nonce");
        return Err(LoginError::Failed);
    }
    let set = session::token_set(&tokens, id_token);
    session::start(auth, pair, &set, "oauth", client, previous)
        .await
        .map_err(|error| match error {
            SessionError::Store(error) => LoginError::Store(error),
            error => {
                audit::refused(Refused::SignIn, &chain(&error));
                LoginError::Failed
            }
        })
}

fn refused(error: &AdoptError) -> LoginError {
    audit::refused(Refused::SignIn, &chain(error));
    LoginError::Failed
}
