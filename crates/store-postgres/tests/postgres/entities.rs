use std::sync::Arc;
use std::time::Duration;

use cogward_policy::EntityProvider as _;
use cogward_policy::entities::contract;
use cogward_services::Postgres;
use cogward_store_postgres::{OpenError, Options, PostgresEntities};

use crate::support::{options, printed, until};

const TABLE: &str = "CREATE TABLE item (
    id text PRIMARY KEY, title text, owner text, type varchar(40), attributes jsonb)";

#[tokio::test(flavor = "multi_thread")]
async fn entities_keep_their_contract() {
    let server = Postgres::start();
    for (n, table) in [
        TABLE,
        "CREATE TABLE item (id varchar(200) PRIMARY KEY, owner varchar, type name, attributes text)",
        "CREATE TABLE item (attributes json, type text, owner text, id text)",
        "CREATE TABLE base (key text, owner text, type text, attributes jsonb);
         CREATE VIEW item AS SELECT key AS id, owner, type, attributes FROM base",
    ]
    .into_iter()
    .enumerate()
    {
        let url = server.database();
        server.query(&url, table);
        fill(&server, &url);
        let run = contract::run(Arc::new(open(&url, "item").await)).await;
        assert!(run.is_ok(), "{n}: {run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_may_be_a_uuid_and_two_columns_are_enough() {
    let server = Postgres::start();
    let url = server.database();
    server.query(
        &url,
        "CREATE SCHEMA shop; CREATE TABLE shop.\"Item\" (id text, owner uuid);
         INSERT INTO shop.\"Item\" VALUES ('a', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), ('b', NULL)",
    );
    let entities = open(&url, "shop.Item").await;
    let owner = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    assert_eq!(told(&entities, "a").await.as_deref(), Some(owner));
    assert_eq!(told(&entities, "b").await, None);
    server.query(&url, "UPDATE shop.\"Item\" SET owner = NULL");
    assert_eq!(told(&entities, "a").await, None);
}

/// Whatever the column's own type and collation find alike.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_the_one_that_was_asked_for() {
    let server = Postgres::start();
    let url = server.database();
    server.query(
        &url,
        "CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         CREATE TABLE item (id text COLLATE careless PRIMARY KEY, owner text);
         INSERT INTO item VALUES ('Note', 'ada');
         CREATE TABLE padded (id char(8) PRIMARY KEY, owner text);
         INSERT INTO padded VALUES ('Note', 'ada')",
    );
    for table in ["item", "padded"] {
        let entities = open(&url, table).await;
        assert_eq!(told(&entities, "Note").await.as_deref(), Some("ada"));
        for other in ["note", "NOTE", "Note "] {
            let found = entities.find("document", other).await.unwrap();
            assert_eq!(found, None, "{table}: {other}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_in_the_table_is_said_at_start() {
    let server = Postgres::start();
    let url = server.database();
    server.query(
        &url,
        "CREATE TABLE \"Item\" (id text, owner text);
         CREATE TABLE keyless (owner text); CREATE TABLE ownerless (id text);
         CREATE TABLE numbered (id bigint, owner text); CREATE TABLE counted (id text, owner int);
         CREATE TABLE typed (id text, owner text, type int);
         CREATE TABLE described (id text, owner text, attributes text[])",
    );
    for (table, problem) in [
        ("item", "there is no table `item`"),
        ("shop.item", "there is no table `shop.item`"),
        (
            "keyless",
            "the table `keyless`, no column `id` of type text:",
        ),
        (
            "ownerless",
            "the table `ownerless`, no column `owner` of type text or uuid",
        ),
        (
            "numbered",
            "the table `numbered`, no column `id` of type text:",
        ),
        (
            "counted",
            "the table `counted`, no column `owner` of type text or uuid",
        ),
        ("typed", "the table `typed`, no column `type` of type text:"),
        (
            "described",
            "the table `described`, no column `attributes` of type json",
        ),
    ] {
        let refused = try_open(&url, table).await.err().unwrap().to_string();
        for part in problem.split(", ") {
            assert!(refused.contains(part), "{table}: {refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_only_read_is_enough_and_nothing_can_be_written() {
    let server = Postgres::start();
    let url = server.database();
    server.query(&url, TABLE);
    fill(&server, &url);
    server.query(
        &url,
        "CREATE USER reader PASSWORD 'reader';
         ALTER USER reader SET default_transaction_read_only = on;
         GRANT SELECT (id, owner, type) ON item TO reader",
    );
    let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let own = server.url("reader", "reader", database);
    let refused = try_open(&own, "item").await.err().unwrap();
    let text = refused.to_string();
    assert!(matches!(refused, OpenError::Rights { .. }), "{text}");
    assert!(
        text.contains("SELECT on column attributes of item"),
        "{text}"
    );
    server.query(&url, "GRANT SELECT (attributes) ON item TO reader");
    contract::run(Arc::new(open(&own, "item").await))
        .await
        .unwrap();
    // A view that writes when it is read.
    server.query(
        &url,
        "CREATE FUNCTION spent() RETURNS text LANGUAGE sql AS
             $$ INSERT INTO item (id) VALUES ('written') RETURNING id $$;
         CREATE VIEW writing AS SELECT spent() AS id, NULL::text AS owner",
    );
    let writing = open(&url, "writing").await;
    let error = writing.find("document", "written").await.unwrap_err();
    assert!(printed(&error).contains("takes no writes"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_an_error_and_not_repeated() {
    let server = Postgres::start();
    let url = server.database();
    server.query(
        &url,
        "CREATE TABLE item (id text, owner text, attributes text)",
    );
    server.query(
        &url,
        "INSERT INTO item VALUES ('list', 'ada', '[]'), ('text', 'ada', 's3cret'),
             ('null', 'ada', 'null'), ('twice', 'ada', NULL), ('twice', 'ada', NULL),
             ('large', 'ada', '{\"a\":\"' || repeat('x', 65536) || '\"}')",
    );
    let entities = open(&url, "item").await;
    for id in ["list", "text", "null", "twice", "large"] {
        let error = entities.find("document", id).await.unwrap_err();
        assert!(!printed(&error).contains("s3cret"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_a_database_that_is_down_is_an_error_until_it_is_back() {
    let mut server = Postgres::start();
    let url = server.database();
    server.query(&url, TABLE);
    fill(&server, &url);
    let entities = open(&url, "item").await;
    assert_eq!(told(&entities, "owned").await.as_deref(), Some("ada"));
    server.kill();
    contract::fails(&entities).await.unwrap();
    let error = entities.find("document", "owned").await.unwrap_err();
    assert!(
        !printed(&error).contains("a-password-of-tests"),
        "{error:?}"
    );
    let unreachable = open(&url, "item").await;
    let wrong = open(&url, "missing").await;
    contract::fails(&unreachable).await.unwrap();
    server.restart();
    for entities in [entities, unreachable] {
        let there = async || matches!(entities.find("document", "owned").await, Ok(Some(_)));
        until("it is there", there).await;
    }
    let said = async || {
        let error = wrong.find("document", "owned").await.unwrap_err();
        printed(&error).contains("there is no table `missing`")
    };
    until("what is wrong is said", said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_locked_dropped_or_changed_is_an_error() {
    let server = Postgres::start();
    let url = server.database();
    server.query(&url, TABLE);
    fill(&server, &url);
    let options = Options {
        call_limit: Duration::from_millis(500),
        ..options(&url)
    };
    let table = "item".parse().unwrap();
    let entities = PostgresEntities::open(options, table).await.unwrap();
    let held = server.begin_query(
        &url,
        "BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600)",
    );
    until("it is locked", async || {
        entities.find("document", "owned").await.is_err()
    })
    .await;
    contract::fails(&entities).await.unwrap();
    server.query(
        &url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%'
             AND pid <> pg_backend_pid()",
    );
    drop(held);
    until("it is free", async || {
        entities.find("document", "owned").await.is_ok()
    })
    .await;
    server.query(&url, "ALTER TABLE item RENAME owner TO creator");
    contract::fails(&entities).await.unwrap();
    server.query(&url, "DROP TABLE item");
    contract::fails(&entities).await.unwrap();
}

fn fill(server: &Postgres, url: &str) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let or_null = |text: Option<&str>| text.map_or("NULL".to_owned(), quoted);
    let base = server.query(url, "SELECT to_regclass('base') IS NOT NULL") == "t";
    let table = match base {
        true => "base (key, owner, type, attributes)",
        false => "item (id, owner, type, attributes)",
    };
    for row in contract::rows() {
        let attributes = row.attributes.map(|it| it.to_string());
        let values = [
            quoted(row.id),
            or_null(row.owner),
            or_null(row.kind),
            or_null(attributes.as_deref()),
        ];
        let insert = format!("INSERT INTO {table} VALUES ({})", values.join(", "));
        server.query(url, &insert);
    }
}

async fn open(url: &str, table: &str) -> PostgresEntities {
    try_open(url, table).await.unwrap()
}

async fn try_open(url: &str, table: &str) -> Result<PostgresEntities, OpenError> {
    PostgresEntities::open(options(url), table.parse().unwrap()).await
}

async fn told(entities: &PostgresEntities, id: &str) -> Option<String> {
    let found = entities.find("document", id).await.unwrap();
    found.unwrap().owner
}
