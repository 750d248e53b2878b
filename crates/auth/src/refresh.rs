//! Renewing a session's tokens: once, however many ask.
//!
//! The work runs in a task of its own. Requests wait for its result, bounded;
//! one that hangs up changes nothing for the others, and a token that Cognito
//! rotated is written even when nobody waits any more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cogward_cognito::Tokens;
use cogward_jwt::VerifyError;
use cogward_session::{
    Identity, LookupKey, Record, Replaced, SessionId, Timestamp, Token, TokenSet,
};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::audit::{self, Event};
use crate::session::{self, Current};
use crate::{Auth, SessionError, logout};

/// A refresh asked for this soon after the last one reuses its result, seconds.
const REUSE_SECONDS: i64 = 10;
/// How long a request waits for a refresh under way.
const WAIT: Duration = Duration::from_millis(4500);
/// After a failed try, while the access token still lives, seconds.
const POSTPONE_SECONDS: i64 = 5;
/// Tries to write new tokens when Cognito would give others.
const WRITE_TRIES: u32 = 3;
/// Tries to write a rotated refresh token, which it will not give twice: for
/// about ten minutes.
const ROTATED_WRITE_TRIES: u32 = 300;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Renews the tokens when the access token is about to run out.
pub(crate) async fn if_due(auth: &Arc<Auth>, current: Current) -> Result<Current, SessionError> {
    let now = auth.now();
    let left = now.seconds_until(current.identity.access_expires_at);
    let alive = left > 0;
    let fresh = alive && just_refreshed(&current.identity, now);
    if left > auth.settings.refresh_ahead_seconds || fresh {
        return Ok(current);
    }
    if !current.identity.refreshable {
        return if alive {
            Ok(current)
        } else {
            Err(SessionError::TokenExpired)
        };
    }
    if alive && auth.flights.postponed(&current.key, now) {
        return Ok(current);
    }
    match join(auth, &current).await {
        Err(error) if error.is_transient() && alive => Ok(current),
        other => other,
    }
}

/// Renews the tokens now, as `POST …/refresh` asks for.
///
/// # Errors
/// [`SessionError::TokenExpired`] also stands for "there is no refresh token".
pub async fn refresh(auth: &Arc<Auth>, cookie: Option<&str>) -> Result<Current, SessionError> {
    let current = session::load(auth, cookie).await?;
    if !current.identity.refreshable {
        return Err(SessionError::TokenExpired);
    }
    join(auth, &current).await
}

fn just_refreshed(identity: &Identity, now: Timestamp) -> bool {
    identity.refreshed_at.seconds_until(now) < REUSE_SECONDS
}

/// Takes part in the refresh of this session that is under way, or starts it.
async fn join(auth: &Arc<Auth>, current: &Current) -> Result<Current, SessionError> {
    let mut result = auth.flights.join(auth, current);
    let outcome = tokio::time::timeout(WAIT, result.wait_for(Option::is_some)).await;
    match outcome {
        Ok(Ok(outcome)) => match outcome.as_ref() {
            Some(outcome) => outcome.clone().into_result(),
            None => Err(SessionError::Upstream),
        },
        // The task died: the session is kept.
        Ok(Err(_)) => Err(SessionError::Upstream),
        // It goes on, and those whose token still lives need not wait for it.
        Err(_) => {
            auth.flights.postpone(current.key, auth.now());
            Err(SessionError::Upstream)
        }
    }
}

#[derive(Clone)]
enum Outcome {
    Renewed(Box<Current>),
    Refused,
    Ended,
    StoreUnavailable,
    Postponed,
}

impl Outcome {
    fn into_result(self) -> Result<Current, SessionError> {
        match self {
            Self::Renewed(current) => Ok(*current),
            Self::Refused => Err(SessionError::RefreshRefused),
            Self::Ended => Err(SessionError::Ended),
            Self::StoreUnavailable | Self::Postponed => Err(SessionError::Upstream),
        }
    }
}

/// The refreshes under way in this process.
#[derive(Default)]
pub(crate) struct Flights {
    open: Mutex<HashMap<LookupKey, watch::Receiver<Option<Outcome>>>>,
    postponed: Mutex<HashMap<LookupKey, Timestamp>>,
}

