//! The refresh itself: lease, reload, re-check, ask Cognito, verify, write, release.

use std::sync::Arc;
use std::time::Duration;

use cogward_cognito::Tokens;
use cogward_jwt::VerifyError;
use cogward_session::{
    Identity, LookupKey, Record, Replaced, StoreError, Timestamp, Token, TokenSet,
};
use tokio::time::Instant;

use super::flights::Outcome;
use super::turn::{Awaited, Turn};
use super::{is_renewed, is_same_renewal};
use crate::audit::{self, Event};
use crate::error::chain;
use crate::session::{self, Current};
use crate::{Auth, SessionError, context, logout, upkeep};

/// For how long new tokens are tried to be written when Cognito would give others.
const WRITE: Duration = Duration::from_millis(500);
/// For how long a rotated refresh token is, which it will not give twice.
const ROTATED_WRITE: Duration = Duration::from_secs(600);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the write of a process that lost its turn is waited for: such a process writes
/// within seconds, or it is dead and what it got is lost.
const LATE_WRITE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Lease, reload, re-check, refresh, write, release.
pub(super) async fn fly(auth: &Arc<Auth>, read: Current) -> Outcome {
    let turn = match Turn::wait(auth, &read).await {
        Awaited::Turn(turn) => turn,
        Awaited::Renewed(current) => return Outcome::Renewed(current),
        Awaited::Over(error) => return over(&error),
    };
    let outcome = renew(auth, &turn, read).await;
    // Where it is still open what became of the turn before, the next one has to know.
    let open = matches!(outcome, Outcome::Postponed | Outcome::StoreUnavailable);
    if !(turn.taken_over && open) {
        turn.give_back().await;
    }
    outcome
}

