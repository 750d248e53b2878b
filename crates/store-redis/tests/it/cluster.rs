//! A Cluster loses and moves its servers, and the store follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_services::{Redis, RedisCluster};
use cogward_session::{Replaced, SessionStore as _};
use cogward_store_redis::{Options, RedisStore};
use redis::Value;

use crate::support::{LATER, MARK, NOW, USER, key, record, unavailable, until};

const SESSIONS: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_is_lost_is_followed_by_its_replica() {
    let mut cluster = RedisCluster::start();
    for cache_bytes in [32 << 20, 0] {
        let options = Options {
            cache_bytes,
            ..Options::new(cluster.url())
        };
        let store = RedisStore::open(options).await.unwrap();
        let first = cache_bytes;
        for n in first..first + SESSIONS {
            store.insert(&key(n), record(1)).await.unwrap();
            store.load(&key(n), NOW).await.unwrap();
        }
        cluster.wait_for_replicas();
        let lost = cluster.holder_of(&name(first));
        cluster.node(lost).kill();
        let (start, mut failed) = (Instant::now(), 0);
        until("all can be read and written", async || {
            for n in first..first + SESSIONS {
                let load = store.load(&key(n), NOW).await;
                let touch = store.touch(&key(n), 1, NOW, LATER).await;
                match (load, touch) {
                    (Ok(Some(_)), Ok(Replaced::Done)) => {}
                    (load, touch) => {
                        failed += 1;
                        assert!(
                            load.as_ref().is_ok_and(Option::is_some)
                                || load.as_ref().is_err_and(unavailable),
                            "{load:?}"
                        );
                        assert!(
                            touch.as_ref().is_ok_and(|done| *done == Replaced::Done)
                                || touch.as_ref().is_err_and(unavailable),
                            "{touch:?}"
                        );
                        return false;
                    }
                }
            }
            true
        })
        .await;
        println!("healed after {:?}, {failed} failures", start.elapsed());
        let list = store.list(&[USER], NOW).await.unwrap();
        assert!(list.len() >= usize::try_from(SESSIONS).unwrap());
        store.put_mark(&USER, MARK, LATER).await.unwrap();
        cluster.node(lost).restart();
        cluster.wait();
        until("all servers answer", async || store.ping().await.is_ok()).await;
    }
}

