use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cogward_services::Postgres;
use cogward_session::{Replaced, SessionStore as _};
use cogward_store_postgres::{Options, PostgresStore};
use tokio::time::Instant;

use crate::support::{
    MARK, NOW, USER, all_answers, everything_is_unavailable, is_unavailable, key, login, open,
    open_impatient, options, record, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_keeps_nobody_and_comes_back() {
    let server = Postgres::start();
    let url = server.database();
    let store = open_impatient(&url).await;
    all_connected(&server, &url).await;
    store.insert(&key(1), record()).await.unwrap();
    server.pause();
    for _ in 0..3 {
        let start = Instant::now();
        everything_is_unavailable(&store).await;
        // Two calls one after the other, of half a second at most.
        assert!(start.elapsed() < Duration::from_secs(10), "kept waiting");
    }
    server.resume();
    works_again(&store).await;
}

/// A failover as seen from afar: packets to the old address lead nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn of_connections_that_lead_nowhere_no_reader_hears() {
    let server = Postgres::start();
    let url = server.database();
    let options = Options {
        call_limit: Duration::from_secs(6),
        ..options(&url)
    };
    let store = PostgresStore::open(options).await.unwrap();
    all_connected(&server, &url).await;
    store.insert(&key(1), record()).await.unwrap();
    server.pause_connections(&url);
    let found = store.load(&key(1), NOW).await;
    assert!(matches!(found, Ok(Some(_))), "{found:?}");
    // Nor does anybody else: what one found out about its connection goes for all.
    until("four more than those that stand still", async || {
        server.query(&url, CONNECTIONS) == "12"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_comes_back_with_all_that_was_answered() {
    let mut server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    store.put_mark(&USER, MARK, NOW.plus(60)).await.unwrap();
    for round in 0..3 {
        let n = 10 + round;
        store.insert(&key(n), record()).await.unwrap();
        server.kill();
        everything_is_unavailable(&store).await;
        server.restart();
        until("it is back", async || store.ping().await.is_ok()).await;
        let found = store.load(&key(n), NOW).await.unwrap();
        assert_eq!(found.as_deref(), Some(&record()), "an answered write");
    }
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), Some(MARK));
}

/// As when a server is restarted in order, or a proxy closes what was long open.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_lost_connection_no_reader_hears() {
    let server = Postgres::start();
    let url = server.database();
    let store = Arc::new(open(&url).await);
    store.insert(&key(1), record()).await.unwrap();
    all_connected(&server, &url).await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        tokio::spawn(async move {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let found = store.load(&key(1), NOW).await;
                assert!(matches!(found, Ok(Some(_))), "{found:?}");
                reads += 1;
            }
            reads
        })
    };
    for _ in 0..10 {
        server.query(
            &url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'cogward' ORDER BY random() LIMIT 1",
        );
        all_connected(&server, &url).await;
    }
    done.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 100, "it hardly read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_row_holds_up_neither_readers_nor_other_rows() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    store.insert(&key(1), record()).await.unwrap();
    let lock = server.begin_query(
        &url,
        "BEGIN; SELECT FROM cogward_session FOR UPDATE; SELECT pg_sleep(600)",
    );
    let locked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'
         AND wait_event = 'PgSleep'";
    until("it is locked", async || server.query(&url, locked) == "1").await;
    let touch = async {
        let touched = store.touch(&key(1), 1, NOW, NOW.plus(9)).await;
        assert!(is_unavailable(touched.as_ref().err()), "{touched:?}");
    };
    let others = async {
        for n in 2..30 {
            store.insert(&key(n), record()).await.unwrap();
            assert!(store.load(&key(1), NOW).await.unwrap().is_some());
        }
        assert_eq!(store.sweep(NOW.plus(9999), 9).await.unwrap(), 9);
        assert!(store.load(&key(1), NOW).await.unwrap().is_some());
    };
    tokio::join!(touch, others);
    // It would sleep on without the one who asked for it.
    server.query(
        &url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    drop(lock);
    until("it can be touched", async || {
        store.touch(&key(1), 1, NOW, NOW.plus(9)).await.ok() == Some(Replaced::Done)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_a_standby_is_left() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    store.insert(&key(1), record()).await.unwrap();
    all_connected(&server, &url).await;
    let set = |what: &str| {
        server.query(&url, &format!("ALTER SYSTEM {what}"));
        server.query(&url, "SELECT pg_reload_conf()");
    };
    set("SET default_transaction_read_only = on");
    // What it holds may be old, so that reading ends too.
    until("nothing is answered", async || {
        let all = all_answers(&store).await;
        all.iter().all(|(_, error)| is_unavailable(error.as_ref()))
    })
    .await;
    set("RESET default_transaction_read_only");
    works_again(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_nobody_wrote_is_no_session() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    let columns = "version user_index last_seen_at expires_at sweep_slot identity tokens device";
    for column in columns.split(' ') {
        let alter = format!("ALTER TABLE cogward_session ALTER {column} DROP NOT NULL");
        server.query(&url, &alter);
    }
    for damage in [
        "version = NULL",
        "user_index = NULL",
        "user_index = '\\x00'",
        "user_index = user_index || '\\x00'",
        "last_seen_at = NULL",
        "expires_at = NULL",
        "identity = NULL",
        "tokens = NULL",
        "device = NULL",
    ] {
        store.insert(&key(1), record()).await.unwrap();
        server.query(&url, &format!("UPDATE cogward_session SET {damage}"));
        let found = store.load(&key(1), NOW).await;
        assert!(is_unavailable(found.as_ref().err()), "{damage}: {found:?}");
        the_others_are_listed_and_end(&store, damage).await;
        server.query(&url, "DELETE FROM cogward_session");
    }
    // A key that is none, where it can be met.
    store.insert(&key(1), record()).await.unwrap();
    server.query(&url, "UPDATE cogward_session SET key = '\\x01'");
    the_others_are_listed_and_end(&store, "key").await;
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
}

async fn the_others_are_listed_and_end(store: &PostgresStore, damage: &str) {
    store.insert(&key(2), record()).await.unwrap();
    let listed = store.list(&[USER], NOW).await.unwrap();
    let keys: Vec<_> = listed.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [key(2)], "{damage}");
    assert!(store.remove(&key(2)).await.unwrap().is_some(), "{damage}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_nobody_wrote_is_not_taken_for_none() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    for damage in [
        "mark = ''",
        "mark = '\\x00'",
        "mark = mark || '\\x00'",
        "expires_at = 0",
        "expires_at = expires_at + 1",
    ] {
        server.query(&url, "DELETE FROM cogward_mark");
        store.put_mark(&USER, MARK, NOW.plus(60)).await.unwrap();
        server.query(&url, &format!("UPDATE cogward_mark SET {damage}"));
        let found = store.mark(&[USER], NOW).await;
        assert!(is_unavailable(found.as_ref().err()), "{damage}: {found:?}");
        let put = store.put_mark(&USER, MARK, NOW.plus(60)).await;
        assert!(is_unavailable(put.as_ref().err()), "{damage}: {put:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_shape_are_unavailable_until_they_are_right() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    store.insert(&key(1), record()).await.unwrap();
    store
        .put_login(&login(), vec![1], NOW.plus(9))
        .await
        .unwrap();
    let rename = |from: &str, to: &str| {
        for table in ["session", "login", "mark", "lease", "budget"] {
            let sql = format!("ALTER TABLE cogward_{table}{from} RENAME TO cogward_{table}{to}");
            server.query(&url, &sql);
        }
    };
    rename("", "_away");
    let answers = all_answers(&store).await;
    for (name, answer) in answers.iter().filter(|(name, _)| *name != "ping") {
        assert!(is_unavailable(answer.as_ref()), "{name}: {answer:?}");
    }
    rename("_away", "");
    works_again(&store).await;
    let text = "ALTER TABLE cogward_session ALTER tokens TYPE text USING 'x'";
    server.query(&url, text);
    let found = store.load(&key(1), NOW).await;
    assert!(is_unavailable(found.as_ref().err()), "{found:?}");
}

async fn works_again(store: &PostgresStore) {
    until("everything works again", async || {
        let all = all_answers(store).await;
        // What this same test wrote may be there.
        all.iter().all(|(_, error)| !is_unavailable(error.as_ref()))
    })
    .await;
    let found = store.load(&key(1), NOW).await.unwrap();
    assert_eq!(found.as_deref(), Some(&record()));
}

async fn all_connected(server: &Postgres, url: &str) {
    until("all are connected", async || {
        server.query(url, CONNECTIONS) == "8"
    })
    .await;
}

const CONNECTIONS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cogward'";
