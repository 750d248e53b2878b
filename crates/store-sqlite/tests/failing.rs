//! A store that fails says so; it never answers "not found", and never loses what it answered.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cogward_session::{
    LoginKey, LookupKey, Record, Replaced, RevocationMark, SessionStore, StoreError, Timestamp,
    UserIndex,
};
use cogward_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp::from_secs(0);
const USER: UserIndex = UserIndex::from_bytes([1; 32]);
const MARK: RevocationMark = RevocationMark {
    before: NOW,
    spared: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_each_caller_is_told_the_truth() {
    let (_folder, path) = place();
    let store = Arc::new(open(
        &path,
        Options {
            max_bytes: Some(1 << 20),
            ..uncached()
        },
    ));
    let mut inserts = JoinSet::new();
    for n in 0..600 {
        let store = Arc::clone(&store);
        inserts.spawn(async move { (n, store.insert(&key(n), record()).await) });
    }
    let mut kept = 0;
    for (n, answer) in inserts.join_all().await {
        let found = store.load(&key(n), NOW).await.unwrap().is_some();
        match answer {
            Ok(()) => assert!(found, "an answered write is not there"),
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
                assert!(!found, "a refused write is there");
            }
        }
        kept += usize::from(found);
    }
    assert!((150..256).contains(&kept), "{kept} kept");
    // Room again, and all is well.
    assert_eq!(store.sweep(NOW.plus(9), 50).await.unwrap(), 50);
    store.insert(&key(1000), record()).await.unwrap();
    assert!(store.load(&key(1000), NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn a_database_that_is_gone_is_unavailable() {
    let (_folder, path) = place();
    let store = open(&path, uncached());
    store.insert(&key(1), record()).await.unwrap();
    fs::remove_file(&path).unwrap();
    everything_is_unavailable(&store).await;
    // Another file under the same name is not the one that was opened.
    fs::write(&path, "").unwrap();
    everything_is_unavailable(&store).await;
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[tokio::test]
async fn a_database_that_came_back_works_again() {
    let (folder, path) = place();
    let store = open(&path, uncached());
    store.insert(&key(1), record()).await.unwrap();
    let away = folder.path().join("away");
    fs::rename(&path, &away).unwrap();
    everything_is_unavailable(&store).await;
    fs::rename(&away, &path).unwrap();
    assert!(store.load(&key(1), NOW).await.unwrap().is_some());
    store.insert(&key(2), record()).await.unwrap();
}

#[tokio::test]
async fn a_database_without_its_tables_is_unavailable() {
    let (_folder, path) = place();
    let store = open(&path, uncached());
    store.insert(&key(1), record()).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("DROP TABLE session; DROP TABLE login; DROP TABLE mark")
        .unwrap();
    everything_is_unavailable(&store).await;
}

#[tokio::test]
async fn a_row_of_another_shape_is_unavailable_and_not_a_session() {
    let (_folder, path) = place();
    let store = open(&path, uncached());
    store.insert(&key(1), record()).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("UPDATE session SET user = x'0102'")
        .unwrap();
    let answer = store.load(&key(1), NOW).await;
    assert!(
        matches!(answer, Err(StoreError::Unavailable { .. })),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_do_not_wait_for_a_writer() {
    let (_folder, path) = place();
    let store = Arc::new(open(&path, uncached()));
    store.insert(&key(1), record()).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.insert(&key(2), record()).await })
    };
    assert!(store.load(&key(1), NOW).await.unwrap().is_some());
    assert!(store.load(&key(2), NOW).await.unwrap().is_none());
    assert_eq!(store.list(&[USER], NOW).await.unwrap().len(), 1);
    store.ping().await.unwrap();
    assert!(!waiting.is_finished());
    other.execute_batch("ROLLBACK").unwrap();
    waiting.await.unwrap().unwrap();
    assert!(store.load(&key(2), NOW).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_held_up_keeps_no_caller() {
    let (_folder, path) = place();
    let options = Options {
        call_limit: Duration::from_millis(100),
        ..Options::default()
    };
    let store = open(&path, options);
    store.insert(&key(1), record()).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let state = LoginKey::of_state("state");
    let (one, two, three) = (key(1), key(2), key(3));
    let (insert, touch, replace, put, take, mark, sweep) = tokio::join!(
        store.insert(&two, record()),
        store.touch(&one, 1, NOW, NOW.plus(8)),
        store.replace(&three, 1, record()),
        store.put_login(&state, vec![], NOW),
        store.take_login(&state, NOW),
        store.put_mark(&USER, MARK, NOW.plus(9)),
        store.sweep(NOW, 9),
    );
    let errors = [
        insert.err(),
        touch.err(),
        replace.err(),
        put.err(),
        take.err(),
        mark.err(),
        sweep.err(),
        store.remove(&key(4)).await.err(),
    ];
    for error in errors {
        let told = matches!(error, Some(StoreError::Unavailable { .. }));
        assert!(told, "{error:?}");
    }
    // Reading goes on, in the cache and beside it.
    assert!(store.load(&key(1), NOW).await.unwrap().is_some());
    assert!(store.load(&key(2), NOW).await.unwrap().is_none());
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), None, "not durable");
    store.ping().await.unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    // And what was queued is written once it can be.
    let waiting = async {
        while store.load(&key(2), NOW).await.unwrap().is_none()
            || store.mark(&[USER], NOW).await.unwrap() != Some(MARK)
        {
            tokio::task::yield_now().await;
        }
    };
    let written = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    written.unwrap();
}

/// With a cache that holds the record a remove must not leave it there.
#[tokio::test]
async fn a_cached_record_goes_with_its_row() {
    let (_folder, path) = place();
    let store = open(&path, Options::default());
    store.insert(&key(1), record()).await.unwrap();
    let (one, two) = (
        store.load(&key(1), NOW).await.unwrap(),
        store.load(&key(1), NOW).await.unwrap(),
    );
    assert!(Arc::ptr_eq(&one.unwrap(), &two.unwrap()), "not cached");
    assert_eq!(
        store.touch(&key(1), 1, NOW, NOW.plus(5)).await.unwrap(),
        Replaced::Done
    );
    assert_eq!(store.load(&key(1), NOW.plus(5)).await.unwrap(), None);
    assert_eq!(store.sweep(NOW.plus(5), 9).await.unwrap(), 1);
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
}

async fn everything_is_unavailable(store: &SqliteStore) {
    let state = LoginKey::of_state("state");
    let answers = [
        ("load", store.load(&key(1), NOW).await.err()),
        ("insert", store.insert(&key(9), record()).await.err()),
        ("replace", store.replace(&key(1), 1, record()).await.err()),
        ("touch", store.touch(&key(1), 1, NOW, NOW).await.err()),
        ("remove", store.remove(&key(1)).await.err()),
        ("list", store.list(&[USER], NOW).await.err()),
        (
            "put_login",
            store.put_login(&state, vec![], NOW).await.err(),
        ),
        ("take_login", store.take_login(&state, NOW).await.err()),
        (
            "put_mark",
            store.put_mark(&USER, MARK, NOW.plus(9)).await.err(),
        ),
        ("sweep", store.sweep(NOW.plus(99), 9).await.err()),
        ("ping", store.ping().await.err()),
    ];
    for (name, answer) in answers {
        assert!(
            matches!(answer, Some(StoreError::Unavailable { .. })),
            "{name}: {answer:?}"
        );
    }
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), None);
}

fn uncached() -> Options {
    Options {
        cache_bytes: 0,
        ..Options::default()
    }
}

fn open(path: &Path, options: Options) -> SqliteStore {
    SqliteStore::open(path, options).unwrap()
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    (folder, path)
}

fn key(n: u64) -> LookupKey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&n.to_le_bytes());
    LookupKey::from_bytes(key)
}

fn record() -> Record {
    Record {
        version: 1,
        user: USER,
        last_seen_at: NOW,
        expires_at: NOW.plus(9),
        identity: vec![1; 300].into(),
        tokens: vec![2; 2500].into(),
        device: vec![3; 200].into(),
    }
}
