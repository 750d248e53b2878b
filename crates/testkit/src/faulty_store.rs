//! A real store that can be made to fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use cogward_session::{
    LoginKey, LookupKey, Record, Replaced, SessionStore, StoreError, Timestamp, UserIndex,
};

/// While broken, every call fails and none reaches the store behind.
pub struct FaultyStore {
    inner: Arc<dyn SessionStore>,
    broken: AtomicBool,
}

impl FaultyStore {
    /// Works until it is broken.
    pub fn new(inner: Arc<dyn SessionStore>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            broken: AtomicBool::new(false),
        })
    }

    /// Takes the store away, or gives it back.
    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    fn working(&self) -> Result<&dyn SessionStore, StoreError> {
        match self.broken.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable {
                source: "store is down".into(),
            }),
            false => Ok(self.inner.as_ref()),
        }
    }
}

#[async_trait]
impl SessionStore for FaultyStore {
    async fn load(
        &self,
        key: &LookupKey,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        self.working()?.load(key, now).await
    }

    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError> {
        self.working()?.insert(key, record).await
    }

    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        self.working()?.replace(key, expected, record).await
    }

    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        self.working()?
            .touch(key, expected, last_seen_at, expires_at)
            .await
    }

    async fn remove(&self, key: &LookupKey) -> Result<bool, StoreError> {
        self.working()?.remove(key).await
    }

    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        self.working()?.list(users, now).await
    }

    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.working()?.put_login(key, sealed, expires_at).await
    }

    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.working()?.take_login(key, now).await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.working()?.sweep(now, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.working()?.ping().await
    }
}
