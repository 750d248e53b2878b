//! What a client holds of a sign-in under way: an opaque value that works once, for a while.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;

use super::size::LARGEST_STATE;
use super::{Answer, Channel, SignIn, required};
use crate::core::Core;
use crate::db::{challenges, digest_of, users};
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
        challenges::insert(tx, &digest_of(session), &state, now + lifetime).map_err(ApiError::from)
    })
}

/// Lets a session be found by who is to answer, too: pycognito sends none with a device key. Its
/// hash is all that is kept there.
pub(super) fn keep_for(
    core: &Core,
    answerer: &Answerer<'_>,
    session: &str,
    now: i64,
) -> Result<()> {
    let lifetime = core.definition().settings.auth_session_seconds;
    let found = STANDARD.encode(digest_of(session));
    core.db.run(|tx| {
        challenges::insert(tx, &answerer.hash(), &found, now + lifetime).map_err(ApiError::from)
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
    fn hash(&self) -> Vec<u8> {
        let Self {
            client_id,
            channel,
            sub,
            device_key,
        } = self;
        digest_of(&format!("{channel:?} {client_id} {sub} {device_key}"))
    }
}

/// What an answer is found by.
pub(super) struct Handle {
    hash: Vec<u8>,
    /// The answer came without a session, so anybody who knows the device's key can have sent it:
    /// it is left for the one that proves the device's secret, which spends it.
    open: bool,
}

/// # Errors
/// `InvalidParameterException` where there has to be a session.
pub(super) fn of(core: &Core, answer: &Answer<'_>) -> Result<Handle> {
    let session = match (answer.challenge, answer.session) {
        ("PASSWORD_VERIFIER" | "DEVICE_PASSWORD_VERIFIER", _) => {
            required(answer.responses, "PASSWORD_CLAIM_SECRET_BLOCK")?
        }
        (_, Some(session)) => session,
        ("DEVICE_SRP_AUTH", None) => return of_device(core, answer),
        (_, None) => {
            return Err(ApiError::invalid_parameter(
                "Missing required parameter Session",
            ));
        }
    };
    Ok(Handle {
        hash: digest_of(session),
        open: false,
    })
}

fn of_device(core: &Core, answer: &Answer<'_>) -> Result<Handle> {
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
        let waiting = challenges::get(tx, &answerer.hash())?;
        let hash = waiting.and_then(|waiting| STANDARD.decode(waiting.state).ok());
        let hash = hash.ok_or_else(|| refused("."))?;
        Ok(Handle { hash, open: true })
    })
}

/// Takes the sign-in: nobody else can, unless it is given back or was found without its session.
///
/// # Errors
/// `NotAuthorizedException`, for another client's, another door's or another challenge's too.
pub(super) fn take(core: &Core, answer: &Answer<'_>, handle: &Handle, now: i64) -> Result<SignIn> {
    core.db.run(|tx| {
        let mut sign_in = find(tx, &handle.hash, now)?;
        if !is_answered_by(&sign_in, answer) {
            return Err(refused("."));
        }
        if handle.open {
            sign_in.left_open = Some(handle.hash.clone());
        } else {
            challenges::spend(tx, &handle.hash)?;
        }
        Ok(sign_in)
    })
}

/// Spends what [`take`] left, now that the device has proven its secret.
///
/// # Errors
/// `NotAuthorizedException` when another answer has, or it is too late.
pub(super) fn close(core: &Core, sign_in: &mut SignIn, now: i64) -> Result<()> {
    let Some(hash) = sign_in.left_open.take() else {
        return Ok(());
    };
    core.db.run(|tx| {
        find(tx, &hash, now)?;
        challenges::spend(tx, &hash).map_err(ApiError::from)
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
    let hash = digest_of(session);
    core.db.run(|tx| {
        let sign_in = find(tx, &hash, now)?;
        if !is_right(&sign_in) {
            return Err(refused("."));
        }
        challenges::spend(tx, &hash)?;
        Ok(sign_in)
    })
}

fn find(db: &Connection, hash: &[u8], now: i64) -> Result<SignIn> {
    let waiting = challenges::get(db, hash)?.ok_or_else(|| refused("."))?;
    if waiting.used {
        return Err(refused(", session can only be used once."));
    }
    if waiting.expires_at <= now {
        return Err(refused(", session is expired."));
    }
    serde_json::from_str(&waiting.state).map_err(|_| refused("."))
}

/// Whether it can still be answered.
pub(crate) fn waits(core: &Core, session: &str, now: i64) -> Result<bool> {
    let waiting = core
        .db
        .run(|tx| challenges::get(tx, &digest_of(session)).map_err(ApiError::from))?;
    Ok(waiting.is_some_and(|waiting| !waiting.used && waiting.expires_at > now))
}

pub(super) fn give_back(core: &Core, session: &str, sign_in: &SignIn) -> Result<()> {
    put_back(core, &digest_of(session), sign_in)
}

/// The same for what [`take`] took; what it left is there still.
pub(super) fn give_back_taken(core: &Core, handle: &Handle, sign_in: &SignIn) -> Result<()> {
    if handle.open {
        return Ok(());
    }
    put_back(core, &handle.hash, sign_in)
}

fn put_back(core: &Core, hash: &[u8], sign_in: &SignIn) -> Result<()> {
    let state = serde_json::to_string(sign_in).map_err(|_| ApiError::internal())?;
    core.db
        .run(|tx| challenges::give_back(tx, hash, &state).map_err(ApiError::from))
}

fn refused(why: &str) -> ApiError {
    ApiError::not_authorized(format!("Invalid session for the user{why}"))
}
