use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cogward_session::{
    BudgetKey, Holder, Lease, LoginKey, LookupKey, Quota, Record, Replaced, RevocationMark,
    SessionStore, StoreError, Taken, Timestamp, UserIndex,
};

use crate::client::Clients;
use crate::items::{Place, bytes, end, take_bytes, to_record};
use crate::open::{self, OpenError};
use crate::options::Options;

/// Sessions in a DynamoDB table.
pub struct DynamoStore {
    pub(crate) clients: Clients,
    pub(crate) table: String,
    pub(crate) call_limit: Duration,
}

impl DynamoStore {
    /// Asks the table for an item, to see that it is there and may be read. When DynamoDB cannot
    /// be reached now it is tried again with every call.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be used as configured.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        open::open(options).await
    }
}

#[async_trait]
impl SessionStore for DynamoStore {
    async fn load(
        &self,
        key: &LookupKey,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let item = self.get(self.deadline(), Place::Session(*key)).await?;
        let record = item.map(to_record).transpose()?;
        Ok(record.filter(|record| record.is_live(now)).map(Arc::new))
    }

    async fn insert(&self, key: &LookupKey, record: Record) -> Result<(), StoreError> {
        self.insert_session(key, record).await
    }

    async fn replace(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        self.replace_session(key, expected, record).await
    }

    async fn touch(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        self.touch_session(key, expected, last_seen_at, expires_at)
            .await
    }

    async fn remove(&self, key: &LookupKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.remove_session(key).await
    }

    async fn list(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        self.sessions_of(users, now).await
    }

    async fn put_login(
        &self,
        key: &LoginKey,
        sealed: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let item = Place::Login(*key).item(expires_at, [("sealed", bytes(sealed))]);
        self.put_new(self.deadline(), item).await
    }

    async fn take_login(
        &self,
        key: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut item) = self.take(self.deadline(), Place::Login(*key)).await? else {
            return Ok(None);
        };
        let (expires_at, sealed) = (end(&item)?, take_bytes(&mut item, "sealed")?);
        Ok(Some(sealed).filter(|_| now < expires_at))
    }

    async fn put_mark(
        &self,
        user: &UserIndex,
        mark: RevocationMark,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.merge_mark(user, mark, expires_at).await
    }

    async fn mark(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Option<RevocationMark>, StoreError> {
        self.marks_of(users, now).await
    }

    /// Goes by `now`: DynamoDB tells of no clock of its own.
    async fn lease(
        &self,
        key: &LookupKey,
        holder: &Holder,
        now: Timestamp,
        seconds: u32,
    ) -> Result<Lease, StoreError> {
        self.take_lease(key, holder, now, seconds).await
    }

    async fn release(&self, key: &LookupKey, holder: &Holder) -> Result<(), StoreError> {
        self.release_lease(key, holder).await
    }

    /// As a lease.
    async fn take_from(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        self.take_one(budget, quota, now).await
    }

    async fn give_back(
        &self,
        budget: &BudgetKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.give_one_back(budget, quota, now).await
    }

    /// DynamoDB removes what expired.
    async fn sweep(&self, _: Timestamp, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(open::probe(self).await?)
    }
}
