//! What is kept in memory is what Redis has, or not answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cogward_services::Redis;
use cogward_session::{Record, Replaced, RevocationMark, SessionStore as _, Timestamp};
use cogward_store_redis::{Options, RedisStore};
use tokio::task::JoinSet;

use crate::proxy::Proxy;
use crate::support::{
    LATER, MARK, NOW, USER, calls, key, open, record, unavailable, uncached, until,
};

/// For so long memory is trusted after a sign of life, at most.
const TRUSTED: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_not_asked_for_again() {
    let redis = Redis::start();
    let store = open(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    warm(&redis, &store).await;
    let (gets, start) = (calls(&redis, "get"), Instant::now());
    for _ in 0..1000 {
        assert!(store.load(&key(1), NOW).await.unwrap().is_some());
        assert_eq!(store.mark(&[USER], NOW).await.unwrap(), None);
    }
    println!("a warm read: {:?}", start.elapsed() / 2000);
    // Memory may have to be trusted anew meanwhile, where this test is kept waiting.
    assert!(calls(&redis, "get") < gets + 100);
    // Expiry is looked at all the same.
    assert_eq!(store.load(&key(1), LATER).await.unwrap(), None);
    // What is not there is asked for each time.
    let gets = calls(&redis, "get");
    for _ in 0..3 {
        assert_eq!(store.load(&key(2), NOW).await.unwrap(), None);
    }
    assert_eq!(calls(&redis, "get"), gets + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_or_watched_without_a_cache() {
    let redis = Redis::start();
    let store = uncached(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    for n in 1..4 {
        store.load(&key(1), NOW).await.unwrap();
        store.mark(&[USER], NOW).await.unwrap();
        assert_eq!(calls(&redis, "get"), 2 * n);
    }
    assert_eq!(calls(&redis, "client|tracking"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changes_is_seen_here() {
    let redis = Redis::start();
    let (here, there) = (open(&redis).await, open(&redis).await);
    for n in 0..20 {
        let key = key(n);
        there.insert(&key, record(1)).await.unwrap();
        warm_key(&redis, &here, n).await;
        let touched = there.touch(&key, 1, NOW, LATER.plus(5)).await.unwrap();
        assert_eq!(touched, Replaced::Done);
        let seen = until("the touch is seen", async || {
            let found = here.load(&key, NOW).await.unwrap().unwrap();
            found.expires_at == LATER.plus(5)
        });
        let touch = seen.await;
        warm_key(&redis, &here, n).await;
        there.replace(&key, 1, record(2)).await.unwrap();
        let seen = until("the record is seen", async || {
            here.load(&key, NOW).await.unwrap().unwrap().version == 2
        });
        let replace = seen.await;
        warm_key(&redis, &here, n).await;
        there.remove(&key).await.unwrap();
        let seen = until("the end is seen", async || {
            here.load(&key, NOW).await.unwrap().is_none()
        });
        println!(
            "touch {touch:?}, replace {replace:?}, remove {:?}",
            seen.await
        );
    }
    warm_mark(&redis, &here).await;
    there.put_mark(&USER, MARK, LATER).await.unwrap();
    until("the mark is seen", async || {
        here.mark(&[USER], NOW).await.unwrap() == Some(MARK)
    })
    .await;
}

/// Redis tells of what it drops, too.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_flushed_or_deleted_by_hand_is_gone_here() {
    let redis = Redis::start();
    let store = open(&redis).await;
    for command in [&["FLUSHALL"] as &[_], &["FLUSHDB", "ASYNC"], &["DEL"]] {
        store.insert(&key(1), record(1)).await.unwrap();
        store.put_mark(&USER, MARK, LATER).await.unwrap();
        warm(&redis, &store).await;
        match command {
            ["DEL"] => {
                let names = crate::support::keys(&redis);
                for name in names {
                    redis.query(&[b"DEL".as_slice(), &name]).unwrap();
                }
            }
            flush => drop(redis.command(flush)),
        }
        until("it is gone", async || {
            store.load(&key(1), NOW).await.unwrap().is_none()
                && store.mark(&[USER], NOW).await.unwrap().is_none()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_takes_what_was_kept_with_it() {
    let redis = Redis::start();
    let (here, there) = (open(&redis).await, open(&redis).await);
    there.insert(&key(1), record(1)).await.unwrap();
    for version in 1..6 {
        warm(&redis, &here).await;
        redis.query(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        until("the other store is back", async || {
            let next = record(version + 1);
            there.replace(&key(1), version, next).await.is_ok()
                || there
                    .load(&key(1), NOW)
                    .await
                    .is_ok_and(|found| found.is_some_and(|found| found.version == version + 1))
        })
        .await;
        until("the change is seen", async || {
            let found = here.load(&key(1), NOW).await;
            found.is_ok_and(|found| found.unwrap().version == version + 1)
        })
        .await;
    }
    warm(&redis, &here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_not_trusted_while_redis_is_silent() {
    let redis = Redis::start();
    let options = Options {
        call_limit: Duration::from_millis(500),
        ..Options::new(redis.url())
    };
    let store = RedisStore::open(options).await.unwrap();
    store.insert(&key(1), record(1)).await.unwrap();
    warm(&redis, &store).await;
    redis.pause();
    let silent = Instant::now();
    let mut hits = 0;
    loop {
        let asked = silent.elapsed();
        match store.load(&key(1), NOW).await {
            Ok(found) => assert_eq!(found.as_deref(), Some(&record(1))),
            Err(error) => {
                assert!(unavailable(&error));
                break;
            }
        }
        hits += 1;
        assert!(asked < TRUSTED, "answered from memory after {asked:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!(
        "{hits} reads from memory, unavailable after {:?}",
        silent.elapsed()
    );
    redis.resume();
    warm(&redis, &store).await;
}

/// The connection looks alive and brings nothing: the end of the session is not told here.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_in_silence_is_not_trusted_for_long() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.port()).await;
    let options = Options {
        call_limit: Duration::from_millis(500),
        ..Options::new(proxy.url())
    };
    let (here, there) = (RedisStore::open(options).await.unwrap(), open(&redis).await);
    there.insert(&key(1), record(1)).await.unwrap();
    warm(&redis, &here).await;
    proxy.cut();
    let cut = Instant::now();
    there.remove(&key(1)).await.unwrap();
    loop {
        let asked = cut.elapsed();
        match here.load(&key(1), NOW).await {
            Ok(Some(_)) => assert!(asked < TRUSTED, "answered from memory after {asked:?}"),
            Ok(None) => panic!("nothing gets through"),
            Err(_) => break,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("unavailable after {:?}", cut.elapsed());
    proxy.mend();
    let back = until("it is back", async || match here.load(&key(1), NOW).await {
        Ok(found) => {
            assert_eq!(found, None, "stale");
            true
        }
        Err(_) => false,
    });
    println!("back after {:?}", back.await);
}

/// Without a cache, too, a connection that died in silence is found before a user finds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_in_silence_is_made_anew() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.port()).await;
    let options = Options {
        call_limit: Duration::from_millis(500),
        cache_bytes: 0,
        ..Options::new(proxy.url())
    };
    let store = RedisStore::open(options).await.unwrap();
    store.insert(&key(1), record(1)).await.unwrap();
    proxy.cut();
    assert!(store.load(&key(1), NOW).await.is_err());
    proxy.mend();
    until("it is back", async || {
        store.load(&key(1), NOW).await.is_ok()
    })
    .await;
}

/// Whatever two processes do to the same few records at once, in the end both know it.
#[tokio::test(flavor = "multi_thread")]
async fn in_the_end_nobody_has_anything_old() {
    let redis = Redis::start();
    let stores = [Arc::new(open(&redis).await), Arc::new(open(&redis).await)];
    let judge = uncached(&redis).await;
    for round in 0..10 {
        let keys: Vec<_> = (0..4).map(|n| key(round * 4 + n)).collect();
        for key in &keys {
            judge.insert(key, record(0)).await.unwrap();
        }
        let over = Arc::new(AtomicBool::new(false));
        let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
        for store in &stores {
            for key in keys.clone() {
                writers.spawn(write(Arc::clone(store), key));
                for _ in 0..3 {
                    readers.spawn(read(Arc::clone(store), key, Arc::clone(&over)));
                }
            }
        }
        writers.join_all().await;
        over.store(true, Ordering::SeqCst);
        let read = readers.join_all().await.into_iter().sum::<u64>();
        println!("round {round}: {read} reads");
        for (key, store) in keys
            .iter()
            .flat_map(|key| stores.each_ref().map(|s| (key, s)))
        {
            let newest = judge.load(key, NOW).await.unwrap();
            until("the newest is known", async || {
                store.load(key, NOW).await.unwrap() == newest
            })
            .await;
            // And stays so.
            assert_eq!(store.load(key, NOW).await.unwrap(), newest);
        }
    }
}

async fn write(store: Arc<RedisStore>, key: cogward_session::LookupKey) {
    for n in 0..20 {
        let Some(found) = store.load(&key, NOW).await.unwrap() else {
            return;
        };
        let next = Record {
            last_seen_at: NOW,
            expires_at: LATER,
            ..record(found.version + 1)
        };
        store.replace(&key, found.version, next).await.unwrap();
        let seen = NOW.plus(n);
        store
            .touch(&key, found.version + 1, seen, LATER.plus(n))
            .await
            .unwrap();
    }
}

/// Versions never go back, as one process sees them.
async fn read(
    store: Arc<RedisStore>,
    key: cogward_session::LookupKey,
    over: Arc<AtomicBool>,
) -> u64 {
    let mut reads = 0;
    while !over.load(Ordering::SeqCst) {
        store.load(&key, NOW).await.unwrap();
        store.mark(&[USER], NOW).await.unwrap();
        reads += 1;
        tokio::task::yield_now().await;
    }
    reads
}

/// As a session that was ended in one process, which another reads all the time.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_seen_by_those_who_read_all_the_time() {
    let redis = Redis::start();
    let (here, there) = (Arc::new(open(&redis).await), open(&redis).await);
    for n in 0..50 {
        there.insert(&key(n), record(1)).await.unwrap();
        let mut readers = JoinSet::new();
        for _ in 0..4 {
            let here = Arc::clone(&here);
            readers.spawn(async move {
                while here.load(&key(n), NOW).await.unwrap().is_some() {
                    tokio::task::yield_now().await;
                }
            });
        }
        assert!(there.remove(&key(n)).await.unwrap().is_some());
        readers.join_all().await;
        assert_eq!(here.load(&key(n), NOW).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_was_none_is_seen_when_it_is_put_here() {
    let redis = Redis::start();
    let store = open(&redis).await;
    for second in 0..20 {
        warm_mark(&redis, &store).await;
        let mark = RevocationMark::new(Timestamp::from_secs(second), None);
        store.put_mark(&USER, mark, LATER).await.unwrap();
        assert_eq!(store.mark(&[USER], NOW).await.unwrap(), Some(mark));
    }
}

/// Not everybody may ask to be told: then nothing is kept, and all goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_tell_of_changes_is_asked_each_time() {
    let redis = Redis::start();
    let rights = "on >pass ~* +@all -client|tracking -role";
    let rights = ["ACL", "SETUSER", "app"]
        .into_iter()
        .chain(rights.split(' '));
    redis.command(&rights.collect::<Vec<_>>());
    let url = redis.url().replace("redis://", "redis://app:pass@");
    let store = RedisStore::open(Options::new(url)).await.unwrap();
    store.insert(&key(1), record(1)).await.unwrap();
    let gets = calls(&redis, "get");
    for n in 1..10 {
        assert!(store.load(&key(1), NOW).await.unwrap().is_some());
        assert_eq!(calls(&redis, "get"), gets + n);
    }
    store.ping().await.unwrap();
}

/// Reads until memory answers.
async fn warm(redis: &Redis, store: &RedisStore) {
    warm_key(redis, store, 1).await;
    warm_mark(redis, store).await;
}

async fn warm_key(redis: &Redis, store: &RedisStore, n: u64) {
    until("the record is kept", async || {
        // It may just be back.
        let before = calls(redis, "get");
        store.load(&key(n), NOW).await.is_ok() && calls(redis, "get") == before
    })
    .await;
}

async fn warm_mark(redis: &Redis, store: &RedisStore) {
    until("the mark is kept", async || {
        let before = calls(redis, "get");
        store.mark(&[USER], NOW).await.is_ok() && calls(redis, "get") == before
    })
    .await;
}
