//! The end of a session: by its owner, by a new sign-in, or from elsewhere.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cogward_session::{LookupKey, Purpose, SessionId, cookie_value};
use parking_lot::Mutex;

use crate::audit::{self, Event};
use crate::session::{Current, find, open_tokens};
use crate::{Auth, SessionError};

/// How long a sign-out waits for Cognito's word on the refresh token; the
/// revocation goes on behind the answer.
const REVOKE_WAIT: Duration = Duration::from_secs(2);
/// Between two tries to remove a session that could not be removed.
const RETRY: Duration = Duration::from_secs(1);

/// Signs out: the session is gone or refused from here on, its refresh token
/// is revoked. There is nothing that a caller could do about a failure, so
/// there is none.
pub async fn logout(auth: &Arc<Auth>, cookie: Option<&str>) {
    detached(auth, cookie, Event::SignedOut).await;
}

/// After a new sign-in of the same browser.
pub(crate) async fn replace_previous(auth: &Arc<Auth>, cookie: Option<&str>) {
    detached(auth, cookie, Event::Replaced).await;
}

/// In a task of its own: a page that is left in the middle of its sign-out is
/// signed out all the same.
async fn detached(auth: &Arc<Auth>, cookie: Option<&str>, event: Event) {
    let id = cookie.and_then(|value| cookie_value::verify(&auth.ring, Purpose::Session, value));
    if let Some(id) = id {
        let auth = Arc::clone(auth);
        // A panic in there has been logged and leaves nothing to do here.
        let _ended = tokio::spawn(async move { end(&auth, id, event).await }).await;
    }
}

async fn end(auth: &Arc<Auth>, id: SessionId, event: Event) {
    let key = id.lookup_key();
    match try_end(auth, id.clone(), event).await {
        Ok(()) => {}
        Err(error) => {
            tracing::warn!(%error, session = %key.handle(), "session not removed yet: it is refused here and removal goes on");
            auth.condemned.insert(key);
            tokio::spawn(keep_ending(Arc::clone(auth), id, event));
        }
    }
}

async fn keep_ending(auth: Arc<Auth>, id: SessionId, event: Event) {
    let key = id.lookup_key();
    loop {
        tokio::time::sleep(RETRY).await;
        if remove_and_revoke(&auth, &id, event).await.is_ok() {
            auth.condemned.remove(&key);
            return;
        }
    }
}

async fn try_end(auth: &Arc<Auth>, id: SessionId, event: Event) -> Result<(), SessionError> {
    if auth.condemned.contains(&id.lookup_key()) {
        return Ok(());
    }
    remove_and_revoke(auth, &id, event).await
}

async fn remove_and_revoke(
    auth: &Arc<Auth>,
    id: &SessionId,
    event: Event,
) -> Result<(), SessionError> {
    let current = match find(auth, id.clone()).await {
        Ok(current) => current,
        // Nothing left that could be opened: remove what may still lie there.
        Err(error) if !error.is_transient() => {
            auth.store.remove(&id.lookup_key()).await?;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    remove(auth, &current, event).await
}

/// Removes an opened session, then revokes its refresh token.
///
/// # Errors
/// The store did not answer; the session may still be there.
pub(crate) async fn remove(
    auth: &Arc<Auth>,
    current: &Current,
    event: Event,
) -> Result<(), SessionError> {
    let refresh_token = open_tokens(auth, current)
        .ok()
        .and_then(|set| set.refresh_token);
    auth.store.remove(&current.key).await?;
    audit::session(event, &current.identity.sub, &current.key, "");
    if let Some(token) = refresh_token.filter(|_| current.identity.refreshable) {
        revoke(auth, token.expose().to_owned()).await;
    }
    Ok(())
}

/// Revokes a refresh token at Cognito, detached from the request: a browser
/// that hangs up leaves nothing behind.
pub(crate) async fn revoke(auth: &Arc<Auth>, refresh_token: String) {
    let auth = Arc::clone(auth);
    let revocation = tokio::spawn(async move {
        if let Err(error) = auth.pool.cognito.revoke(&refresh_token).await {
            tracing::warn!(%error, "refresh token not revoked at Cognito");
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
