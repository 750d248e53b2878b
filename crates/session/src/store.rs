use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;

use crate::budget::{BudgetKey, Quota, Taken};
use crate::id::{LookupKey, UserIndex, sha256};
use crate::lease::{Holder, Lease};
use crate::mark::RevocationMark;
use crate::record::Record;
use crate::time::Timestamp;

/// Where sessions and sign-ins under way are kept. `contract` says exactly how one behaves.
///
/// A failure is an error, never "not found". A write stands (durably, in a store that
/// outlives the process) once it has been answered.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// The record, when there is one that is live at `now`; an expired one is `None` even
    /// while it is still there.
    async fn load(
        &self,
        key: &LookupKey,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError>;

    /// Adds a new record; [`StoreError::Exists`] when the key is taken.
    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError>;

    /// Puts `record`, whose version must be higher, in place of the one with version
    /// `expected`. Never brings back a removed record.
    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError>;

    /// Moves the times of the record with version `expected`; its version stays.
    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError>;

    /// Removes the record and gives it back as it was at the end, so that
    /// whoever ends a session ends it with its last tokens.
    async fn remove(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError>;

    /// The live records of these user indexes, in no order, each once.
    ///
    /// A record that moves meanwhile from one of them to one named before it is found all the
    /// same: the index that records move to comes first, as in
    /// [`KeyRing::user_indexes`](crate::KeyRing::user_indexes). So whoever reads one index after
    /// the other begins with the last, and takes a record that belongs to any of them.
    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError>;

    /// Keeps the sealed state of a sign-in under way; [`StoreError::Exists`] when the key is
    /// taken.
    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes it out, atomically and once. An expired one is gone too, and `None`.
    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps a mark of this user, merged with the one that is there; the later end counts.
    async fn put_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The marks of these user indexes, merged into one; an expired mark is none even while
    /// it is still there.
    async fn mark(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError>;

    /// Asks for the lease on renewing this session's tokens, for so many seconds, or prolongs
    /// the holder's own. A store that other processes share goes by its own clock if it can,
    /// not by `now`: theirs differ.
    async fn lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
        now: Timestamp,
        seconds: u32,
    ) -> Result<Lease, StoreError>;

    /// Gives the lease back; another holder's stays.
    async fn release(&self, key: &LookupKey, holder: &Holder) -> Result<(), StoreError>;

    /// Takes one from a budget, if there is one left: of many who ask at once no more get one
    /// than there are. A store that other processes share goes by its own clock if it can.
    async fn take_from(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Taken, StoreError>;

    /// Gives back one that was taken; a full budget stays full.
    async fn give_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Removes at most `limit` sessions, sign-ins, marks, abandoned leases and full budgets that
    /// expired by `now`; how many.
    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Whether the store works.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// The store's key of a sign-in under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginKey([u8; 32]);

impl LoginKey {
    /// SHA-256 over `"cogward login"` and the OAuth `state`.
    #[must_use]
    pub fn of_state(state: &str) -> Self {
        Self(sha256(&[b"cogward login", state.as_bytes()]))
    }

    /// Beside sign-ins under way: what is left to do for a session that was ended from
    /// elsewhere. SHA-256 over `"cogward ended session"` and its lookup key.
    #[must_use]
    pub fn of_ended(key: &LookupKey) -> Self {
        Self(sha256(&[b"cogward ended session", key.as_bytes()]))
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for LoginKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginKey(..)")
    }
}

/// What became of a compare-and-set write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// Written.
    Done,
    /// The record has another version.
    Conflict,
    /// There is no such record.
    Missing,
}

/// Why a store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or does not work; the answer is not known.
    #[error("the session store is unavailable")]
    Unavailable {
        /// What the store said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The key of an insert is taken.
    #[error("the session store already has a record under this key")]
    Exists,
}

impl StoreError {
    /// [`StoreError::Unavailable`] because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable {
            source: source.into(),
        }
    }
}
