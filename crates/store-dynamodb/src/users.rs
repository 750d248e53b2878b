use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aws_sdk_dynamodb::types::ReturnValue;
use cogward_session::{LookupKey, Record, StoreError, Timestamp, UserIndex};

use crate::calls::{CallError, Deadline};
use crate::items::{Place, format, seconds, set_of, to_keys, to_record};
use crate::requests::{Expressions, Written};
use crate::store::DynamoStore;

/// No session lasts longer, in seconds: so long after its last sign-in a user's item may go.
const LONGEST_LIFE: i64 = 400 * 24 * 60 * 60;

/// A user's item is cleared of sessions that are gone whenever it has grown to a multiple of so
/// many.
const MANY: usize = 500;

impl DynamoStore {
    /// Adds a session that there is to those of a user.
    pub(crate) async fn enter(
        &self,
        by: Deadline,
        user: &UserIndex,
        key: &LookupKey,
        lasts: Timestamp,
    ) -> Result<(), CallError> {
        let ttl = lasts.plus(LONGEST_LIFE);
        let (place, added) = (Place::User(*user), ReturnValue::UpdatedNew);
        let values = || {
            [
                (":format", format()),
                (":ttl", seconds(ttl)),
                (":key", set_of([*key])),
            ]
        };
        let prolong = Expressions::update(
            "SET #format = :format, #ttl = :ttl ADD #sessions :key",
            "attribute_not_exists(#session_id) OR (#format = :format AND #ttl <= :ttl)",
            values(),
        );
        let mut written = self.update(by, place, prolong, added.clone()).await?;
        if matches!(written, Written::Refused(_)) {
            // Another session lasts longer.
            let join = Expressions::update(
                "ADD #sessions :key",
                "#format = :format AND #ttl > :ttl",
                values(),
            );
            written = self.update(by, place, join, added).await?;
        }
        match written {
            Written::Done(item) => {
                let keys = item.as_ref().and_then(|item| item.get("sessions"));
                let count = keys.and_then(|keys| keys.as_bs().ok()).map_or(0, Vec::len);
                if count > 0 && count.is_multiple_of(MANY) {
                    // It can wait for another sign-in.
                    let _cleared = self.clear(by, user).await;
                }
                Ok(())
            }
            Written::Refused(_) => Err(CallError::Garbage("format or ttl")),
        }
    }

    /// Takes sessions out of those of a user.
    pub(crate) async fn strike(
        &self,
        by: Deadline,
        user: &UserIndex,
        keys: impl IntoIterator<Item = LookupKey>,
    ) -> Result<(), CallError> {
        let change = Expressions::update(
            "DELETE #sessions :keys",
            "#format = :format",
            [(":format", format()), (":keys", set_of(keys))],
        );
        // Refused where there is nothing to take out.
        let place = Place::User(*user);
        self.update(by, place, change, ReturnValue::None).await?;
        Ok(())
    }

    /// The live sessions that belong to these users.
    pub(crate) async fn sessions_of(
        &self,
        users: &[UserIndex],
        now: Timestamp,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, StoreError> {
        let (records, gone) = self.look_up(users).await?;
        for (user, keys) in gone {
            // It can wait for the next time.
            let _struck = self.strike(self.deadline(), &user, keys).await;
        }
        let wanted = |record: &Record| users.contains(&record.user) && record.is_live(now);
        Ok(records
            .into_iter()
            .filter(|(_, record)| wanted(record))
            .collect())
    }

    async fn clear(&self, by: Deadline, user: &UserIndex) -> Result<(), CallError> {
        let (_, gone) = by.limit(self.look_up(&[*user])).await?;
        for (user, keys) in gone {
            self.strike(by, &user, keys).await?;
        }
        Ok(())
    }

    /// What users' items name: the sessions that there are, whosever they are by now, and those
    /// that are gone for good.
    async fn look_up(&self, users: &[UserIndex]) -> Result<LookedUp, CallError> {
        let mut named = HashMap::new();
        // One after the other: a session moves from a later one to an earlier one.
        for user in users.iter().rev() {
            if let Some(item) = self.get(self.deadline(), Place::User(*user)).await? {
                named.insert(*user, to_keys(&item)?);
            }
        }
        let keys: HashSet<_> = named.values().flatten().copied().collect();
        let found = self.get_all(keys.into_iter().map(Place::Session)).await?;
        named.retain(|_, keys| {
            keys.retain(|key| !found.contains_key(&Place::Session(*key)));
            !keys.is_empty()
        });
        let (mut records, mut unreadable) = (Vec::with_capacity(found.len()), 0_usize);
        for (place, item) in found {
            match (place, to_record(item)) {
                (Place::Session(key), Ok(record)) => records.push((key, Arc::new(record))),
                _ => unreadable += 1,
            }
        }
        if unreadable > 0 {
            tracing::warn!(
                items = unreadable,
                "dynamodb holds items of an unknown format: a list of sessions goes without them"
            );
        }
        Ok((records, named))
    }
}

type LookedUp = (
    Vec<(LookupKey, Arc<Record>)>,
    HashMap<UserIndex, Vec<LookupKey>>,
);
