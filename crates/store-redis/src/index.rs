use std::collections::BTreeSet;
use std::sync::Arc;

use cogward_session::{LookupKey, Record, Timestamp, UserIndex};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use redis::Value;
use tokio::time::Instant;

use crate::call::CallError;
use crate::keys;
use crate::router::Kind;
use crate::store::RedisStore;

/// Records of one list that are fetched with one deadline, and how many times as many at once:
/// someone's thousands of sessions must be found, so that they can be ended.
const AT_A_TIME: usize = 128;
const TIMES_AT_ONCE: usize = 4;

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
    ) -> Result<Vec<(LookupKey, Arc<Record>)>, CallError> {
        let mut indexes = Vec::with_capacity(users.len());
        // One after the other: a record moves from a later one to an earlier one.
        for user in users.iter().rev() {
            indexes.push((user, self.members(user).await?));
        }
        let keys = indexes.iter().flat_map(|(_, members)| members).copied();
        let found = self.look_up(keys.collect()).await?;
        self.prune(&indexes, &found.ended).await;
        if found.unreadable > 0 {
            tracing::warn!(
                records = found.unreadable,
                "redis holds records of an unknown format: a list of sessions goes without them"
            );
        }
        let wanted = |record: &Record| users.contains(&record.user) && record.is_live(now);
        let live = found.records.into_iter();
        Ok(live
            .filter(|(_, record)| wanted(record))
            .map(|(key, record)| (key, Arc::new(record)))
            .collect())
    }

    async fn members(&self, user: &UserIndex) -> Result<Vec<LookupKey>, CallError> {
        let index = self.keys.user(user);
        let mut range = redis::cmd("ZRANGE");
        range.arg(index.as_bytes()).arg(0).arg(-1);
        let answer = self
            .router
            .call(&index, &range, Kind::Read, self.deadline());
        match answer.await? {
            Value::Array(members) => members.iter().map(member).collect(),
            _ => Err(CallError::Odd),
        }
    }

    async fn look_up(&self, keys: BTreeSet<LookupKey>) -> Result<LookedUp, CallError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let batches: Vec<Vec<LookupKey>> = keys.chunks(AT_A_TIME).map(Into::into).collect();
        let reads = stream::iter(batches).map(|batch| async move {
            let deadline = self.deadline();
            let records = batch.iter().map(|key| self.read(key, deadline));
            let records = join_all(records).await;
            batch.into_iter().zip(records).collect::<Vec<_>>()
        });
        let mut read = reads.buffer_unordered(TIMES_AT_ONCE);
        let mut found = LookedUp::default();
        while let Some(batch) = read.next().await {
            for (key, record) in batch {
                match record {
                    Ok(Some(record)) => found.records.push((key, record)),
                    Ok(None) => drop(found.ended.insert(key)),
                    Err(error) if error.is_garbage() => found.unreadable += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }

    /// A key whose record is gone never comes back. One of another user stays: its record may be
    /// about to become this one's.
    async fn prune(&self, indexes: &[(&UserIndex, Vec<LookupKey>)], ended: &BTreeSet<LookupKey>) {
        for (user, members) in indexes {
            let ended = members.iter().filter(|key| ended.contains(key));
            let ended: Vec<_> = ended.copied().collect();
            if !ended.is_empty() {
                self.remove_from_index(user, &ended, self.deadline()).await;
            }
        }
    }
}

/// What the entries of indexes lead to.
#[derive(Default)]
struct LookedUp {
    /// Whosever they are by now.
    records: Vec<(LookupKey, Record)>,
    /// What leads to nothing.
    ended: BTreeSet<LookupKey>,
    unreadable: usize,
}

fn member(member: &Value) -> Result<LookupKey, CallError> {
    let key = match member {
        Value::BulkString(member) => keys::decode(member),
        _ => None,
    };
    let key = key.ok_or(CallError::Garbage("a list of sessions"))?;
    Ok(LookupKey::from_bytes(key))
}
