//! A person's sessions on all devices: seen and ended by the person.

use std::sync::Arc;

use cogward_session::{
    Handle, Identity, KeyRing, LookupKey, Record, StoreError, Timestamp, UserIndex, seal,
};

use crate::audit::{self, Event};
use crate::error::chain;
use crate::logout::{self, Ending, Spared};
use crate::session::{Current, open_tokens};
use crate::{Auth, SessionError, context, revocation};

/// Ending all sessions looks for more until there are none, so often at most: one that moves in
/// its store meanwhile, or that was begun, is not passed over.
pub(crate) const ROUNDS: usize = 5;

/// One of the caller's sessions.
#[derive(Debug)]
pub struct Entry {
    /// Its public name.
    pub handle: Handle,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// `User-Agent` at sign-in.
    pub user_agent: Option<String>,
    /// Address at sign-in.
    pub address: Option<String>,
}

/// The caller's sessions, the last used first.
///
/// # Errors
/// The store did not answer.
pub async fn list(auth: &Auth, current: &Current) -> Result<Vec<Entry>, SessionError> {
    let ring = auth.ring();
    let records = records(auth, current).await?;
    let mut entries: Vec<Entry> = records
        .iter()
        .filter(|(key, _)| !auth.condemned.contains(key))
        .filter_map(|(key, record)| entry(&ring, &current.identity.sub, key, record))
        .collect();
    for entry in &mut entries {
        entry.current = entry.handle == current.handle();
    }
    entries.sort_by_key(|entry| (!entry.current, std::cmp::Reverse(entry.last_seen_at)));
    Ok(entries)
}

async fn records(
    auth: &Auth,
    current: &Current,
) -> Result<Vec<(LookupKey, Arc<Record>)>, SessionError> {
    let identity = &current.identity;
    let users = auth.ring().user_indexes(&identity.pool, &identity.sub);
    Ok(auth.store.list(&users, auth.now()).await?)
}

/// A session as a list shows it; one that does not open is told of and left out.
pub(crate) fn entry(ring: &KeyRing, sub: &str, key: &LookupKey, record: &Record) -> Option<Entry> {
    let device = match seal::open_device(ring, key, &record.device) {
        Ok(device) => device,
        Err(_) => {
            audit::session(Event::Unreadable, sub, key, "device");
            return None;
        }
    };
    Some(Entry {
        handle: key.handle(),
        current: false,
        created_at: device.created_at,
        last_seen_at: record.last_seen_at,
        user_agent: device.user_agent,
        address: device.address,
    })
}

/// Ends one of the caller's sessions; `false` when the caller has none of that name.
///
/// Another device's refresh token cannot be opened from here: it is revoked at Cognito when
/// that device's browser comes next. Nobody but this server ever held it.
///
/// # Errors
/// The store did not answer.
pub async fn revoke(
    auth: &Arc<Auth>,
    current: &Current,
    handle: &Handle,
) -> Result<bool, SessionError> {
    if current.handle() == *handle {
        end_own(auth, current, Event::Revoked).await?;
        return Ok(true);
    }
    let records = records(auth, current).await?;
    let Some((key, _)) = records.iter().find(|(key, _)| key.handle() == *handle) else {
        return Ok(false);
    };
    let ended = logout::remove_unopened(auth.store.as_ref(), key).await?;
    if ended {
        let sub = &current.identity.sub;
        audit::session(Event::Revoked, sub, key, "from another device");
        context::forget(auth, sub);
    }
    Ok(ended)
}

/// Which sessions "everywhere" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All but the caller's.
    Others,
    /// The caller's too.
    All,
}

/// Ends the caller's sessions on other devices, or on all, and has the tokens refused that
/// were issued by then; returns how many sessions. Takes up to a second: by its answer that
/// second is over, so that no later token passes for an earlier one.
///
/// # Errors
/// The store did not answer; what was ended or refused by then stays so.
pub async fn revoke_all(
    auth: &Arc<Auth>,
    current: Current,
    scope: Scope,
) -> Result<usize, SessionError> {
    let worker = Arc::clone(auth);
    // A page that is left meanwhile has signed out everywhere all the same.
    let ended = auth.spawn(async move { end_all(&worker, &current, scope).await });
    ended.await.map_err(|_| SessionError::Internal)?
}