/// What stands on a lost master is not answered from memory for longer than that is trusted,
/// and the cache goes on afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_lost_master_is_not_kept_for_long() {
    let mut cluster = RedisCluster::start();
    let (here, there) = (open(&cluster).await, open(&cluster).await);
    for n in 0..SESSIONS {
        here.insert(&key(n), record(1)).await.unwrap();
    }
    warm(&cluster, &here, 0).await;
    cluster.wait_for_replicas();
    let lost = cluster.holder_of(&name(0));
    cluster.node(lost).pause();
    until("another process can write", async || {
        there.replace(&key(0), 1, record(2)).await.is_ok()
            || there
                .load(&key(0), NOW)
                .await
                .is_ok_and(|found| found.is_some_and(|found| found.version == 2))
    })
    .await;
    until("the change is seen", async || {
        here.load(&key(0), NOW)
            .await
            .is_ok_and(|found| found.unwrap().version == 2)
    })
    .await;
    cluster.node(lost).resume();
    cluster.wait();
    warm(&cluster, &here, 0).await;
    assert_eq!(here.load(&key(0), NOW).await.unwrap().unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_hangs_keeps_only_its_own_keys() {
    let mut cluster = RedisCluster::start_without_replicas();
    let options = Options {
        cache_bytes: 0,
        ..Options::new(cluster.url())
    };
    let store = RedisStore::open(options).await.unwrap();
    for n in 0..SESSIONS {
        store.insert(&key(n), record(1)).await.unwrap();
    }
    for node in cluster.nodes() {
        node.command(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    let hung = cluster.holder_of(&name(0));
    let elsewhere = (1..SESSIONS).find(|n| cluster.holder_of(&name(*n)) != hung);
    cluster.node(hung).pause();
    let (start, elsewhere) = (Instant::now(), key(elsewhere.unwrap()));
    let one = key(0);
    let (stuck, works) = tokio::join!(store.load(&one, NOW), async {
        for _ in 0..100 {
            assert!(store.load(&elsewhere, NOW).await.unwrap().is_some());
        }
        start.elapsed()
    });
    assert!(stuck.as_ref().is_err_and(unavailable), "{stuck:?}");
    assert!(works < start.elapsed(), "waited for the one that hangs");
    assert!(store.ping().await.is_err());
    cluster.node(hung).resume();
    until("it is back", async || {
        store.load(&key(0), NOW).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_is_followed() {
    let mut cluster = RedisCluster::start_without_replicas();
    let (store, other) = (open(&cluster).await, open(&cluster).await);
    for n in 0..SESSIONS {
        store.insert(&key(n), record(1)).await.unwrap();
    }
    warm(&cluster, &store, 0).await;
    let (from, slot) = (
        cluster.holder_of(&name(0)),
        slot(&cluster.nodes()[0], &name(0)),
    );
    let to = (from + 1) % 3;
    let (from_id, to_id) = (
        cluster.node(from).command(&["CLUSTER", "MYID"]),
        cluster.node(to).command(&["CLUSTER", "MYID"]),
    );
    let port = cluster.node(to).port().to_string();
    cluster
        .node(to)
        .command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
    cluster
        .node(from)
        .command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
    works(&store, 1).await;
    let moved = ["MIGRATE", "127.0.0.1", &port, &name(0), "0", "5000"];
    assert_eq!(cluster.node(from).command(&moved), "OK");
    // The slot is still the old one's, the key is not.
    works(&store, 2).await;
    until("it is seen by the other", async || {
        other.load(&key(0), NOW).await.unwrap().unwrap().version == 3
    })
    .await;
    for node in [to, from, 3 - from - to] {
        cluster
            .node(node)
            .command(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
    }
    works(&store, 3).await;
    works(&other, 4).await;
    until("it is seen by the first", async || {
        store.load(&key(0), NOW).await.unwrap().unwrap().version == 5
    })
    .await;
    warm(&cluster, &store, 0).await;
    assert!(store.remove(&key(0)).await.unwrap().is_some());
    assert_eq!(store.load(&key(0), NOW).await.unwrap(), None);
}

async fn works(store: &RedisStore, version: u64) {
    let found = store.load(&key(0), NOW).await.unwrap().unwrap();
    assert_eq!(found.version, version);
    let touched = store.touch(&key(0), version, NOW, LATER).await.unwrap();
    assert_eq!(touched, Replaced::Done);
    let replaced = store
        .replace(&key(0), version, record(version + 1))
        .await
        .unwrap();
    assert_eq!(replaced, Replaced::Done);
    let found = store.load(&key(0), NOW).await.unwrap().unwrap();
    assert_eq!(found.version, version + 1);
}

/// An operator has a replica take over, while users go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_planned_take_over_loses_no_answered_write() {
    let cluster = RedisCluster::start();
    let store = Arc::new(open(&cluster).await);
    for n in 0..SESSIONS {
        store.insert(&key(n), record(0)).await.unwrap();
    }
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..SESSIONS)
        .map(|n| tokio::spawn(count(Arc::clone(&store), n, Arc::clone(&over))))
        .collect();
    let master = cluster.holder_of(&name(0));
    let replica = master + 3;
    let mut asked = None::<Instant>;
    until("the replica has taken over", async || {
        let node = &cluster.nodes()[replica];
        let has = node.command(&["ROLE"]).starts_with("master");
        // Redis gives up after five seconds where the machine is slow.
        let again = asked.is_none_or(|asked| asked.elapsed() > Duration::from_secs(8));
        if !has && again {
            node.command(&["CLUSTER", "FAILOVER"]);
            asked = Some(Instant::now());
        }
        has
    })
    .await;
    cluster.wait();
    over.store(true, Ordering::SeqCst);
    for (n, writer) in (0..).zip(writers) {
        let answered = writer.await.unwrap();
        until("all can be read", async || {
            store.load(&key(n), NOW).await.is_ok()
        })
        .await;
        let found = store.load(&key(n), NOW).await.unwrap().unwrap();
        assert!(
            found.version >= answered,
            "{} after {answered}",
            found.version
        );
    }
}

/// Replaces the record again and again; the last version that was answered.
async fn count(store: Arc<RedisStore>, n: u64, over: Arc<AtomicBool>) -> u64 {
    let mut answered = 0;
    while !over.load(Ordering::SeqCst) {
        match store.load(&key(n), NOW).await {
            Ok(found) => {
                let version = found.unwrap().version;
                assert!(version >= answered, "read {version} after {answered}");
                match store.replace(&key(n), version, record(version + 1)).await {
                    Ok(Replaced::Done) => answered = version + 1,
                    Ok(other) => panic!("{other:?} by the only writer"),
                    Err(error) => assert!(unavailable(&error)),
                }
            }
            Err(error) => assert!(unavailable(&error)),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_that_answers_is_enough() {
    let cluster = RedisCluster::start_without_replicas();
    let [nobody] = cogward_services::free_ports();
    let addresses = format!("redis://127.0.0.1:{nobody},{}", cluster.nodes()[1].url());
    let store = RedisStore::open(Options::new(addresses)).await.unwrap();
    for n in 0..SESSIONS {
        store.insert(&key(n), record(1)).await.unwrap();
    }
    assert_eq!(store.list(&[USER], NOW).await.unwrap().len(), 60);
    store.ping().await.unwrap();
    let held = cluster
        .nodes()
        .iter()
        .filter(|node| node.command(&["DBSIZE"]) != "0");
    assert_eq!(held.count(), 3);
}

async fn open(cluster: &RedisCluster) -> RedisStore {
    RedisStore::open(Options::new(cluster.url())).await.unwrap()
}

/// Reads until memory answers: none of the masters is asked.
async fn warm(cluster: &RedisCluster, store: &RedisStore, n: u64) {
    let calls = || {
        let nodes = cluster.nodes().iter();
        nodes
            .map(|node| crate::support::calls(node, "get"))
            .sum::<u64>()
    };
    until("it is kept", async || {
        let before = calls();
        store.load(&key(n), NOW).await.is_ok() && calls() == before
    })
    .await;
}

fn name(n: u64) -> String {
    format!("session:{{{}}}", URL_SAFE_NO_PAD.encode(key(n).as_bytes()))
}

fn slot(node: &Redis, name: &str) -> String {
    match node.query(&["CLUSTER", "KEYSLOT", name]).unwrap() {
        Value::Int(slot) => slot.to_string(),
        other => panic!("{other:?}"),
    }
}
