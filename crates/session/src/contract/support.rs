use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::id::{LookupKey, UserIndex};
use crate::record::Record;
use crate::store::{LoginKey, SessionStore, StoreError};
use crate::time::Timestamp;

pub(super) type Store = Arc<dyn SessionStore>;

/// 2100-01-01.
pub(super) const NOW: Timestamp = Timestamp::from_secs(4_102_444_800);
pub(super) const LATER: Timestamp = NOW.plus(3600);
const CONCURRENT: u8 = 50;

pub(super) async fn concurrently<T, F>(
    store: &Store,
    act: impl Fn(Store, u8) -> F,
) -> Result<Vec<T>, tokio::task::JoinError>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in 0..CONCURRENT {
        tasks.spawn(act(Arc::clone(store), n));
    }
    let mut answers = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer?);
    }
    Ok(answers)
}

/// As the store is told while time goes on by its own clock as well, whichever counts.
pub(super) fn since(started: Instant) -> Timestamp {
    NOW.plus(i64::try_from(started.elapsed().as_secs()).unwrap_or(i64::MAX))
}

pub(super) async fn listed(store: &Store, users: &[u8]) -> Result<Vec<LookupKey>, StoreError> {
    let users: Vec<_> = users.iter().map(|n| user(*n)).collect();
    let mut keys: Vec<_> = store
        .list(&users, NOW)
        .await?
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    keys.sort();
    Ok(keys)
}

pub(super) fn key(n: u8) -> LookupKey {
    LookupKey::from_bytes([n; 32])
}

pub(super) fn login(n: u8) -> LoginKey {
    LoginKey::of_state(&n.to_string())
}

pub(super) fn user(n: u8) -> UserIndex {
    UserIndex::from_bytes([n; 32])
}

pub(super) fn record_of(writer: u8) -> Record {
    Record {
        identity: [writer].into(),
        ..record(1)
    }
}

pub(super) fn record(version: u64) -> Record {
    Record {
        version,
        user: user(1),
        last_seen_at: NOW,
        expires_at: LATER,
        identity: format!("identity {version}").into_bytes().into(),
        tokens: vec![b't'; 5 << 10].into(),
        device: b"device".as_slice().into(),
    }
}
