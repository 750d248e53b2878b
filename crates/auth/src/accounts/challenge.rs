//! What Cognito asks for between password and tokens. Each step is kept in the store, sealed
//! with the browser's binding, under a continuation that is good once and for some minutes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cogward_cognito::accounts::{Challenge, SignIn, Subject};
use cogward_cognito::{AccountError, Refusal};
use cogward_session::{CookieValue, LoginKey, Purpose, SessionId, cookie_value, seal};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::login::{LoggedIn, end};
use super::{AccountRefusal, Email, enabled, limits};
use crate::{Auth, Client, audit, login};

/// Cognito's sessions live three minutes, unless the app client says longer.
const SECONDS: i64 = 180;
/// In front of what is kept: sign-ins on the hosted page, kept beside it, begin otherwise.
const KIND: u8 = b'C';
/// So many wrong codes end the sign-in, whatever Cognito allows.
const TRIES: u8 = 5;

/// The next step of a sign-in.
pub struct Step {
    /// Cognito's name of it, such as `SOFTWARE_TOKEN_MFA`.
    pub challenge: String,
    /// Goes back with the answer.
    pub continuation: String,
    /// What the person may know: where a code went, what can be chosen.
    pub parameters: BTreeMap<String, String>,
    /// What `SELECT_CHALLENGE` offers.
    pub options: Vec<String>,
    /// Binds the sign-in to this browser; lives [`LOGIN_SECONDS`](crate::login::LOGIN_SECONDS), as
    /// a sign-in on the hosted page may be bound by it too.
    pub cookie: CookieValue,
    /// Seconds the step waits.
    pub expires_in: i64,
}

/// What a person answers; each step takes its own part.
#[derive(Default)]
pub struct Answer<'a> {
    /// A one-time code.
    pub code: Option<&'a str>,
    /// For `NEW_PASSWORD_REQUIRED`.
    pub new_password: Option<&'a str>,
    /// For `NEW_PASSWORD_REQUIRED`: attributes that are asked for, by name.
    pub attributes: BTreeMap<&'a str, &'a str>,
    /// For `SELECT_CHALLENGE`, `SELECT_MFA_TYPE`, `CUSTOM_CHALLENGE`.
    pub answer: Option<&'a str>,
    /// For the choice `PASSWORD`, and for the challenge of that name.
    pub password: Option<&'a str>,
    /// For `WEB_AUTHN`: the browser's credential, as JSON text.
    pub credential: Option<&'a str>,
}

/// What is kept of a step.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Pending {
    challenge: String,
    session: Option<String>,
    whose: Whose,
    /// Attributes that may go with the answer.
    attributes: Vec<String>,
    tries: u8,
    expires_at: i64,
}

/// What all steps of a sign-in have in common.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Whose {
    /// As Cognito wants it said from now on.
    username: String,
    /// Whose budget of attempts it is.
    email: String,
    with_session: bool,
}

/// Keeps a first or further step for this browser.
pub(super) async fn keep(
    auth: &Auth,
    email: &Email,
    challenge: Challenge,
    with_session: bool,
    login_cookie: Option<&str>,
) -> Result<Step, AccountRefusal> {
    let username = challenge.parameters.get("USER_ID_FOR_SRP");
    let whose = Whose {
        username: username.map_or(email.as_str(), String::as_str).to_owned(),
        email: email.as_str().to_owned(),
        with_session,
    };
    after(auth, whose, challenge, login_cookie).await
}

async fn after(
    auth: &Auth,
    whose: Whose,
    challenge: Challenge,
    login_cookie: Option<&str>,
) -> Result<Step, AccountRefusal> {
    if !is_served(&challenge.name) {
        return Err(AccountRefusal::Challenge(challenge.name));
    }
    let continuation = login::random_text(auth).map_err(|_| AccountRefusal::Internal)?;
    let binding = login::binding(auth, login_cookie).map_err(|_| AccountRefusal::Internal)?;
    let pending = Pending {
        challenge: challenge.name.clone(),
        session: challenge.session.map(|it| it.expose().to_owned()),
        whose,
        attributes: required(&challenge.parameters),
        tries: 0,
        expires_at: auth.now().plus(SECONDS).as_secs(),
    };
    put(auth, &binding, &LoginKey::of_state(&continuation), &pending).await?;
    Ok(Step {
        challenge: challenge.name,
        continuation,
        parameters: shown(challenge.parameters),
        options: challenge.available,
        cookie: cookie_value::issue(&auth.ring(), Purpose::Login, &binding),
        expires_in: SECONDS,
    })
}

