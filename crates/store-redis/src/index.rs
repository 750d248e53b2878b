use std::collections::BTreeSet;
use std::sync::Arc;

use cogward_session::{LookupKey, Record, Timestamp, UserIndex};
use futures_util::future::try_join_all;
use redis::Value;
use tokio::time::Instant;

use crate::call::CallError;
use crate::keys;
use crate::router::Kind;
use crate::store::RedisStore;

/// Records of one list that are fetched at a time.
const AT_A_TIME: usize = 128;

/// The sessions of a user index: a sorted set of their keys by when each is over for certain.
///
/// In a Cluster the set and the records lie on different servers, so they change one after the
/// other: an entry may lead to nothing, or to a record of another user; a record that is live
/// always has its entry.
impl RedisStore {
    pub(crate) async fn add_to_index(
        &self,
        key: &LookupKey,
        record: &Record,
        deadline: Instant,
    ) -> Result<(), CallError> {
        let longest = record.last_seen_at.plus(self.longest_life);
        let score = longest.max(record.expires_at).as_secs().to_string();
        let member = keys::encode(key.as_bytes());
        let arguments = [member.as_slice(), score.as_bytes()];
        let (script, index) = (&self.scripts.index, self.keys.user(&record.user));
        let added = self.router.run(script, &index, &arguments, deadline);
        added.await.map(drop)
    }

    /// As far as it can be done: what is left leads to nothing.
    pub(crate) async fn remove_from_index(
        &self,
        user: &UserIndex,
        ended: &[LookupKey],
        deadline: Instant,
    ) {
        let index = self.keys.user(user);
        let mut remove = redis::cmd("ZREM");
        remove.arg(index.as_bytes());
        for key in ended {
            remove.arg(&keys::encode(key.as_bytes()));
        }
        let _removed = self
            .router
            .call(&index, &remove, Kind::Write, deadline)
            .await;
    }

    pub(crate) async fn list_live(
        &self,
        users: &[UserIndex],
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, CallError> {
        let (mut listed, mut seen) = (Vec::new(), BTreeSet::new());
        let indexes = users.iter().map(|user| self.members(user, deadline));
        for (user, members) in users.iter().zip(try_join_all(indexes).await?) {
            let mut ended = Vec::new();
            for members in members.chunks(AT_A_TIME) {
                let records = members.iter().map(|key| self.read(key, deadline));
                for (key, record) in members.iter().zip(try_join_all(records).await?) {
                    match record {
                        None => ended.push(*key),
                        // One of another user may be about to become this one's.
                        Some(record) if record.user != *user || !record.is_live(now) => {}
                        Some(record) if seen.insert(*key) => listed.push((*key, Arc::new(record))),
                        Some(_) => {}
                    }
                }
            }
            if !ended.is_empty() {
                self.remove_from_index(user, &ended, deadline).await;
            }
        }
        Ok(listed)
    }

    async fn members(
        &self,
        user: &UserIndex,
        deadline: Instant,
    ) -> Result<Vec<LookupKey>, CallError> {
        let index = self.keys.user(user);
        let mut range = redis::cmd("ZRANGE");
        range.arg(index.as_bytes()).arg(0).arg(-1);
        match self
            .router
            .call(&index, &range, Kind::Read, deadline)
            .await?
        {
            Value::Array(members) => members.iter().map(member).collect(),
            _ => Err(CallError::Odd),
        }
    }
}

fn member(member: &Value) -> Result<LookupKey, CallError> {
    let key = match member {
        Value::BulkString(member) => keys::decode(member),
        _ => None,
    };
    let key = key.ok_or(CallError::Garbage("a list of sessions"))?;
    Ok(LookupKey::from_bytes(key))
}
