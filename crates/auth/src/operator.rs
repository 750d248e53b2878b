//! What an operator does to somebody's sessions, without a session of his own.

use std::sync::Arc;

use cogward_session::{Clock, Handle, KeyRing, LookupKey, Record, SessionStore, Timestamp};

use crate::audit::{self, Event};
use crate::devices::{self, Entry};
use crate::{Auth, SessionError, logout, revocation};

const BY_OPERATOR: &str = "by an operator";

/// The store and the keys that a server works with.
pub struct Operator {
    pool_id: String,
    store: Arc<dyn SessionStore>,
    ring: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
    /// Why what he ends is over, for the audit.
    reason: &'static str,
}

impl Operator {
    /// For the sessions of one user pool. With keys that the server does not have nobody is
    /// found.
    pub fn new(
        pool_id: String,
        store: Arc<dyn SessionStore>,
        ring: KeyRing,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            pool_id,
            store,
            ring: Arc::new(ring),
            clock,
            reason: BY_OPERATOR,
        }
    }

    /// At a running server, with the keys it has now.
    pub fn at(auth: &Auth) -> Self {
        Self {
            pool_id: auth.pool.id.clone(),
            store: Arc::clone(&auth.store),
            ring: Arc::clone(&auth.ring()),
            clock: Arc::clone(&auth.clock),
            reason: BY_OPERATOR,
        }
    }

    /// The same for a person who has another password, by a code.
    pub(crate) fn after_reset(auth: &Auth) -> Self {
        Self {
            reason: "another password",
            ..Self::at(auth)
        }
    }

    /// The sessions of the user with this `sub`, the last used first.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn list(&self, sub: &str) -> Result<Vec<Entry>, SessionError> {
        let records = self.records(sub).await?;
        let mut entries: Vec<Entry> = records
            .iter()
            .filter_map(|(key, record)| devices::entry(&self.ring, sub, key, record))
            .collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.last_seen_at));
        Ok(entries)
    }

    /// Ends one session of this user; `false` when the user has none of that name.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn revoke(&self, sub: &str, handle: &Handle) -> Result<bool, SessionError> {
        let records = self.records(sub).await?;
        let Some((key, _)) = records.iter().find(|(key, _)| key.handle() == *handle) else {
            return Ok(false);
        };
        self.end(sub, key).await
    }

    /// Ends all sessions of this user and has the tokens refused that were issued by then;
    /// returns how many sessions. Takes up to a second, as a sign-out everywhere does.
    ///
    /// # Errors
    /// The store did not answer; what was ended or refused by then stays so.
    pub async fn revoke_all(&self, sub: &str) -> Result<usize, SessionError> {
        // First, so that whatever goes wrong from here on, no token outlives its session.
        let mut marked = self.mark(sub).await?;
        let mut ended = 0;
        for _ in 0..devices::ROUNDS {
            let records = self.records(sub).await?;
            if records.is_empty() {
                break;
            }
            for (key, _) in records {
                ended += usize::from(self.end(sub, &key).await?);
            }
        }
        // Until the last of them was gone, they could renew their tokens.
        if marked < self.clock.now() {
            marked = self.mark(sub).await?;
        }
        revocation::outlast(self.clock.as_ref(), marked).await;
        Ok(ended)
    }

    async fn records(&self, sub: &str) -> Result<Vec<(LookupKey, Arc<Record>)>, SessionError> {
        let users = self.ring.user_indexes(&self.pool_id, sub);
        Ok(self.store.list(&users, self.clock.now()).await?)
    }

    async fn end(&self, sub: &str, key: &LookupKey) -> Result<bool, SessionError> {
        let ended = logout::remove_unopened(self.store.as_ref(), key).await?;
        if ended {
            audit::session(Event::Revoked, sub, key, self.reason);
        }
        Ok(ended)
    }

    async fn mark(&self, sub: &str) -> Result<Timestamp, SessionError> {
        let user = self.ring.user_index(&self.pool_id, sub);
        let now = self.clock.now();
        revocation::put(self.store.as_ref(), &user, now, None).await?;
        Ok(now)
    }
}
