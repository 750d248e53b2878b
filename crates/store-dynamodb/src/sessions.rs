use std::sync::Arc;

use aws_sdk_dynamodb::types::ReturnValue;
use cogward_session::{LookupKey, Record, Replaced, StoreError, Timestamp, UserIndex};

use crate::calls::{CallError, Deadline};
use crate::items::{Item, Place, bytes, format, number, of_record, seconds, to_record};
use crate::requests::{Expressions, Written};
use crate::store::DynamoStore;

impl DynamoStore {
    /// First the session, then its entry in the user's: whatever stands there names a session
    /// that there is, or was.
    pub(crate) async fn insert_session(
        &self,
        key: &LookupKey,
        record: Record,
    ) -> Result<(), StoreError> {
        let by = self.deadline();
        let (user, lasts) = (record.user, lasts(&record));
        self.put_new(by, of_record(key, record)).await?;
        let entered = self.enter(by, &user, key, lasts).await;
        if entered.is_err() {
            // Nobody was told of the session: it does not matter much if it stays.
            let _removed = self.take(by, Place::Session(*key)).await;
        }
        Ok(entered?)
    }

    /// Puts an item where there must be none.
    pub(crate) async fn put_new(&self, by: Deadline, item: Item) -> Result<(), StoreError> {
        const ABSENT: &str = "attribute_not_exists(#session_id)";
        match self
            .put(by, item, Expressions::condition(ABSENT, []))
            .await?
        {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Exists),
        }
    }

    pub(crate) async fn replace_session(
        &self,
        key: &LookupKey,
        expected: u64,
        record: Record,
    ) -> Result<Replaced, StoreError> {
        let by = self.deadline();
        let (user, lasts) = (record.user, lasts(&record));
        let item = of_record(key, record);
        let written = self.put_over(by, item.clone(), expected, &user).await?;
        let found = match written {
            Written::Done(_) => return Ok(Replaced::Done),
            Written::Refused(None) => return Ok(Replaced::Missing),
            Written::Refused(Some(found)) => to_record(found)?,
        };
        if found.version != expected {
            return Ok(Replaced::Conflict);
        }
        // The session goes over to another user: it must be found there once it has.
        self.enter(by, &user, key, lasts).await?;
        match self.put_over(by, item, expected, &found.user).await? {
            Written::Refused(None) => Ok(Replaced::Missing),
            Written::Refused(Some(_)) => Ok(Replaced::Conflict),
            Written::Done(_) => {
                // What is left there counts for nothing.
                let _left = self.strike(by, &found.user, [*key]).await;
                Ok(Replaced::Done)
            }
        }
    }

    async fn put_over(
        &self,
        by: Deadline,
        item: Item,
        version: u64,
        owner: &UserIndex,
    ) -> Result<Written, CallError> {
        let when = Expressions::condition(
            "#format = :format AND #version = :version AND #owner = :owner",
            [
                (":format", format()),
                (":version", number(version)),
                (":owner", bytes(*owner.as_bytes())),
            ],
        );
        self.put(by, item, when).await
    }

    pub(crate) async fn touch_session(
        &self,
        key: &LookupKey,
        expected: u64,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Replaced, StoreError> {
        let change = Expressions::update(
            "SET #last_seen = :last_seen, #ttl = :ttl",
            "#format = :format AND #version = :version",
            [
                (":format", format()),
                (":version", number(expected)),
                (":last_seen", seconds(last_seen_at)),
                (":ttl", seconds(expires_at)),
            ],
        );
        let place = Place::Session(*key);
        let written = self.update(self.deadline(), place, change, ReturnValue::None);
        match written.await? {
            Written::Done(_) => Ok(Replaced::Done),
            Written::Refused(None) => Ok(Replaced::Missing),
            Written::Refused(Some(found)) => {
                to_record(found)?;
                Ok(Replaced::Conflict)
            }
        }
    }

    pub(crate) async fn remove_session(
        &self,
        key: &LookupKey,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let by = self.deadline();
        let Some(item) = self.take(by, Place::Session(*key)).await? else {
            return Ok(None);
        };
        let record = to_record(item)?;
        // The session is gone, whether its entry is or not.
        let _left = self.strike(by, &record.user, [*key]).await;
        Ok(Some(Arc::new(record)))
    }
}

/// What is known of how long a session lasts.
fn lasts(record: &Record) -> Timestamp {
    record.last_seen_at.max(record.expires_at)
}
