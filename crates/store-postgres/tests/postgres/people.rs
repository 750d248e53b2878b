use std::sync::Arc;

use cogward_people::{CodeKey, OneTimeCode, Seen, UserDirectory as _, contract};
use cogward_services::Postgres;
use cogward_store_postgres::{OpenError, Options, PostgresDirectory, prepare_people};
use tokio::task::JoinSet;

use crate::support::{NOW, open, options, printed, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_keeps_its_contract() {
    let server = Postgres::start();
    contract::run(async || {
        let options = options(&server.database());
        Arc::new(PostgresDirectory::open(options).await.unwrap())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_make_the_tables_of_people_once() {
    let server = Postgres::start();
    let url = server.database();
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        opening.spawn(PostgresDirectory::open(options(&url)));
    }
    for (n, directory) in (0..).zip(opening.join_all().await) {
        let seen = seen(&format!("s{n}"));
        directory.unwrap().keep(seen).await.unwrap();
    }
    let people = server.query(&url, "SELECT count(*) FROM cogward_person");
    assert_eq!(people, "8");
    let done = "SELECT string_agg(version::text, ',' ORDER BY version) FROM cogward_people_schema";
    assert_eq!(server.query(&url, done), "1,2");
    // Sessions may be in the same database.
    open(&url).await;
    let done = server.query(&url, "SELECT max(version) FROM cogward_people_schema");
    assert_eq!(done, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_first_version_are_brought_up_to_date_with_their_people() {
    let server = Postgres::start();
    let url = server.database();
    server.query(
        &url,
        include_str!("../../migrations/people/0001_people.sql"),
    );
    server.query(
        &url,
        "CREATE TABLE cogward_people_schema (
             version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO cogward_people_schema (version) VALUES (1);
         INSERT INTO cogward_person VALUES
             ('a', 'ada@x.com', true, 'Ada', 'Lovelace', 1, 1, 2, 2)",
    );
    let directory = PostgresDirectory::open(options(&url)).await.unwrap();
    let ada = directory.by_email("ada@x.com").await.unwrap().unwrap();
    assert_eq!((ada.sub.as_str(), ada.email_verified), ("a", true));
    let code = OneTimeCode {
        salt: [1; 16],
        hash: [2; 32],
    };
    let key = CodeKey {
        sub: "a".to_owned(),
        purpose: "reset",
    };
    let end = NOW.plus(600);
    assert!(directory.put_code(&key, &code, end, NOW).await.unwrap());
    let found = directory.try_code(&key, NOW).await.unwrap();
    assert_eq!(found, Some(code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_schema_of_people_is_refused() {
    let server = Postgres::start();
    let url = server.database();
    prepare_people(&options(&url)).await.unwrap();
    server.query(
        &url,
        "INSERT INTO cogward_people_schema (version) VALUES (3)",
    );
    let refused = PostgresDirectory::open(options(&url)).await.err();
    assert!(
        matches!(
            refused,
            Some(OpenError::TooNew {
                found: 3,
                known: 2,
                ..
            })
        ),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_only_write_people_is_enough() {
    let server = Postgres::start();
    let url = server.database();
    server.query(&url, "CREATE USER writer PASSWORD 'writer'");
    let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let own = options(&server.url("writer", "writer", database));
    let refused = PostgresDirectory::open(own.clone()).await.err();
    assert!(
        matches!(refused, Some(OpenError::Tables { .. })),
        "{refused:?}"
    );
    prepare_people(&options(&url)).await.unwrap();
    server.query(
        &url,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON cogward_person TO writer;
         GRANT SELECT ON cogward_people_schema TO writer",
    );
    let refused = PostgresDirectory::open(own.clone()).await.err();
    let missing = match &refused {
        Some(OpenError::Rights { missing, .. }) => missing.as_str(),
        _ => panic!("{refused:?}"),
    };
    assert!(missing.ends_with(" on cogward_one_time_code"), "{missing}");
    server.query(
        &url,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON cogward_one_time_code TO writer",
    );
    let directory = PostgresDirectory::open(own).await.unwrap();
    directory.keep(seen("a")).await.unwrap();
    assert!(directory.delete("a").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_database_that_is_down_are_an_error_until_it_is_back() {
    let mut server = Postgres::start();
    let url = server.database();
    let directory = PostgresDirectory::open(options(&url)).await.unwrap();
    directory.keep(seen("a")).await.unwrap();
    server.kill();
    let error = directory.by_sub("a").await.unwrap_err();
    assert!(
        !printed(&error).contains("a-password-of-tests"),
        "{error:?}"
    );
    directory.keep(seen("b")).await.unwrap_err();
    let unreachable = PostgresDirectory::open(options(&url)).await.unwrap();
    unreachable.ping().await.unwrap_err();
    server.restart();
    for directory in [directory, unreachable] {
        until("it is there", async || directory.ping().await.is_ok()).await;
        assert!(directory.by_sub("a").await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_connections_wait_their_turn() {
    let server = Postgres::start();
    let url = server.database();
    let options = Options {
        connections: 2,
        ..options(&url)
    };
    let directory = Arc::new(PostgresDirectory::open(options).await.unwrap());
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let directory = Arc::clone(&directory);
        calls.spawn(async move { directory.keep(seen(&format!("s{n}"))).await });
    }
    for done in calls.join_all().await {
        done.unwrap();
    }
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cogward'";
    assert_eq!(server.query(&url, count), "2");
    drop(directory);
    until("none left", async || server.query(&url, count) == "0").await;
}

fn seen(sub: &str) -> Seen {
    Seen {
        sub: sub.to_owned(),
        email: Some(format!("{sub}@x.com")),
        email_verified: true,
        given_name: None,
        family_name: None,
        told_at: NOW,
        at: NOW,
        signed_up: false,
    }
}
