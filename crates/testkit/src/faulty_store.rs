//! A real store that can be made to fail, to wait and to lie, and that counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use cogward_session::{
    BudgetKey, Holder, Lease, LoginKey, LookupKey, Quota, Record, Replaced, RevocationMark,
    SessionStore, StoreError, Taken, Timestamp, UserIndex,
};
use parking_lot::Mutex;
use tokio::sync::watch;

type Lie = Box<dyn Fn(&LookupKey, &Record) -> Option<Record> + Send>;

/// While broken, every call fails and none reaches the store behind.
pub struct FaultyStore {
    inner: Arc<dyn SessionStore>,
    broken: AtomicBool,
    ops: Mutex<BTreeMap<&'static str, Op>>,
    lie: Mutex<Option<Lie>>,
    keeps_logins: AtomicBool,
}

#[derive(Default)]
struct Op {
    calls: usize,
    failing: usize,
    panics: bool,
    held: Option<watch::Receiver<()>>,
}

/// Calls wait until it is dropped.
pub struct Hold(#[expect(dead_code, reason = "its end is what counts")] watch::Sender<()>);

impl FaultyStore {
    /// Works until it is broken.
    pub fn new(inner: Arc<dyn SessionStore>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            broken: AtomicBool::new(false),
            ops: Mutex::default(),
            lie: Mutex::default(),
            keeps_logins: AtomicBool::new(false),
        })
    }

    /// Takes the store away, or gives it back.
    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// How often a method of the store was called, by its name.
    pub fn calls(&self, op: &str) -> usize {
        self.ops.lock().get(op).map_or(0, |op| op.calls)
    }

    /// How often the store was written, sweeping left out.
    pub fn writes(&self) -> usize {
        let ops = [
            "insert",
            "replace",
            "touch",
            "remove",
            "put_login",
            "take_login",
            "put_mark",
        ];
        ops.iter().map(|op| self.calls(op)).sum()
    }

    /// Makes the next calls of one method fail, so many.
    pub fn fail(&self, op: &'static str, times: usize) {
        self.ops.lock().entry(op).or_default().failing = times;
    }

    /// Makes the next call of one method panic.
    pub fn panic_at(&self, op: &'static str) {
        self.ops.lock().entry(op).or_default().panics = true;
    }

    /// Makes all calls of one method wait.
    pub fn hold(&self, op: &'static str) -> Hold {
        let (sender, receiver) = watch::channel(());
        self.ops.lock().entry(op).or_default().held = Some(receiver);
        Hold(sender)
    }

    /// From now on `load` gives what `lie` makes of the record behind, dead or alive.
    pub fn lie(&self, lie: impl Fn(&LookupKey, &Record) -> Option<Record> + Send + 'static) {
        *self.lie.lock() = Some(Box::new(lie));
    }

    /// Gives expired sign-ins too, as a store does whose own expiry comes late.
    pub fn keep_expired_logins(&self, keep: bool) {
        self.keeps_logins.store(keep, Ordering::SeqCst);
    }

    /// The store behind, without faults and not counted.
    pub fn behind(&self) -> &dyn SessionStore {
        self.inner.as_ref()
    }

    async fn working(&self, name: &'static str) -> Result<&dyn SessionStore, StoreError> {
        let (failing, panics, held) = {
            let mut ops = self.ops.lock();
            let op = ops.entry(name).or_default();
            op.calls += 1;
            let failing = op.failing > 0;
            op.failing = op.failing.saturating_sub(1);
            (failing, std::mem::take(&mut op.panics), op.held.clone())
        };
        if let Some(mut held) = held {
            // An error says that the hold is over.
            let _over = held.changed().await;
        }
        assert!(!panics, "the store was told to panic");
        match failing || self.broken.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("store is down")),
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
        let store = self.working("load").await?;
        if self.lie.lock().is_none() {
            return store.load(key, now).await;
        }
        let record = store.load(key, Timestamp::from_secs(i64::MIN)).await?;
        let lie = self.lie.lock();
        Ok(record
            .zip(lie.as_ref())
            .and_then(|(record, lie)| lie(key, &record))
            .map(Arc::new))
    }

    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError> {
        self.working("insert").await?.insert(key, record).await
    }

    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        let store = self.working("replace").await?;
        store.replace(key, expected, record).await
    }

    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let store = self.working("touch").await?;
        store.touch(key, expected, last_seen_at, expires_at).await
    }

    async fn remove(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.working("remove").await?.remove(key).await
    }

    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        self.working("list").await?.list(users, now).await
    }

    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let store = self.working("put_login").await?;
        store.put_login(key, sealed, expires_at).await
    }

    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let now = match self.keeps_logins.load(Ordering::SeqCst) {
            true => Timestamp::from_secs(i64::MIN),
            false => now,
        };
        self.working("take_login").await?.take_login(key, now).await
    }

    async fn put_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let store = self.working("put_mark").await?;
        store.put_mark(user, mark, expires_at).await
    }

    async fn mark(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError> {
        self.working("mark").await?.mark(users, now).await
    }

    async fn lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
        now: Timestamp,
        seconds: u32,
    ) -> Result<Lease, StoreError> {
        let store = self.working("lease").await?;
        store.lease(key, holder, now, seconds).await
    }

    async fn release(&self, key: &LookupKey, holder: &Holder) -> Result<(), StoreError> {
        self.working("release").await?.release(key, holder).await
    }

    async fn take_from(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let store = self.working("take_from").await?;
        store.take_from(budget, quota, now).await
    }

    async fn give_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let store = self.working("give_back").await?;
        store.give_back(budget, quota, now).await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.working("sweep").await?.sweep(now, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.working("ping").await?.ping().await
    }
}
