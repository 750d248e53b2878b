//! What an operator does to somebody's sessions, without a session of his own.

use std::sync::Arc;

use cogward_context::{Contexts, Pattern};
use cogward_session::{Clock, Handle, KeyRing, LookupKey, Record, SessionStore, Timestamp};

use crate::audit::{self, Event};
use crate::context::Board;
use crate::devices::{self, Entry};
use crate::{Auth, SessionError, chain, logout, revocation};

const BY_OPERATOR: &str = "by an operator";

/// The store and the keys that a server works with.
pub struct Operator {
    board: Board,
    /// What the server remembers that he is at.
    contexts: Option<Contexts>,
    /// Servers read what is on the board.
    read: bool,
    /// Why what he ends is over, for the audit.
    reason: &'static str,
}

impl Operator {
    /// For the sessions of one user pool, whose servers are told what to forget if they remember
    /// `contexts`. With keys that the servers do not have nobody is found.
    pub fn new(
        pool_id: String,
        store: Arc<dyn SessionStore>,
        ring: KeyRing,
        clock: Arc<dyn Clock>,
        contexts: bool,
    ) -> Self {
        let ring = Arc::new(ring);
        Self {
            board: Board {
                store,
                ring,
                clock,
                pool_id,
            },
            contexts: None,
            read: contexts,
            reason: BY_OPERATOR,
        }
    }

    /// At a running server, with the keys it has now.
    pub fn at(auth: &Auth) -> Self {
        Self {
            board: Board::of(auth),
            contexts: auth.pool.contexts.clone(),
            read: auth.pool.contexts.is_some() && auth.settings.replicas,
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
        audit::account(Event::Looked, Some(sub), "");
        let mut entries: Vec<Entry> = records
            .iter()
            .filter_map(|(key, record)| devices::entry(&self.board.ring, sub, key, record))
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
        let ended = self.end(sub, key).await?;
        self.forget_user(sub).await;
        Ok(ended)
    }

    /// Ends all sessions of this user and has the tokens refused that were issued by then;
    /// returns how many sessions. Takes up to a second, as a sign-out everywhere does.
    ///
    /// # Errors
    /// The store did not answer; what was ended or refused by then stays so.
    pub async fn revoke_all(&self, sub: &str) -> Result<usize, SessionError> {
        // First, so that whatever goes wrong from here on, no token outlives its session.
        let mut marked = self.mark(sub).await?;
        audit::account(Event::TokensRevoked, Some(sub), self.reason);
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
        self.forget_user(sub).await;
        // Until the last of them was gone, they could renew their tokens.
        if marked < self.board.clock.now() {
            marked = self.mark(sub).await?;
        }
        revocation::outlast(self.board.clock.as_ref(), marked).await;
        Ok(ended)
    }

    /// Has the IAM service asked anew for all that the pattern means, by every server; `false`
    /// where none remembers anything.
    ///
    /// # Errors
    /// The store did not answer: other servers are not told.
    pub async fn forget(&self, pattern: &Pattern) -> Result<bool, SessionError> {
        let remembered = self.have_forgotten(pattern).await?;
        if remembered {
            audit::account(Event::Forgotten, pattern.user(), &pattern.to_string());
        }
        Ok(remembered)
    }

    async fn have_forgotten(&self, pattern: &Pattern) -> Result<bool, SessionError> {
        if let Some(contexts) = &self.contexts {
            contexts.forget(&self.board.pool_id, pattern);
        }
        if self.read {
            self.board.add(std::slice::from_ref(pattern)).await?;
        }
        Ok(self.read || self.contexts.is_some())
    }

    /// What was said of somebody whose sessions end is no matter to fail for.
    async fn forget_user(&self, sub: &str) {
        if let Some(pattern) = Pattern::of_user(sub)
            && let Err(error) = self.have_forgotten(&pattern).await
        {
            let error = chain(&error);
            tracing::warn!(error, "servers are not told to forget the roles of a user");
        }
    }

    async fn records(&self, sub: &str) -> Result<Vec<(LookupKey, Arc<Record>)>, SessionError> {
        let users = self.board.ring.user_indexes(&self.board.pool_id, sub);
        Ok(self
            .board
            .store
            .list(&users, self.board.clock.now())
            .await?)
    }

    async fn end(&self, sub: &str, key: &LookupKey) -> Result<bool, SessionError> {
        let ended = logout::remove_unopened(self.board.store.as_ref(), key).await?;
        if ended {
            audit::session(Event::Revoked, sub, key, self.reason);
        }
        Ok(ended)
    }

    async fn mark(&self, sub: &str) -> Result<Timestamp, SessionError> {
        let user = self.board.ring.user_index(&self.board.pool_id, sub);
        let now = self.board.clock.now();
        revocation::put(self.board.store.as_ref(), &user, now, None).await?;
        Ok(now)
    }
}