impl Flights {
    fn join(&self, auth: &Arc<Auth>, current: &Current) -> watch::Receiver<Option<Outcome>> {
        let mut open = self.open.lock();
        if let Some(receiver) = open.get(&current.key) {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(None);
        open.insert(current.key, receiver.clone());
        let landing = Landing {
            auth: Arc::clone(auth),
            key: current.key,
        };
        let id = current.id.clone();
        tokio::spawn(async move {
            let outcome = fly(&landing.auth, id).await;
            if matches!(outcome, Outcome::Postponed | Outcome::StoreUnavailable) {
                let Landing { auth, key } = &landing;
                auth.flights.postpone(*key, auth.now());
            }
            sender.send_replace(Some(outcome));
            drop(landing);
        });
        receiver
    }

    /// Whether a try failed moments ago.
    fn postponed(&self, key: &LookupKey, now: Timestamp) -> bool {
        let postponed = self.postponed.lock();
        postponed
            .get(key)
            .is_some_and(|at| at.seconds_until(now) < POSTPONE_SECONDS)
    }

    fn postpone(&self, key: LookupKey, now: Timestamp) {
        let mut postponed = self.postponed.lock();
        postponed.retain(|_, at| at.seconds_until(now) < POSTPONE_SECONDS);
        postponed.insert(key, now);
    }
}

/// Clears the way for the next refresh, also when the task panicked.
struct Landing {
    auth: Arc<Auth>,
    key: LookupKey,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.auth.flights.open.lock().remove(&self.key);
    }
}

/// Reload, re-check, refresh, write.
async fn fly(auth: &Arc<Auth>, id: SessionId) -> Outcome {
    let current = match session::load_by_id(auth, id).await {
        Ok(current) => current,
        Err(SessionError::Store(error)) => return store_unavailable(&error),
        Err(_) => return Outcome::Ended,
    };
    let now = auth.now();
    let alive = now < current.identity.access_expires_at;
    if alive && just_refreshed(&current.identity, now) {
        return Outcome::Renewed(Box::new(current));
    }
    let Ok(old) = session::open_tokens(auth, &current) else {
        return Outcome::Ended;
    };
    let Some(refresh_token) = &old.refresh_token else {
        return Outcome::Refused;
    };
    let cognito = &auth.pool.cognito;
    let answer = match auth.settings.refresh_rotation {
        true => cognito.refresh_rotating(refresh_token.expose()).await,
        false => cognito.refresh(refresh_token.expose()).await,
    };
    match answer {
        Ok(new) => accept(auth, current, old, new).await,
        Err(error) if error.is_fatal() => refused(auth, &current, "refused by Cognito").await,
        Err(error) => {
            tracing::warn!(%error, "refresh postponed");
            let sub = &current.identity.sub;
            audit::session(
                Event::RefreshPostponed,
                sub,
                &current.key,
                "Cognito unavailable",
            );
            Outcome::Postponed
        }
    }
}

fn store_unavailable(error: &dyn std::fmt::Display) -> Outcome {
    tracing::warn!(%error, "session store unavailable during refresh");
    Outcome::StoreUnavailable
}

async fn refused(auth: &Arc<Auth>, current: &Current, reason: &str) -> Outcome {
    let sub = &current.identity.sub;
    match auth.store.remove(&current.key).await {
        Ok(_) => {
            audit::session(Event::RefreshRefused, sub, &current.key, reason);
            Outcome::Refused
        }
        Err(error) => store_unavailable(&error),
    }
}

/// Takes new tokens only for the same person and client as before.
async fn accept(auth: &Arc<Auth>, current: Current, old: TokenSet, new: Tokens) -> Outcome {
    let rotated = new
        .refresh_token
        .as_ref()
        .map(|token| Token::from(token.expose().to_owned()));
    let refresh_token = rotated.clone().or_else(|| old.refresh_token.clone());
    match renew(auth, &current, &new).await {
        Ok((identity, access_token, id_token)) => {
            let id_token = id_token.unwrap_or(old.id_token);
            let set = TokenSet {
                access_token,
                id_token,
                refresh_token,
            };
            write(auth, current, identity, set, rotated).await
        }
        // The keys cannot be had: keep what cannot be had twice, use nothing unverified.
        Err(Unusable::Later) => {
            if rotated.is_some() {
                let identity = current.identity.clone();
                let set = TokenSet {
                    refresh_token,
                    ..old
                };
                write(auth, current, identity, set, rotated).await;
            }
            Outcome::Postponed
        }
        Err(Unusable::Never(reason)) => {
            let outcome = refused(auth, &current, reason).await;
            if let Some(token) = refresh_token {
                logout::revoke(auth, token.expose().to_owned()).await;
            }
            outcome
        }
    }
}

