//! What a client holds of a sign-in under way: an opaque value that works once, for a while.

use super::size::LARGEST_STATE;
use super::{Answer, Channel, SignIn, required};
use crate::core::Core;
use crate::db::{challenges, users};
use crate::error::{ApiError, Result};

/// How long a spent or late session is remembered, to say which it was.
const REMEMBERED: i64 = 15 * 60;

/// Keeps the sign-in under a new session.
pub(super) fn keep(core: &Core, sign_in: &SignIn, now: i64) -> Result<String> {
    let session = core.random.session();
    keep_under(core, sign_in, &session, now)?;
    Ok(session)
}

/// Keeps it under a value of the caller: a `SECRET_BLOCK` is a session too.
pub(super) fn keep_under(core: &Core, sign_in: &SignIn, session: &str, now: i64) -> Result<()> {
    let state = serde_json::to_string(sign_in).map_err(|_| ApiError::internal())?;
    if state.len() > LARGEST_STATE {
        // Of all that is kept only what the functions say is not bounded already.
        return Err(ApiError::new(
            "InvalidLambdaResponseException",
            "The functions keep more of one sign-in than 64 KiB.",
        ));
    }
    let lifetime = core.definition().settings.auth_session_seconds;
    core.db.run(|tx| {
        challenges::purge(tx, now - REMEMBERED)?;
        challenges::insert(tx, session, &state, now + lifetime).map_err(ApiError::from)
    })
}

/// Lets a session be found by who is to answer, too: pycognito sends none with a device key.
pub(super) fn keep_for(
    core: &Core,
    answerer: &Answerer<'_>,
    session: &str,
    now: i64,
) -> Result<()> {
    let lifetime = core.definition().settings.auth_session_seconds;
    core.db.run(|tx| {
        challenges::insert(tx, &answerer.text(), session, now + lifetime).map_err(ApiError::from)
    })
}

/// Who may answer without a session.
pub(super) struct Answerer<'a> {
    pub(super) client_id: &'a str,
    pub(super) channel: Channel,
    pub(super) sub: &'a str,
    pub(super) device_key: &'a str,
}

impl Answerer<'_> {
    fn text(&self) -> String {
        let Self {
            client_id,
            channel,
            sub,
            device_key,
        } = self;
        format!("{channel:?} {client_id} {sub} {device_key}")
    }
}

/// What an answer is to be found by.
pub(super) fn of(core: &Core, answer: &Answer<'_>) -> Result<String> {
    match (answer.challenge, answer.session) {
        ("PASSWORD_VERIFIER" | "DEVICE_PASSWORD_VERIFIER", _) => {
            required(answer.responses, "PASSWORD_CLAIM_SECRET_BLOCK").map(str::to_owned)
        }
        (_, Some(session)) => Ok(session.to_owned()),
        ("DEVICE_SRP_AUTH", None) => of_device(core, answer),
        (_, None) => Err(ApiError::invalid_parameter(
            "Missing required parameter Session",
        )),
    }
}

fn of_device(core: &Core, answer: &Answer<'_>) -> Result<String> {
    let name = required(answer.responses, "USERNAME")?;
    let device_key = required(answer.responses, "DEVICE_KEY")?;
    core.db.run(|tx| {
        let user = users::find(tx, name)?.ok_or_else(|| refused("."))?;
        let answerer = Answerer {
            client_id: &answer.client.id,
            channel: answer.channel,
            sub: &user.sub,
            device_key,
        };
        let waiting = challenges::get(tx, &answerer.text())?;
        waiting
            .map(|waiting| waiting.state)
            .ok_or_else(|| refused("."))
    })
}

/// Takes the sign-in: nobody else can, unless it is given back.
///
/// # Errors
/// `NotAuthorizedException`, for another client's, another door's or another challenge's too.
pub(super) fn take(core: &Core, answer: &Answer<'_>, session: &str, now: i64) -> Result<SignIn> {
    take_when(core, session, now, |sign_in| {
        is_answered_by(sign_in, answer)
    })
}

/// Whether it is the client, the door and the challenge that the answer says.
pub(super) fn is_answered_by(sign_in: &SignIn, answer: &Answer<'_>) -> bool {
    sign_in.client_id == answer.client.id
        && sign_in.channel == answer.channel
        && sign_in.awaits.name() == answer.challenge
}

/// The same for a caller that says whose it has to be. It stays where it is when it is not.
///
/// # Errors
/// `NotAuthorizedException`.
pub(super) fn take_when(
    core: &Core,
    session: &str,
    now: i64,
    is_right: impl FnOnce(&SignIn) -> bool,
) -> Result<SignIn> {
    core.db.run(|tx| {
        let waiting = challenges::get(tx, session)?.ok_or_else(|| refused("."))?;
        if waiting.used {
            return Err(refused(", session can only be used once."));
        }
        if waiting.expires_at <= now {
            return Err(refused(", session is expired."));
        }
        let sign_in: SignIn = serde_json::from_str(&waiting.state).map_err(|_| refused("."))?;
        if !is_right(&sign_in) {
            return Err(refused("."));
        }
        challenges::spend(tx, session)?;
        Ok(sign_in)
    })
}

/// Whether it can still be answered.
pub(crate) fn waits(core: &Core, session: &str, now: i64) -> Result<bool> {
    let waiting = core
        .db
        .run(|tx| challenges::get(tx, session).map_err(ApiError::from))?;
    Ok(waiting.is_some_and(|waiting| !waiting.used && waiting.expires_at > now))
}

pub(super) fn give_back(core: &Core, session: &str, sign_in: &SignIn) -> Result<()> {
    let state = serde_json::to_string(sign_in).map_err(|_| ApiError::internal())?;
    core.db
        .run(|tx| challenges::give_back(tx, session, &state).map_err(ApiError::from))
}

fn refused(why: &str) -> ApiError {
    ApiError::not_authorized(format!("Invalid session for the user{why}"))
}