/// The same where there is nothing a caller could do about a failure: it goes on behind the
/// answer until it is done. Whether it is done by now.
pub(crate) async fn surely_revoke_all(auth: &Arc<Auth>, current: Current, scope: Scope) -> bool {
    let Err(error) = revoke_all(auth, current.clone(), scope).await else {
        return true;
    };
    let error = chain(&error);
    tracing::warn!(error, session = %current.handle(), "sessions not ended yet: it goes on");
    let worker = Arc::clone(auth);
    auth.spawn(async move {
        loop {
            tokio::time::sleep(logout::RETRY).await;
            if end_all(&worker, &current, scope).await.is_ok() {
                break;
            }
        }
    });
    false
}

async fn end_all(auth: &Arc<Auth>, current: &Current, scope: Scope) -> Result<usize, SessionError> {
    let identity = &current.identity;
    // First, so that whatever goes wrong from here on, no token outlives its session.
    let marked = revocation::mark(auth, identity, scope).await?;
    audit::session(
        Event::TokensRevoked,
        &identity.sub,
        &current.key,
        "everywhere",
    );
    context::forget(auth, &identity.sub);
    let mut ended = 0;
    for _ in 0..ROUNDS {
        let records = records(auth, current).await?;
        let others: Vec<_> = records
            .iter()
            .filter(|(key, _)| *key != current.key)
            .collect();
        if others.is_empty() {
            break;
        }
        for (key, _) in others {
            if logout::remove_unopened(auth.store.as_ref(), key).await? {
                ended += 1;
                audit::session(Event::Revoked, &identity.sub, key, "everywhere");
            }
        }
    }
    if scope == Scope::All {
        sign_out_at_cognito(auth, current).await;
        end_own(auth, current, Event::SignedOut).await?;
        ended += 1;
    }
    revocation::conclude(auth, identity, scope, marked).await?;
    Ok(ended)
}

/// Ends the sessions of a person beyond [`Settings::max_sessions`](crate::Settings), those that
/// were not used for longest, behind the answer to a sign-in. A program that signs in again and
/// again must not fill the store.
pub(crate) fn keep_to_limit(auth: &Arc<Auth>, identity: &Identity, newest: LookupKey) {
    let users = auth.ring().user_indexes(&identity.pool, &identity.sub);
    let (worker, sub) = (Arc::clone(auth), identity.sub.clone());
    auth.spawn(async move {
        if let Err(error) = end_excess(&worker, &sub, &users, newest).await {
            tracing::warn!(error = chain(&error), "sessions beyond the limit not ended");
        }
    });
}

async fn end_excess(
    auth: &Auth,
    sub: &str,
    users: &[UserIndex],
    newest: LookupKey,
) -> Result<(), StoreError> {
    let mut records = auth.store.list(users, auth.now()).await?;
    let excess = records.len().saturating_sub(auth.settings.max_sessions);
    if excess == 0 {
        return Ok(());
    }
    records.retain(|(key, _)| *key != newest);
    records.sort_by_key(|(key, record)| (record.last_seen_at, *key));
    for (key, _) in records.iter().take(excess) {
        if logout::remove_unopened(auth.store.as_ref(), key).await? {
            audit::session(Event::Revoked, sub, key, "too many sessions");
        }
    }
    Ok(())
}

/// Detached: a page that is left between removal and revocation changes nothing.
async fn end_own(auth: &Arc<Auth>, current: &Current, event: Event) -> Result<(), SessionError> {
    let (worker, id) = (Arc::clone(auth), current.id.clone());
    let ending = Ending {
        event,
        spared: Spared::Nothing,
    };
    let removed = auth.spawn(async move { logout::remove(&worker, &id, &ending).await });
    Ok(removed.await.map_err(|_| SessionError::Internal)??)
}

/// `GlobalSignOut` ends the other devices' tokens at Cognito too. It needs
/// the scope `aws.cognito.signin.user.admin`, so it may be refused.
async fn sign_out_at_cognito(auth: &Auth, current: &Current) {
    let Ok(tokens) = open_tokens(auth, current) else {
        return;
    };
    if let Err(error) = auth
        .pool
        .cognito
        .global_sign_out(tokens.access_token.expose())
        .await
    {
        tracing::info!(error = chain(&error), "global sign-out not done at Cognito");
    }
}