enum Unusable {
    Later,
    Never(&'static str),
}

/// Verifies the new tokens and takes over what they say of the person: a
/// group that was withdrawn is gone with this refresh.
async fn renew(
    auth: &Auth,
    current: &Current,
    new: &Tokens,
) -> Result<(Identity, Token, Option<Token>), Unusable> {
    let now = auth.now();
    let verifier = &auth.pool.verifier;
    let was = &current.identity;
    let access = verifier
        .access_token(new.access_token.expose(), now.as_secs())
        .await
        .map_err(|error| unusable(&error))?;
    if access.sub != was.sub || access.client_id != was.client_id {
        return Err(Unusable::Never("access token of somebody else"));
    }
    let mut identity = Identity {
        access_expires_at: Timestamp::from_secs(access.exp),
        refreshed_at: now,
        ..was.clone()
    };
    let Some(id_token) = &new.id_token else {
        identity.groups.clone_from(&access.groups);
        return Ok((
            identity,
            Token::from(new.access_token.expose().to_owned()),
            None,
        ));
    };
    let id = verifier
        .id_token(id_token.expose(), now.as_secs())
        .await
        .map_err(|error| unusable(&error))?;
    if id.sub != was.sub || id.aud != was.client_id {
        return Err(Unusable::Never("ID token of somebody else"));
    }
    let id = id.into_inner();
    identity.access_expires_at = identity.access_expires_at.min(Timestamp::from_secs(id.exp));
    identity.username = id.username;
    identity.email = id.email;
    identity.email_verified = id.email_verified;
    identity.given_name = id.given_name;
    identity.family_name = id.family_name;
    identity.groups = id.groups;
    let access_token = Token::from(new.access_token.expose().to_owned());
    Ok((
        identity,
        access_token,
        Some(Token::from(id_token.expose().to_owned())),
    ))
}

fn unusable(error: &VerifyError) -> Unusable {
    tracing::warn!(%error, "refreshed token not usable");
    match error {
        // Cognito has just signed it: our keys are behind, and a stranger's
        // made-up key id may keep them so for a cool-down.
        VerifyError::UnknownKey => Unusable::Later,
        error if error.is_transient() => Unusable::Later,
        _ => Unusable::Never("refreshed token did not verify"),
    }
}

/// Compare-and-set: a session that was ended meanwhile stays ended.
async fn write(
    auth: &Arc<Auth>,
    current: Current,
    identity: Identity,
    set: TokenSet,
    rotated: Option<Token>,
) -> Outcome {
    let version = current.record.version;
    let next = session::sealed(
        auth,
        &current.id,
        version.saturating_add(1),
        &identity,
        &set,
    );
    let Ok(sealed) = next else {
        return Outcome::StoreUnavailable;
    };
    let record = Record {
        last_seen_at: current.record.last_seen_at,
        expires_at: session::expiry(auth, auth.now(), identity.ends_at),
        device: current.record.device.clone(),
        ..sealed
    };
    let tries = match rotated {
        Some(_) => ROTATED_WRITE_TRIES,
        None => WRITE_TRIES,
    };
    match replace(auth, &current.key, version, &record, tries).await {
        Ok(Replaced::Done) => {
            audit::session(Event::Refreshed, &identity.sub, &current.key, "");
            Outcome::Renewed(Box::new(Current {
                record: Arc::new(record),
                identity,
                ..current
            }))
        }
        Ok(Replaced::Missing) => {
            if let Some(token) = rotated {
                logout::revoke(auth, token.expose().to_owned()).await;
            }
            Outcome::Ended
        }
        // Another process was first: its result is as good as ours.
        Ok(Replaced::Conflict) => match session::load_by_id(auth, current.id).await {
            Ok(current) => Outcome::Renewed(Box::new(current)),
            Err(error) if error.is_transient() => Outcome::StoreUnavailable,
            Err(_) => Outcome::Ended,
        },
        Err(outcome) => outcome,
    }
}

async fn replace(
    auth: &Auth,
    key: &LookupKey,
    version: u64,
    record: &Record,
    mut tries: u32,
) -> Result<Replaced, Outcome> {
    let mut pause = Duration::from_millis(50);
    loop {
        tries -= 1;
        match auth.store.replace(key, version, record.clone()).await {
            Ok(replaced) => return Ok(replaced),
            Err(error) if tries == 0 => return Err(store_unavailable(&error)),
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause = LONGEST_PAUSE.min(pause * 4);
    }
}
