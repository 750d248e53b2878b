//! What Cognito asks for between password and tokens. Each step is kept in the store, sealed
//! with the browser's binding, under a continuation that is good once and for some minutes.

use std::collections::BTreeMap;
use std::sync::Arc;

use cogward_cognito::accounts::{Accounts, Challenge, Enrolling, SignIn, Subject};
use cogward_cognito::{AccountError, Refusal, TokenText};
use cogward_session::{CookieValue, LoginKey, Purpose, SessionId, cookie_value, seal};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::login::{LoggedIn, UNPROVED, end, refused};
use super::responses::{Answer, can_set_up, is_served, required, responses, sends_code, shown};
use super::{AccountRefusal, Email, Enrolment, enabled, evenly, limits};
use crate::audit::{self, Refused};
use crate::{Auth, Client, login};

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
    /// For `MFA_SETUP`: the key of the app that is to be set up.
    pub enrolment: Option<Enrolment>,
    /// Binds the sign-in to this browser; lives [`LOGIN_SECONDS`](crate::login::LOGIN_SECONDS), as
    /// a sign-in on the hosted page may be bound by it too.
    pub cookie: CookieValue,
    /// Seconds the step waits.
    pub expires_in: i64,
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
    /// What he proved himself by so far, as a session says it.
    method: String,
}

/// Keeps a first or further step for this browser.
pub(super) async fn keep(
    auth: &Auth,
    email: &Email,
    challenge: Challenge,
    with_session: bool,
    method: &str,
    login_cookie: Option<&str>,
) -> Result<Step, AccountRefusal> {
    let username = challenge.parameters.get("USER_ID_FOR_SRP");
    let whose = Whose {
        username: username.map_or(email.as_str(), String::as_str).to_owned(),
        email: email.as_str().to_owned(),
        with_session,
        method: method.to_owned(),
    };
    after(auth, whose, challenge, login_cookie).await
}

async fn after(
    auth: &Auth,
    whose: Whose,
    mut challenge: Challenge,
    login_cookie: Option<&str>,
) -> Result<Step, AccountRefusal> {
    if !is_served(&challenge.name) {
        return Err(AccountRefusal::Challenge(challenge.name));
    }
    let enrolment = enrolment(auth, &whose, &mut challenge).await?;
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
        enrolment,
        cookie: cookie_value::issue(&auth.ring(), Purpose::Login, &binding),
        expires_in: SECONDS,
    })
}

/// `MFA_SETUP` goes on with a key that was asked for.
async fn enrolment(
    auth: &Auth,
    whose: &Whose,
    challenge: &mut Challenge,
) -> Result<Option<Enrolment>, AccountRefusal> {
    let (name, can) = (&challenge.name, &challenge.parameters);
    if name != "MFA_SETUP" || !can_set_up(can, "SOFTWARE_TOKEN_MFA") {
        let served = name != "MFA_SETUP" || can_set_up(can, "EMAIL_OTP");
        let refusal = || AccountRefusal::Challenge(name.clone());
        return served.then_some(None).ok_or_else(refusal);
    }
    let session = challenge.session.as_ref().map_or("", TokenText::expose);
    let made = enabled(auth)?.associate_software_token(Enrolling::SignIn(session));
    let made = made.await?;
    challenge.session = made.session;
    Ok(Some(Enrolment {
        secret: made.secret,
        account: whose.email.clone(),
    }))
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
    let begun = Instant::now();
    let (binding, key, mut pending) = take(auth, continuation, login_cookie).await?;
    let given = responses(&pending.challenge, &pending.attributes, answer);
    let counted = match &given {
        Ok(given) => count(auth, &pending, given, &client).await,
        Err(_) => Ok(()),
    };
    let given = match counted.and(given) {
        Ok(given) => given,
        Err(refusal) => {
            put(auth, &binding, &key, &pending).await?;
            return Err(refusal);
        }
    };
    let answered = respond(enabled(auth)?, &pending, answer, &given, &client).await;
    let proved = pending.whose.method != UNPROVED;
    let outcome = match answered {
        Ok(SignIn::Done(tokens)) => {
            let whose = pending.proved();
            let (session, method) = (whose.with_session, &whose.method);
            return end(auth, tokens, session, method, client, previous).await;
        }
        Ok(SignIn::Challenge(next)) => {
            let step = after(auth, pending.proved(), next, login_cookie).await;
            step.map(LoggedIn::Step)
        }
        Err(error) => {
            if is_retried(&pending, &error) && pending.tries + 1 < TRIES {
                pending.tries += 1;
                put(auth, &binding, &key, &pending).await?;
            }
            Err(refused(auth, proved, error))
        }
    };
    // Up to here anybody gets who knows an address.
    if !proved {
        evenly::held_back(auth, begun).await;
    }
    outcome
}

impl Pending {
    /// Whose it is once Cognito has gone on.
    fn proved(&self) -> Whose {
        let mut whose = self.whose.clone();
        match self.challenge.as_str() {
            "WEB_AUTHN" => "passkey".clone_into(&mut whose.method),
            "PASSWORD" => "password".clone_into(&mut whose.method),
            _ => {}
        }
        whose
    }
}

async fn respond(
    cognito: &Accounts,
    pending: &Pending,
    answer: &Answer<'_>,
    given: &[(String, &str)],
    client: &Client,
) -> Result<SignIn, AccountError> {
    let subject = Subject {
        username: &pending.whose.username,
        address: client.address.as_deref(),
    };
    let (challenge, session) = (&pending.challenge, pending.session.as_deref());
    if challenge == "MFA_SETUP" && given.is_empty() {
        let (code, name) = (answer.code.unwrap_or_default().trim(), answer.device_name);
        let who = Enrolling::SignIn(session.unwrap_or_default());
        let verified = cognito.verify_software_token(who, code, name).await?;
        let session = verified.as_ref().map(TokenText::expose);
        return cognito.answer(subject, challenge, session, &[]).await;
    }
    let given: Vec<_> = given
        .iter()
        .map(|(name, value)| (&**name, *value))
        .collect();
    cognito.answer(subject, challenge, session, &given).await
}

/// Takes a step of this browser out of the store, for good.
async fn take(
    auth: &Auth,
    continuation: &str,
    login_cookie: Option<&str>,
) -> Result<(SessionId, LoginKey, Pending), AccountRefusal> {
    let refuse = |reason: &str| {
        audit::refused(Refused::SignInStep, &reason);
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

/// One budget for the password and what comes after it, and one for messages of all kinds.
async fn count(
    auth: &Auth,
    pending: &Pending,
    given: &[(String, &str)],
    client: &Client,
) -> Result<(), AccountRefusal> {
    let email = Email::kept(&pending.whose.email);
    limits::attempt(auth, &email, client).await?;
    match sends_code(given) {
        true => limits::message_of_attempt(auth, &email, client).await,
        false => Ok(()),
    }
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
