//! The end of a session: by its owner, by a new sign-in, or from elsewhere.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cogward_session::{
    LoginKey, LookupKey, Purpose, Record, SessionId, SessionStore, StoreError, Timestamp, Token,
    cookie_value, seal,
};
use parking_lot::Mutex;

use crate::Auth;
use crate::audit::{self, Event};
use crate::error::chain;
use crate::{context, session};

/// How long a sign-out waits for Cognito's word on the refresh token; the
/// revocation goes on behind the answer.
const REVOKE_WAIT: Duration = Duration::from_secs(2);
/// Between two tries to remove a session that could not be removed.
pub(crate) const RETRY: Duration = Duration::from_secs(1);

/// Signs out: every session that the browser's cookies name is gone or refused
/// from here on, its refresh token revoked. There is nothing that a caller
/// could do about a failure, so there is none.
pub async fn logout(auth: &Arc<Auth>, cookies: &[&str]) {
    let ending = Ending {
        event: Event::SignedOut,
        spared: Spared::Nothing,
    };
    detached(auth, cookies, ending).await;
}

/// After a new sign-in of the same browser. The tokens of the sign-in itself
/// are spared: the old session may hold them too.
pub(crate) async fn replace(auth: &Arc<Auth>, cookies: &[&str], origin_jti: Option<String>) {
    let ending = Ending {
        event: Event::Replaced,
        spared: Spared::SignIn(origin_jti),
    };
    detached(auth, cookies, ending).await;
}

/// Takes back a session that was just made; its tokens go on being its owner's.
pub(crate) async fn take_back(auth: &Arc<Auth>, cookie: &str) {
    let ending = Ending {
        event: Event::Replaced,
        spared: Spared::Everything,
    };
    detached(auth, &[cookie], ending).await;
}

/// How a session ends.
#[derive(Clone)]
pub(crate) struct Ending {
    pub(crate) event: Event,
    pub(crate) spared: Spared,
}

/// Which refresh tokens live on.
#[derive(Clone)]
pub(crate) enum Spared {
    Nothing,
    /// That of the sign-in with this `origin_jti`.
    SignIn(Option<String>),
    Everything,
}

/// In a task of its own: a page that is left in the middle of its sign-out is
/// signed out all the same.
async fn detached(auth: &Arc<Auth>, cookies: &[&str], ending: Ending) {
    let genuine = |value: &&str| cookie_value::verify(&auth.ring(), Purpose::Session, value);
    let begin = |id: SessionId| {
        let (worker, ending) = (Arc::clone(auth), ending.clone());
        auth.spawn(async move { end(&worker, id, ending).await })
    };
    let ends: Vec<_> = cookies.iter().filter_map(genuine).map(begin).collect();
    for end in ends {
        // A panic in there has been logged and leaves nothing to do here.
        let _ended = end.await;
    }
}

async fn end(auth: &Arc<Auth>, id: SessionId, ending: Ending) {
    let key = id.lookup_key();
    if auth.condemned.contains(&key) {
        return;
    }
    // A removal that came too late for us may be carried out all the same, and then
    // has nothing to give any more: this is what is left to revoke.
    let known = auth.store.load(&key, auth.now()).await.ok().flatten();
    if let Err(error) = remove(auth, &id, &ending).await {
        let error = chain(&error);
        tracing::warn!(error, session = %key.handle(), "session not removed yet: it is refused here and removal goes on");
        auth.condemned.insert(key);
        let worker = Arc::clone(auth);
        auth.spawn(async move { keep_ending(&worker, &id, &ending, known).await });
    }
}

async fn keep_ending(
    auth: &Arc<Auth>,
    id: &SessionId,
    ending: &Ending,
    known: Option<Arc<Record>>,
) {
    let key = id.lookup_key();
    let removed = loop {
        tokio::time::sleep(RETRY).await;
        if let Ok(removed) = auth.store.remove(&key).await {
            break removed;
        }
    };
    auth.condemned.remove(&key);
    if let Some(record) = removed.or(known) {
        settle(auth, id, record, ending).await;
    }
}

/// Removes a session and revokes the refresh token that it held at the end.
///
/// # Errors
/// The store did not answer; the session may still be there.
pub(crate) async fn remove(
    auth: &Arc<Auth>,
    id: &SessionId,
    ending: &Ending,
) -> Result<(), StoreError> {
    if let Some(record) = auth.store.remove(&id.lookup_key()).await? {
        settle(auth, id, record, ending).await;
    }
    Ok(())
}