/// What `NEW_PASSWORD_REQUIRED` asks for: names, as JSON text, each after `userAttributes.`.
fn required(parameters: &HashMap<String, String>) -> Vec<String> {
    let names = parameters
        .get("requiredAttributes")
        .map_or("", String::as_str);
    let names = names.split(['[', ']', '"', ',', ' ']);
    let bare = names.map(|name| name.strip_prefix("userAttributes.").unwrap_or(name));
    bare.filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The steps that [`responses`] can answer.
fn is_served(challenge: &str) -> bool {
    matches!(
        challenge,
        "NEW_PASSWORD_REQUIRED"
            | "SOFTWARE_TOKEN_MFA"
            | "SMS_MFA"
            | "EMAIL_OTP"
            | "SMS_OTP"
            | "SELECT_CHALLENGE"
            | "SELECT_MFA_TYPE"
            | "CUSTOM_CHALLENGE"
            | "PASSWORD"
            | "WEB_AUTHN"
    )
}

/// All but the name Cognito knows him by, which he need not send back.
fn shown(parameters: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let hidden = |name: &str| matches!(name, "USER_ID_FOR_SRP" | "USERNAME");
    let parameters = parameters.into_iter();
    parameters.filter(|(name, _)| !hidden(name)).collect()
}

async fn put(
    auth: &Auth,
    binding: &SessionId,
    key: &LoginKey,
    pending: &Pending,
) -> Result<(), AccountRefusal> {
    let sealed = login::seal_pending(auth, binding, key, &(KIND, pending));
    let sealed = sealed.map_err(|_| AccountRefusal::Internal)?;
    let until = auth.now().plus(SECONDS);
    auth.store.put_login(key, sealed, until).await?;
    Ok(())
}

/// Answers a step. A wrong code, or no word from Cognito, leaves it there to be tried again;
/// anything else uses it up.
///
/// # Errors
/// No step of this browser, an answer that is not one to it, or what Cognito refuses.
pub async fn proceed(
    auth: &Arc<Auth>,
    continuation: &str,
    answer: &Answer<'_>,
    login_cookie: Option<&str>,
    client: Client,
    previous: &[&str],
) -> Result<LoggedIn, AccountRefusal> {
    let cognito = enabled(auth)?;
    let (binding, key, mut pending) = take(auth, continuation, login_cookie).await?;
    if let Err(limited) = attempt(auth, &pending, &client).await {
        put(auth, &binding, &key, &pending).await?;
        return Err(limited);
    }
    let subject = Subject {
        username: &pending.whose.username,
        address: client.address.as_deref(),
    };
    let answered = match responses(&pending, answer) {
        Ok(responses) => {
            let given: Vec<_> = responses
                .iter()
                .map(|(name, value)| (&**name, *value))
                .collect();
            let session = pending.session.as_deref();
            cognito
                .answer(subject, &pending.challenge, session, &given)
                .await
        }
        Err(missing) => {
            put(auth, &binding, &key, &pending).await?;
            return Err(missing);
        }
    };
    let with_session = pending.whose.with_session;
    match answered {
        Ok(SignIn::Done(tokens)) => end(auth, tokens, with_session, client, previous).await,
        Ok(SignIn::Challenge(next)) => {
            let step = after(auth, pending.whose.clone(), next, login_cookie).await?;
            Ok(LoggedIn::Step(step))
        }
        Err(error) => {
            audit::refused("sign-in step", &error);
            if is_retried(&pending, &error) && pending.tries + 1 < TRIES {
                pending.tries += 1;
                put(auth, &binding, &key, &pending).await?;
            }
            Err(error.into())
        }
    }
}

/// Takes a step of this browser out of the store, for good.
async fn take(
    auth: &Auth,
    continuation: &str,
    login_cookie: Option<&str>,
) -> Result<(SessionId, LoginKey, Pending), AccountRefusal> {
    let refuse = |reason: &str| {
        audit::refused("sign-in step", &reason);
        AccountRefusal::Continuation
    };
    let binding = login_cookie
        .and_then(|value| cookie_value::verify(&auth.ring(), Purpose::Login, value))
        .ok_or_else(|| refuse("no login cookie"))?;
    let key = LoginKey::of_state(continuation);
    let now = auth.now();
    let sealed = auth.store.take_login(&key, now).await?;
    let sealed = sealed.ok_or_else(|| refuse("unknown, used or late"))?;
    let plain = seal::open_login(&auth.ring(), &binding, &key, &sealed)
        .map_err(|_| refuse("begun by another browser"))?;
    let (kind, pending): (u8, Pending) =
        postcard::from_bytes(&plain).map_err(|_| refuse("of a sign-in of another kind"))?;
    if kind != KIND || pending.expires_at <= now.as_secs() {
        return Err(refuse("late, or of a sign-in of another kind"));
    }
    Ok((binding, key, pending))
}

/// One budget for the password and what comes after it.
async fn attempt(auth: &Auth, pending: &Pending, client: &Client) -> Result<(), AccountRefusal> {
    let email = Email::parse(&pending.whose.email)?;
    limits::attempt(auth, &email, client).await
}

/// Cognito takes the same session again after these; after no answer, perhaps.
fn is_retried(pending: &Pending, error: &AccountError) -> bool {
    // A code of an authenticator application that was used before is "expired"; the next is not.
    let used = matches!(error, AccountError::Refused(Refusal::CodeExpired));
    (used && pending.challenge == "SOFTWARE_TOKEN_MFA")
        || matches!(
            error,
            AccountError::Unavailable { .. }
                | AccountError::Refused(
                    Refusal::CodeMismatch
                        | Refusal::Password(_)
                        | Refusal::PasswordUsedBefore
                        | Refusal::Throttled
                )
        )
}

/// By Cognito's names (API reference, "RespondToAuthChallenge").
fn responses<'a>(
    pending: &Pending,
    answer: &Answer<'a>,
) -> Result<Vec<(String, &'a str)>, AccountRefusal> {
    let given = |value: Option<&'a str>, name: &str, missing: &'static str| {
        let value = value.filter(|value| !value.is_empty());
        let value = value.ok_or(AccountRefusal::Answer(missing))?;
        Ok(vec![(name.to_owned(), value)])
    };
    let code = |name| given(answer.code.map(str::trim), name, "code is missing");
    match pending.challenge.as_str() {
        "SOFTWARE_TOKEN_MFA" => code("SOFTWARE_TOKEN_MFA_CODE"),
        "SMS_MFA" => code("SMS_MFA_CODE"),
        "EMAIL_OTP" => code("EMAIL_OTP_CODE"),
        "SMS_OTP" => code("SMS_OTP_CODE"),
        "PASSWORD" => given(answer.password, "PASSWORD", "password is missing"),
        "WEB_AUTHN" => given(answer.credential, "CREDENTIAL", "credential is missing"),
        "NEW_PASSWORD_REQUIRED" => {
            let mut all = given(
                answer.new_password,
                "NEW_PASSWORD",
                "new_password is missing",
            )?;
            let is_asked = |name: &&str| pending.attributes.iter().any(|asked| asked == *name);
            if !answer.attributes.keys().all(is_asked) {
                return Err(AccountRefusal::Answer(
                    "attributes has one that is not asked for",
                ));
            }
            let attributes = answer.attributes.iter();
            all.extend(attributes.map(|(name, value)| (format!("userAttributes.{name}"), *value)));
            Ok(all)
        }
        _ => {
            let mut all = given(answer.answer, "ANSWER", "answer is missing")?;
            let password = answer
                .password
                .map(|password| ("PASSWORD".to_owned(), password));
            all.extend(password);
            Ok(all)
        }
    }
}
