//! Memory is bounded by the cache, not by the number of sessions.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use cogward_session::{LookupKey, Record, SessionStore, Timestamp, UserIndex};
use cogward_store_sqlite::{Options, SqliteStore};

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_grow_with_the_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        cache_bytes: 8 << 20,
        ..Options::default()
    };
    let store = Arc::new(SqliteStore::open(&folder.path().join("s.db"), options).unwrap());
    let before = resident_mb();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..100_u64 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for n in 0..200 {
                store
                    .insert(&key(writer * 200 + n), record())
                    .await
                    .unwrap();
            }
        });
    }
    writers.join_all().await;
    for n in 0..20_000 {
        assert!(
            store
                .load(&key(n), Timestamp::from_secs(0))
                .await
                .unwrap()
                .is_some()
        );
    }
    let grown = resident_mb() - before;
    println!("20,000 sessions, 60 MB: {grown} MB more resident");
    assert!(grown < 40, "{grown} MB more resident");
}

fn key(n: u64) -> LookupKey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&n.to_le_bytes());
    LookupKey::from_bytes(key)
}

fn record() -> Record {
    Record {
        version: 1,
        user: UserIndex::from_bytes([1; 32]),
        last_seen_at: Timestamp::from_secs(0),
        expires_at: Timestamp::from_secs(1),
        identity: vec![0; 300].into(),
        tokens: vec![0; 2500].into(),
        device: vec![0; 200].into(),
    }
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