/// Tells of the end, and revokes the refresh token that the session held.
async fn settle(auth: &Arc<Auth>, id: &SessionId, record: Arc<Record>, ending: &Ending) {
    // What does not open has been audited; there is no token to revoke in it.
    let Ok(current) = session::open(auth, id.clone(), record) else {
        return;
    };
    auth.opened.forget(&current.key);
    let identity = &current.identity;
    audit::session(ending.event, &identity.sub, &current.key, "");
    context::forget(auth, &identity.sub);
    let spared = match &ending.spared {
        Spared::Nothing => false,
        Spared::SignIn(name) => name.is_some() && *name == identity.origin_jti,
        Spared::Everything => true,
    };
    if identity.refreshable && !spared {
        let tokens = session::open_tokens(auth, &current).ok();
        if let Some(token) = tokens.and_then(|tokens| tokens.refresh_token) {
            revoke(auth, token).await;
        }
    }
}

/// Ends somebody's session without the cookie that opens it; whether there was one.
///
/// Its refresh token cannot be had, so it is put by, sealed as it is, for the moment when that
/// cookie comes ([`mourn`]).
///
/// # Errors
/// The store did not answer; the session may still be there.
pub(crate) async fn remove_unopened(
    store: &dyn SessionStore,
    key: &LookupKey,
) -> Result<bool, StoreError> {
    let Some(record) = store.remove(key).await? else {
        return Ok(false);
    };
    let mut left = record.version.to_be_bytes().to_vec();
    left.extend_from_slice(&record.tokens);
    let place = LoginKey::of_ended(key);
    if let Err(error) = store.put_login(&place, left, record.expires_at).await {
        tracing::warn!(error = chain(&error), session = %key.handle(), "refresh token will not be revoked");
    }
    Ok(true)
}

/// When a browser shows the cookie of a session that is over: revokes what
/// [`remove_unopened`] could not.
pub(crate) fn mourn(auth: &Arc<Auth>, id: SessionId, now: Timestamp) {
    if !auth.mourned.note(id.lookup_key(), now) {
        return;
    }
    let worker = Arc::clone(auth);
    auth.spawn(async move {
        let key = id.lookup_key();
        let place = LoginKey::of_ended(&key);
        let left = match worker.store.take_login(&place, now).await {
            Ok(left) => left.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(error = chain(&error), "refresh token not revoked");
                return;
            }
        };
        let Some((version, sealed)) = left.split_first_chunk() else {
            return;
        };
        let version = u64::from_be_bytes(*version);
        let tokens = seal::open_tokens(&worker.ring(), &id, version, sealed);
        match tokens.map(|tokens| tokens.refresh_token) {
            Ok(Some(token)) => revoke(&worker, token).await,
            Ok(None) => {}
            Err(_) => audit::session(Event::Unreadable, "", &key, "tokens of an ended session"),
        }
    });
}

/// Revokes a refresh token at Cognito, detached from the request: a browser
/// that hangs up leaves nothing behind.
pub(crate) async fn revoke(auth: &Arc<Auth>, refresh_token: Token) {
    let worker = Arc::clone(auth);
    let revocation = auth.spawn(async move {
        if let Err(error) = worker.pool.cognito.revoke(refresh_token.expose()).await {
            tracing::warn!(
                error = chain(&error),
                "refresh token not revoked at Cognito"
            );
        }
    });
    // Late is not lost: the task goes on when this wait is over.
    let _late = tokio::time::timeout(REVOKE_WAIT, revocation).await;
}

/// Sessions that were ended while the store could not be reached: refused in
/// this process until they are gone.
#[derive(Default)]
pub(crate) struct Condemned {
    count: AtomicUsize,
    keys: Mutex<HashSet<LookupKey>>,
}

impl Condemned {
    /// Costs one atomic read while there are none.
    pub(crate) fn contains(&self, key: &LookupKey) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.keys.lock().contains(key)
    }

    fn insert(&self, key: LookupKey) {
        let mut keys = self.keys.lock();
        keys.insert(key);
        self.count.store(keys.len(), Ordering::Release);
    }

    fn remove(&self, key: &LookupKey) {
        let mut keys = self.keys.lock();
        keys.remove(key);
        self.count.store(keys.len(), Ordering::Release);
    }
}
