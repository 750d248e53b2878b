//! A store that fails says so; it never answers "not found", hangs nobody and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cogward_services::Redis;
use cogward_session::{Replaced, SessionStore as _};
use cogward_store_redis::{Options, RedisStore};
use tokio::task::JoinSet;

use crate::support::{
    LATER, MARK, NOW, USER, everything_is_unavailable, key, open, record, unavailable, uncached,
    until,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_keeps_nobody() {
    let redis = Redis::start();
    let options = Options {
        call_limit: Duration::from_millis(300),
        cache_bytes: 0,
        ..Options::new(redis.url())
    };
    let store = RedisStore::open(options).await.unwrap();
    store.insert(&key(1), record(1)).await.unwrap();
    redis.pause();
    let start = Instant::now();
    everything_is_unavailable(&store).await;
    everything_is_unavailable(&store).await;
    println!("twice: {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(20), "somebody hung");
    redis.resume();
    let back = until("it is back", async || store.ping().await.is_ok()).await;
    println!("back after {back:?}");
    store.load(&key(1), NOW).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_comes_back_with_what_was_answered() {
    let mut redis = Redis::start_with(&["--appendonly", "yes"]);
    let store = open(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    store.put_mark(&USER, MARK, LATER).await.unwrap();
    redis.kill();
    everything_is_unavailable(&store).await;
    redis.restart();
    let back = until("it is back", async || store.ping().await.is_ok()).await;
    println!("back after {back:?}");
    let found = store.load(&key(1), NOW).await.unwrap();
    assert_eq!(found.as_deref(), Some(&record(1)));
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), Some(MARK));
    let touched = store.touch(&key(1), 1, NOW, LATER).await.unwrap();
    assert_eq!(touched, Replaced::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_fails_no_read() {
    let redis = Redis::start();
    let options = Options {
        call_limit: Duration::from_secs(20),
        cache_bytes: 0,
        ..Options::new(redis.url())
    };
    let store = Arc::new(RedisStore::open(options).await.unwrap());
    store.insert(&key(1), record(1)).await.unwrap();
    for _ in 0..10 {
        let mut readers = JoinSet::new();
        for _ in 0..50 {
            let store = Arc::clone(&store);
            readers.spawn(async move { store.load(&key(1), NOW).await });
        }
        redis.query(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        for answer in readers.join_all().await {
            assert!(answer.unwrap().is_some());
        }
    }
}

/// A server that was started again does not know them.
#[tokio::test]
async fn scripts_that_were_forgotten_are_sent_again() {
    let redis = Redis::start();
    let store = open(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    redis.command(&["SCRIPT", "FLUSH"]);
    let replaced = store.replace(&key(1), 1, record(2)).await.unwrap();
    assert_eq!(replaced, Replaced::Done);
    redis.command(&["SCRIPT", "FLUSH"]);
    store.put_mark(&USER, MARK, LATER).await.unwrap();
    let evals = crate::support::calls(&redis, "eval");
    store.put_mark(&USER, MARK, LATER).await.unwrap();
    assert_eq!(crate::support::calls(&redis, "eval"), evals);
}

#[tokio::test]
async fn a_write_to_a_full_server_is_refused_and_reads_go_on() {
    let redis = Redis::start();
    let store = uncached(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]);
    for answer in [
        store.insert(&key(2), record(1)).await.err(),
        store.replace(&key(1), 1, record(2)).await.err(),
        store.put_mark(&USER, MARK, LATER).await.err(),
    ] {
        assert!(answer.as_ref().is_some_and(unavailable), "{answer:?}");
    }
    let found = store.load(&key(1), NOW).await.unwrap();
    assert_eq!(found.as_deref(), Some(&record(1)));
    // Signing out works all the same.
    assert!(store.remove(&key(1)).await.unwrap().is_some());
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
    store.insert(&key(2), record(1)).await.unwrap();
}

/// What it has may be old, and sessions that it does not have yet are not ended.
#[tokio::test]
async fn a_server_that_became_a_replica_is_not_asked() {
    let (redis, master) = (Redis::start(), Redis::start());
    for store in [open(&redis).await, uncached(&redis).await] {
        redis.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
        until("it is found out", async || {
            store.load(&key(1), NOW).await.is_err()
        })
        .await;
        everything_is_unavailable(&store).await;
        let late = open(&redis).await;
        everything_is_unavailable(&late).await;
        redis.command(&["REPLICAOF", "NO", "ONE"]);
        for store in [store, late] {
            until("it is asked again", async || store.ping().await.is_ok()).await;
            store.put_mark(&USER, MARK, LATER).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_one_connection() {
    let redis = Redis::start();
    let store = Arc::new(uncached(&redis).await);
    let mut callers = JoinSet::new();
    for n in 0..2000 {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            store.insert(&key(n), record(1)).await.unwrap();
            store.load(&key(n), NOW).await.unwrap().is_some()
        });
    }
    assert!(callers.join_all().await.into_iter().all(|found| found));
    assert_eq!(store.list(&[USER], NOW).await.unwrap().len(), 2000);
    let clients = redis.command(&["CLIENT", "LIST", "TYPE", "normal"]);
    // The store's, and the one that asks.
    assert_eq!(clients.lines().count(), 2, "{clients}");
}
