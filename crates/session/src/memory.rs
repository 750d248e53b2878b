use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};

use crate::budget::{BudgetKey, Budgets, Quota, Taken};
use crate::id::{LookupKey, UserIndex};
use crate::lease::{Holder, Lease, Leases};
use crate::mark::{Marks, RevocationMark};
use crate::record::Record;
use crate::store::{LoginKey, Replaced, SessionStore, StoreError};
use crate::time::Timestamp;

const SHARDS: usize = 64;

/// Budgets kept at most.
const BUDGETS: usize = 100_000;

/// Sessions in this process's memory, gone when it ends.
///
/// Locks are taken in the order session, user index, and never held across an await.
pub struct MemoryStore {
    shards: [Shard; SHARDS],
    marks: Marks,
    leases: Leases,
    budgets: Budgets,
    /// The shard where the next sweep goes on.
    sweep_from: AtomicUsize,
}

#[derive(Default)]
struct Shard {
    sessions: RwLock<HashMap<LookupKey, Arc<Record>>>,
    users: Mutex<HashMap<UserIndex, Vec<LookupKey>>>,
    logins: Mutex<HashMap<LoginKey, Login>>,
}

struct Login {
    sealed: Vec<u8>,
    expires_at: Timestamp,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Shard::default()),
            marks: Marks::default(),
            leases: Leases::default(),
            budgets: Budgets::new(BUDGETS),
            sweep_from: AtomicUsize::new(0),
        }
    }

    /// Keys are hashes, so that any of their bytes spreads them evenly.
    #[expect(clippy::indexing_slicing, reason = "the remainder is in range")]
    fn shard(&self, key: &[u8; 32]) -> &Shard {
        &self.shards[usize::from(key[0]) % SHARDS]
    }

    fn index(&self, user: &UserIndex, key: LookupKey) {
        let mut users = self.shard(user.as_bytes()).users.lock();
        users
            .entry(*user)
            .or_insert_with(|| Vec::with_capacity(1))
            .push(key);
    }

    fn unindex(&self, user: &UserIndex, key: &LookupKey) {
        if let Entry::Occupied(mut keys) = self.shard(user.as_bytes()).users.lock().entry(*user) {
            keys.get_mut().retain(|other| other != key);
            if keys.get().is_empty() {
                keys.remove();
            }
        }
    }

    /// Changes the record with version `expected`, under its shard's lock.
    fn change(
        &self,
        key: &LookupKey,
        expected: u64,
        change: impl FnOnce(&mut Arc<Record>),
    ) -> Replaced {
        match self.shard(key.as_bytes()).sessions.write().get_mut(key) {
            None => Replaced::Missing,
            Some(record) if record.version != expected => Replaced::Conflict,
            Some(record) => {
                change(record);
                Replaced::Done
            }
        }
    }

    fn sweep_shard(&self, shard: &Shard, now: Timestamp, limit: usize) -> usize {
        let mut sessions = shard.sessions.write();
        let mut removed = 0;
        for (key, record) in sessions
            .extract_if(|_, record| !record.is_live(now))
            .take(limit)
        {
            self.unindex(&record.user, &key);
            removed += 1;
        }
        drop(sessions);
        let mut logins = shard.logins.lock();
        removed
            + logins
                .extract_if(|_, login| login.expires_at <= now)
                .take(limit - removed)
                .count()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn load(
        &self,
        key: &LookupKey,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let sessions = self.shard(key.as_bytes()).sessions.read();
        Ok(sessions
            .get(key)
            .filter(|record| record.is_live(now))
            .cloned())
    }

    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError> {
        match self.shard(key.as_bytes()).sessions.write().entry(*key) {
            Entry::Occupied(_) => Err(StoreError::Exists),
            Entry::Vacant(place) => {
                self.index(&record.user, *key);
                place.insert(Arc::new(record));
                Ok(())
            }
        }
    }

    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        Ok(self.change(key, expected, |old| {
            if old.user != record.user {
                // In this order: a list looks at one index after the other.
                self.index(&record.user, *key);
                self.unindex(&old.user, key);
            }
            *old = Arc::new(record);
        }))
    }

    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        Ok(self.change(key, expected, |old| {
            let record = Arc::make_mut(old);
            record.last_seen_at = last_seen_at;
            record.expires_at = expires_at;
        }))
    }

    async fn remove(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        let mut sessions = self.shard(key.as_bytes()).sessions.write();
        let removed = sessions.remove(key);
        if let Some(record) = &removed {
            self.unindex(&record.user, key);
        }
        Ok(removed)
    }

    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        let mut keys = BTreeSet::new();
        for user in users.iter().rev() {
            let indexed = self.shard(user.as_bytes()).users.lock();
            keys.extend(indexed.get(user).into_iter().flatten().copied());
        }
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let sessions = self.shard(key.as_bytes()).sessions.read();
            let record = sessions
                .get(&key)
                .filter(|record| users.contains(&record.user) && record.is_live(now));
            found.extend(record.map(|record| (key, Arc::clone(record))));
        }
        Ok(found)
    }

    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        match self.shard(key.as_bytes()).logins.lock().entry(*key) {
            Entry::Occupied(_) => Err(StoreError::Exists),
            Entry::Vacant(place) => {
                place.insert(Login { sealed, expires_at });
                Ok(())
            }
        }
    }

    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let taken = self.shard(key.as_bytes()).logins.lock().remove(key);
        Ok(taken
            .filter(|login| now < login.expires_at)
            .map(|login| login.sealed))
    }

    async fn put_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.marks.put(user, mark, expires_at);
        Ok(())
    }

    async fn mark(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError> {
        Ok(self.marks.find(users, now))
    }

    async fn lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
        now: Timestamp,
        seconds: u32,
    ) -> Result<Lease, StoreError> {
        Ok(self.leases.take(key, holder, now, seconds))
    }

    async fn release(&self, key: &LookupKey, holder: &Holder) -> Result<(), StoreError> {
        self.leases.release(key, holder);
        Ok(())
    }

    async fn take_from(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        Ok(self.budgets.take(budget, quota, now))
    }

    async fn give_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.budgets.give_back(budget, quota, now);
        Ok(())
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let start = self.sweep_from.load(Ordering::Relaxed);
        let mut removed = 0;
        for step in 0..SHARDS {
            let at = (start + step) % SHARDS;
            self.sweep_from.store(at, Ordering::Relaxed);
            removed += self
                .shards
                .get(at)
                .map_or(0, |shard| self.sweep_shard(shard, now, limit - removed));
            if removed == limit {
                break;
            }
        }
        removed += self.marks.sweep(now, limit - removed);
        removed += self.leases.sweep(now, limit - removed);
        Ok(removed + self.budgets.sweep(now, limit - removed))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    #[tokio::test(flavor = "multi_thread")]
    async fn keeps_the_contract() {
        contract::run(async || Arc::new(MemoryStore::new()))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_load_costs_no_copy() {
        let store = MemoryStore::new();
        let (key, now) = (LookupKey::from_bytes([1; 32]), Timestamp::from_secs(0));
        store.insert(&key, record()).await.unwrap();
        let (one, two) = (
            store.load(&key, now).await.unwrap(),
            store.load(&key, now).await.unwrap(),
        );
        assert!(Arc::ptr_eq(&one.unwrap(), &two.unwrap()));
    }

    #[tokio::test]
    async fn the_user_index_shrinks_with_the_sessions() {
        let store = MemoryStore::new();
        let (one, two) = (
            LookupKey::from_bytes([1; 32]),
            LookupKey::from_bytes([2; 32]),
        );
        store.insert(&one, record()).await.unwrap();
        store.insert(&two, record()).await.unwrap();
        store.remove(&one).await.unwrap();
        assert_eq!(store.sweep(Timestamp::from_secs(9), 10).await.unwrap(), 1);
        assert!(
            store
                .shards
                .iter()
                .all(|shard| shard.users.lock().is_empty())
        );
    }

    fn record() -> Record {
        Record {
            version: 1,
            user: UserIndex::from_bytes([7; 32]),
            last_seen_at: Timestamp::from_secs(0),
            expires_at: Timestamp::from_secs(9),
            identity: Box::default(),
            tokens: Box::default(),
            device: Box::default(),
        }
    }
}
