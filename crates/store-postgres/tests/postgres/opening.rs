use cogward_services::Postgres;
use cogward_session::SessionStore as _;
use cogward_store_postgres::{OpenError, Options, PostgresStore, prepare};
use tokio::task::JoinSet;

use crate::support::{
    NOW, USER, everything_is_unavailable, is_unavailable, key, open, options, printed, record,
    until,
};

const WRITER: (&str, &str) = ("writer", "pa%2Fss%3Fw%40rd");

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_make_the_tables_once() {
    let server = Postgres::start();
    let url = server.database();
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let options = Options {
            connections: 2,
            ..options(&url)
        };
        opening.spawn(PostgresStore::open(options));
    }
    let stores = opening.join_all().await;
    for (n, store) in (0..).zip(&stores) {
        let store = store.as_ref().unwrap();
        store.insert(&key(n), record()).await.unwrap();
    }
    let listed = stores[0].as_ref().unwrap().list(&[USER], NOW).await;
    assert_eq!(listed.unwrap().len(), 8);
    let done = server.query(&url, "SELECT max(version) FROM cogward_schema");
    assert_eq!(done, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_only_write_needs_the_tables_made_by_another() {
    let server = Postgres::start();
    let url = server.database();
    let own = writer(&server, &url);
    let refused = PostgresStore::open(options(&own)).await.err();
    assert!(
        matches!(refused, Some(OpenError::Tables { .. })),
        "{refused:?}"
    );
    prepare(&options(&url)).await.unwrap();
    prepare(&options(&url)).await.unwrap();
    let refused = PostgresStore::open(options(&own)).await.err();
    assert!(
        matches!(refused, Some(OpenError::Tables { .. })),
        "{refused:?}"
    );
    server.query(
        &url,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON cogward_session, cogward_login, cogward_lease,
             cogward_budget TO writer;
         GRANT SELECT ON cogward_schema TO writer; GRANT SELECT ON cogward_mark TO writer",
    );
    let refused = PostgresStore::open(options(&own)).await.err();
    let missing = match &refused {
        Some(OpenError::Rights { missing, .. }) => missing.as_str(),
        _ => panic!("{refused:?}"),
    };
    assert!(missing.ends_with(" on cogward_mark"), "{missing}");
    server.query(
        &url,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON cogward_mark TO writer",
    );
    let store = open(&own).await;
    for (name, error) in crate::support::all_answers(&store).await {
        assert!(error.is_none(), "{name}: {error:?}");
    }
}

/// A later release runs beside this one for as long as it takes to replace all processes.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_schema_is_refused_at_the_start_and_borne_by_what_runs() {
    let server = Postgres::start();
    let url = server.database();
    let store = open(&url).await;
    server.query(
        &url,
        "INSERT INTO cogward_schema (version) VALUES (3);
         ALTER TABLE cogward_session ADD COLUMN later text NOT NULL DEFAULT 'x'",
    );
    let refused = PostgresStore::open(options(&url)).await.err();
    let text = refused.as_ref().map(ToString::to_string);
    assert!(
        matches!(
            refused,
            Some(OpenError::TooNew {
                found: 3,
                known: 2,
                ..
            })
        ),
        "{text:?}"
    );
    let old = "SELECT string_agg(pid::text, ',') FROM pg_stat_activity
         WHERE application_name = 'cogward'";
    let old = server.query(&url, old);
    let end = format!("SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[{old}]) AS pid");
    server.query(&url, &end);
    let new = format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE application_name = 'cogward' AND pid <> ALL (ARRAY[{old}])"
    );
    until("all are new", async || server.query(&url, &new) == "8").await;
    store.insert(&key(1), record()).await.unwrap();
    assert!(store.load(&key(1), NOW).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_told_so_and_no_password() {
    let server = Postgres::start();
    let url = server.database();
    let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    for wrong in [
        server.url("cogward", "hunter2", database),
        server.url("nobody", "hunter2", database),
        server.database().replace("case_1", "no_such_database"),
    ] {
        let error = PostgresStore::open(options(&wrong)).await.err().unwrap();
        assert!(
            matches!(error, OpenError::Refused { .. }),
            "{wrong}: {error:?}"
        );
        let text = printed(&error);
        let secrets = ["hunter2", "a-password-of-tests"];
        assert!(!secrets.iter().any(|s| text.contains(s)), "{text}");
        assert!(text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_special_characters_is_percent_encoded() {
    let server = Postgres::start();
    let url = server.database();
    let own = writer(&server, &url);
    server.query(&url, "ALTER USER writer SUPERUSER");
    open(&own).await.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_is_waited_for() {
    let mut server = Postgres::start();
    let url = server.database();
    server.kill();
    let store = open(&url).await;
    everything_is_unavailable(&store).await;
    let error = store.load(&key(1), NOW).await.err();
    assert!(is_unavailable(error.as_ref()), "{error:?}");
    let text = printed(error.as_ref().unwrap());
    assert!(!text.contains("a-password-of-tests"), "{text}");
    let unreachable = prepare(&options(&url)).await.err().unwrap();
    assert!(
        matches!(unreachable, OpenError::Unreachable { .. }),
        "{unreachable:?}"
    );
    server.restart();
    until("it is there", async || store.ping().await.is_ok()).await;
    store.insert(&key(1), record()).await.unwrap();
    assert!(store.load(&key(1), NOW).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_as_many_connections_as_it_was_told() {
    let server = Postgres::start();
    let url = server.database();
    let options = Options {
        connections: 5,
        ..options(&url)
    };
    let store = PostgresStore::open(options).await.unwrap();
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cogward'";
    until("five of them", async || server.query(&url, count) == "5").await;
    drop(store);
    until("none left", async || server.query(&url, count) == "0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_with_fewer_connections_than_it_wants() {
    let server = Postgres::start_with(&["max_connections=8", "max_wal_senders=0"]);
    let url = server.database();
    let options = Options {
        connections: 12,
        ..options(&url)
    };
    let store = PostgresStore::open(options).await.unwrap();
    until("it works", async || store.ping().await.is_ok()).await;
    for n in 0..50 {
        store.insert(&key(n), record()).await.unwrap();
        assert!(store.load(&key(n), NOW).await.unwrap().is_some());
    }
}

fn writer(server: &Postgres, url: &str) -> String {
    let (user, password) = WRITER;
    let create = format!("CREATE USER {user} PASSWORD 'pa/ss?w@rd'");
    server.query(url, &create);
    let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    server.url(user, password, database)
}
