//! The refresh itself: reload, re-check, ask Cognito, verify, write.

use std::sync::Arc;
use std::time::Duration;

use cogward_cognito::Tokens;
use cogward_jwt::VerifyError;
use cogward_session::{
    Identity, LookupKey, Record, Replaced, SessionId, StoreError, Timestamp, Token, TokenSet,
};

use super::flights::Outcome;
use super::just_refreshed;
use crate::audit::{self, Event};
use crate::error::chain;
use crate::session::{self, Current};
use crate::{Auth, SessionError, logout};

/// Tries to write new tokens when Cognito would give others.
const WRITE_TRIES: u32 = 3;
/// Tries to write a rotated refresh token, which it will not give twice: for
/// about ten minutes.
const ROTATED_WRITE_TRIES: u32 = 300;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Reload, re-check, refresh, write.
pub(super) async fn fly(auth: &Arc<Auth>, id: SessionId) -> Outcome {
    let current = match session::load_by_id(auth, id, auth.now()).await {
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
        return Outcome::Ended;
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
            tracing::warn!(error = chain(&error), "refresh postponed");
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

fn store_unavailable(error: &StoreError) -> Outcome {
    tracing::warn!(
        error = chain(error),
        "session store unavailable during refresh"
    );
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
            write(auth, current, identity, set, rotated, Event::Refreshed).await
        }
        // The keys cannot be had: keep what cannot be had twice, use nothing unverified.
        Err(Unusable::Later) => {
            if rotated.is_some() {
                let identity = Identity::clone(&current.identity);
                let set = TokenSet {
                    refresh_token,
                    ..old
                };
                write(
                    auth,
                    current,
                    identity,
                    set,
                    rotated,
                    Event::RefreshPostponed,
                )
                .await;
            }
            Outcome::Postponed
        }
        Err(Unusable::Never(reason)) => {
            let outcome = refused(auth, &current, reason).await;
            if let Some(token) = refresh_token {
                logout::revoke(auth, token).await;
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
    let verifiers = &auth.pool.verifiers;
    let was: &Identity = &current.identity;
    let access = verifiers
        .access
        .verify_at(new.access_token.expose(), now.as_secs())
        .await
        .map_err(|error| unusable(&error))?;
    if access.sub != was.sub || *access.client_id != *was.client_id {
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
    let id = verifiers
        .id
        .verify_at(id_token.expose(), now.as_secs())
        .await
        .map_err(|error| unusable(&error))?;
    if id.sub != was.sub || *id.aud != *was.client_id {
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
    tracing::warn!(error = chain(error), "refreshed token not usable");
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
    event: Event,
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
            audit::session(event, &identity.sub, &current.key, "");
            Outcome::Renewed(Box::new(Current {
                record: Arc::new(record),
                identity: Arc::new(identity),
                ..current
            }))
        }
        Ok(Replaced::Missing) => {
            if let Some(token) = rotated {
                logout::revoke(auth, token).await;
            }
            Outcome::Ended
        }
        // Another process was first: its result is as good as ours.
        Ok(Replaced::Conflict) => match session::load_by_id(auth, current.id, auth.now()).await {
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
            Err(error) => {
                tracing::warn!(error = chain(&error), tries, "new tokens not written yet");
                tokio::time::sleep(pause).await;
            }
        }
        pause = LONGEST_PAUSE.min(pause * 4);
    }
}