async fn renew(auth: &Arc<Auth>, turn: &Turn, read: Current) -> Outcome {
    let current = match session::load_by_id(auth, read.id.clone(), auth.now()).await {
        Ok(current) => current,
        Err(error) => return over(&error),
    };
    if is_renewed(&current.identity, &read.identity, auth.now()) {
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
        Err(error) if error.is_fatal() => dead(auth, turn, current).await,
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

fn over(error: &SessionError) -> Outcome {
    match error {
        SessionError::Store(error) => store_unavailable(error),
        error if error.is_transient() => Outcome::Postponed,
        _ => Outcome::Ended,
    }
}

fn store_unavailable(error: &StoreError) -> Outcome {
    tracing::warn!(
        error = chain(error),
        "session store unavailable during refresh"
    );
    Outcome::StoreUnavailable
}

/// Cognito says that the refresh token is dead. With rotation so is one that was spent: by a
/// process whose turn this was before, and which may have yet to write what it got for it.
async fn dead(auth: &Arc<Auth>, turn: &Turn, current: Current) -> Outcome {
    let unclear = auth.settings.refresh_rotation && (turn.taken_over || turn.is_lost());
    let until = Instant::now() + if unclear { LATE_WRITE } else { Duration::ZERO };
    while Instant::now() < until {
        tokio::time::sleep(LOOK_AGAIN).await;
        match since(auth, &current).await {
            Since::Nothing(_) => {}
            Since::Renewed(outcome) | Since::Over(outcome) => return outcome,
        }
    }
    refused(auth, current, "refused by Cognito").await
}

/// Ends a session, unless another process has renewed it: by compare-and-set.
async fn refused(auth: &Arc<Auth>, mut current: Current, reason: &str) -> Outcome {
    loop {
        let record = &current.record;
        let over_now = Record {
            version: record.version.saturating_add(1),
            expires_at: auth.now(),
            ..Record::clone(record)
        };
        let expected = record.version;
        match auth.store.replace(&current.key, expected, over_now).await {
            Ok(Replaced::Done | Replaced::Missing) => break,
            Ok(Replaced::Conflict) => match since(auth, &current).await {
                Since::Nothing(sealed_anew) => current = *sealed_anew,
                Since::Renewed(outcome) | Since::Over(outcome) => return outcome,
            },
            Err(error) => return store_unavailable(&error),
        }
    }
    // Over as it is; a store that fails here removes it when it expires.
    if let Err(error) = auth.store.remove(&current.key).await {
        tracing::warn!(error = chain(&error), "ended session not removed yet");
    }
    let sub = &current.identity.sub;
    audit::session(Event::RefreshRefused, sub, &current.key, reason);
    context::forget(auth, sub);
    Outcome::Refused
}

/// What became of a session since it was read.
enum Since {
    /// Its tokens are the same, whether sealed anew or not.
    Nothing(Box<Current>),
    /// Another process renewed them; what was learnt here is of tokens that count no more.
    Renewed(Outcome),
    /// It is gone, or the store is.
    Over(Outcome),
}

async fn since(auth: &Arc<Auth>, read: &Current) -> Since {
    let now = auth.now();
    match session::load_by_id(auth, read.id.clone(), now).await {
        Ok(current) if is_same_renewal(&current.identity, &read.identity) => {
            Since::Nothing(Box::new(current))
        }
        Ok(current) if now < current.identity.access_expires_at => {
            Since::Renewed(Outcome::Renewed(Box::new(current)))
        }
        // Long ago: they have run out by now, and the next request renews them.
        Ok(_) => Since::Renewed(Outcome::Postponed),
        Err(error) => Since::Over(over(&error)),
    }
}

/// Takes new tokens only for the same person and client as before.
async fn accept(auth: &Arc<Auth>, current: Current, old: TokenSet, new: Tokens) -> Outcome {
    let rotated = new.refresh_token.as_ref().map(session::kept);
    let refresh_token = rotated.clone().or_else(|| old.refresh_token.clone());
    match verify(auth, &current, &new).await {
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
                // A renewal of its own: its refresh token is another.
                let identity = Identity {
                    refreshed_at: auth.now(),
                    ..Identity::clone(&current.identity)
                };
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
            let outcome = refused(auth, current, reason).await;
            // A session that lives after all may live on this very sign-in.
            if let (Some(token), Outcome::Refused) = (refresh_token, &outcome) {
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
async fn verify(
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
        return Ok((identity, session::kept(&new.access_token), None));
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
    let access_token = session::kept(&new.access_token);
    Ok((identity, access_token, Some(session::kept(id_token))))
}

fn unusable(error: &VerifyError) -> Unusable {
    tracing::warn!(error = chain(error), "refreshed token not usable");
    match error {
        // Cognito has issued it just now: one of the two clocks is wrong, and likely ours.
        VerifyError::Expired | VerifyError::NotYetValid => {
            tracing::error!(
                "a token that was issued just now is out of date: check this server's clock"
            );
            Unusable::Later
        }
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
    mut current: Current,
    identity: Identity,
    set: TokenSet,
    rotated: Option<Token>,
    event: Event,
) -> Outcome {
    let until = Instant::now()
        + if rotated.is_some() {
            ROTATED_WRITE
        } else {
            WRITE
        };
    loop {
        let expires_at = session::expiry(auth, auth.now(), identity.ends_at);
        let next = upkeep::next(auth, &current, &identity, &set, expires_at);
        let Ok(record) = next else {
            return Outcome::StoreUnavailable;
        };
        let expected = current.record.version;
        match replace(auth, &current.key, expected, &record, until).await {
            Ok(Replaced::Done) => {
                audit::session(event, &identity.sub, &current.key, "");
                return Outcome::Renewed(Box::new(Current {
                    record: Arc::new(record),
                    identity: Arc::new(identity),
                    ..current
                }));
            }
            Ok(Replaced::Missing) => return ended(auth, rotated).await,
            Ok(Replaced::Conflict) => match since(auth, &current).await {
                Since::Nothing(sealed_anew) => current = *sealed_anew,
                // Later than ours: rights that were withdrawn since must not come back.
                Since::Renewed(outcome) => return outcome,
                Since::Over(Outcome::Ended) => return ended(auth, rotated).await,
                Since::Over(outcome) => return outcome,
            },
            Err(outcome) => return outcome,
        }
    }
}

/// The session was ended while its tokens were renewed: the new refresh token ends too.
async fn ended(auth: &Arc<Auth>, rotated: Option<Token>) -> Outcome {
    if let Some(token) = rotated {
        logout::revoke(auth, token).await;
    }
    Outcome::Ended
}

async fn replace(
    auth: &Auth,
    key: &LookupKey,
    version: u64,
    record: &Record,
    until: Instant,
) -> Result<Replaced, Outcome> {
    let mut pause = Duration::from_millis(50);
    loop {
        match auth.store.replace(key, version, record.clone()).await {
            Ok(replaced) => return Ok(replaced),
            Err(error) if Instant::now() >= until => return Err(store_unavailable(&error)),
            Err(error) => {
                tracing::warn!(error = chain(&error), "new tokens not written yet");
                tokio::time::sleep(pause).await;
            }
        }
        pause = LONGEST_PAUSE.min(pause * 4);
    }
}
