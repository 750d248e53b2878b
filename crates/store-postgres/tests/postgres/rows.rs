use std::sync::Arc;

use cogward_services::Postgres;
use cogward_session::{ABANDONED_SECONDS, Record, SessionStore as _, Timestamp};
use tokio::task::JoinSet;

use crate::support::{
    BUDGET, HOLDER, MARK, NOW, QUOTA, USER, all_answers, key, login, open, record, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_hashes_times_and_sealed_bytes_is_kept() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    store.insert(&key(1), record()).await.unwrap();
    store
        .put_login(&login(), vec![4; 100], NOW.plus(60))
        .await
        .unwrap();
    store.put_mark(&USER, MARK, NOW.plus(60)).await.unwrap();
    store.lease(&key(1), &HOLDER, NOW, 60).await.unwrap();
    store.take_from(&BUDGET, QUOTA, NOW).await.unwrap();
    let dump = server.dump(&url);
    let rows: Vec<_> = dump.lines().filter(|l| l.starts_with("INSERT")).collect();
    assert_eq!(rows.len(), 7, "{rows:#?}");
    // All text there is: times of the lease, of the budget and of the migrations, nothing else.
    let texts = rows
        .iter()
        .flat_map(|row| row.split('\'').skip(1).step_by(2));
    let strange: Vec<_> = texts
        .filter(|text| !text.starts_with("\\x"))
        .filter(|text| !text.starts_with("20") || text.len() > 40)
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

/// PostgreSQL counts what the connections did once they have ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_touch_writes_no_index_and_no_tokens() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    for n in 0..30 {
        let start = Record {
            expires_at: Timestamp::from_secs(600_000_001),
            ..record()
        };
        store.insert(&key(n), start).await.unwrap();
    }
    let size = "SELECT pg_relation_size(reltoastrelid) FROM pg_class
         WHERE relname = 'cogward_session'";
    let before = server.query(&url, size);
    for minute in 1..10 {
        for n in 0..30 {
            let end = Timestamp::from_secs(600_000_000 + minute * 60);
            store.touch(&key(n), 1, NOW, end).await.unwrap();
        }
    }
    assert_eq!(server.query(&url, size), before, "tokens were copied");
    drop(store);
    let count = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'cogward_session'";
    until("all are counted", async || {
        server.query(&url, count) == "270"
    })
    .await;
    let in_place = "SELECT n_tup_hot_upd FROM pg_stat_user_tables
         WHERE relname = 'cogward_session'";
    let in_place: u32 = server.query(&url, in_place).parse().unwrap();
    // Here and there one found its page full.
    assert!(in_place > 240, "{in_place} of 270 beside the old version");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_reads_a_whole_table() {
    let server = Postgres::start();
    let url = server.database();
    let scans = "SELECT sum(seq_scan) FROM pg_stat_user_tables
         WHERE relname ~ 'cogward_(session|login|lease|mark|budget)'";
    let used = "SELECT count(*) FROM pg_stat_user_tables
         WHERE relname ~ 'cogward_(session|login|lease|mark|budget)' AND idx_scan > 0";
    // Once more to have the tables and nothing else counted.
    drop(open(&url).await);
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cogward'";
    until("it is gone", async || server.query(&url, gone) == "0").await;
    let before = server.query(&url, scans);
    let store = open(&url).await;
    for _ in 0..12 {
        all_answers(&store).await;
        store.sweep(NOW, 9).await.unwrap();
    }
    drop(store);
    until("all are counted", async || server.query(&url, used) == "5").await;
    until("it is gone", async || server.query(&url, gone) == "0").await;
    assert_eq!(server.query(&url, scans), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_swept_within_ten_minutes_of_its_end() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    for (n, end) in [(1, 600), (2, 601), (3, 1200), (4, 1201)] {
        let expires_at = Timestamp::from_secs(end);
        let record = Record {
            expires_at,
            ..record()
        };
        store.insert(&key(n), record).await.unwrap();
        assert_eq!(store.load(&key(n), expires_at).await.unwrap(), None);
    }
    for (now, swept) in [(599, 0), (600, 1), (1199, 0), (1200, 2), (1800, 1)] {
        let found = store.sweep(Timestamp::from_secs(now), 9).await.unwrap();
        assert_eq!(found, swept, "at {now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_sweep_at_once_and_starve_no_table() {
    let server = Postgres::start();
    let url = server.database();
    let stores = [Arc::new(open(&url).await), Arc::new(open(&url).await)];
    let rows = "FROM generate_series(1, 300) AS n, sha256(n::text::bytea) AS key";
    for insert in [
        "session (key, version, user_index, last_seen_at, expires_at, identity, tokens, device)
         SELECT key, 1, key, 0, 0, '', '', ''",
        "login SELECT key, 0, ''",
        "mark SELECT key, 0, ''",
        "lease SELECT key, '', now() - make_interval(secs => n + abandoned), false",
    ] {
        let insert = insert.replace("abandoned", &ABANDONED_SECONDS.to_string());
        server.query(&url, &format!("INSERT INTO cogward_{insert} {rows}"));
    }
    for _ in 0..4 {
        assert_eq!(stores[0].sweep(NOW, 20).await.unwrap(), 20);
    }
    for table in ["session", "login", "mark", "lease"] {
        let left = server.query(&url, &format!("SELECT count(*) FROM cogward_{table}"));
        assert_eq!(left, "280", "{table}");
    }
    let mut sweeping = JoinSet::new();
    for store in stores {
        sweeping.spawn(async move {
            let mut total = 0;
            loop {
                let swept = store.sweep(NOW, 50).await.unwrap();
                total += swept;
                if swept == 0 {
                    return total;
                }
            }
        });
    }
    let totals = sweeping.join_all().await;
    assert_eq!(totals.iter().sum::<usize>(), 4 * 280, "{totals:?}");
}
