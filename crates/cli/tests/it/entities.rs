//! Who tells whose a resource is, as an operator meets it.

use std::path::Path;

use cogward_services::{DynamoDb, Postgres};
use rusqlite::Connection;
use serde_json::json;

use crate::deployment::Deployment;
use crate::process::{cogward, sign_in, text};

const TABLE: &str = "CREATE TABLE app_entities (id text PRIMARY KEY, owner text)";
const SECRET: &str = "s3cr3tMARKER-of-16";

/// The server starts with this, and says in its log who tells, without a secret at any level.
async fn starts(deployment: &Deployment, more: &[(&str, &str)], described: &str) {
    let talkative: Vec<_> = [more, &[("LOG_LEVEL", "trace")]].concat();
    let server = deployment.serve(&talkative).await;
    server.logged(&format!("entities=\"{described}")).await;
    let log = server.log();
    assert!(!log.contains(SECRET), "{log}");
    server.stop().await;
}

/// What it says when it does not.
async fn refused(deployment: &Deployment, more: &[(&str, &str)]) -> String {
    let mut command = cogward(deployment.folder.path(), &["serve", "--port", "0"]);
    command.envs(deployment.env(1, more));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(!told.contains(SECRET), "{told}");
    told
}

#[tokio::test]
async fn what_the_table_says_of_the_owner_counts() {
    let deployment = Deployment::new().await;
    let path = deployment.folder.path().join("app.db");
    make(&path, TABLE);
    let env = [
        ("ENTITY_PROVIDER", "sqlite"),
        ("ENTITY_TABLE", "app_entities"),
        ("COGWARD_POLICY_ENTITY_SQLITE_PATH", "app.db"),
        ("COGWARD_POLICY_ENTITY_TTL_SECONDS", "0"),
    ];
    let server = deployment.serve(&env).await;
    let mut browser = server.browser();
    sign_in(&mut browser, "admin@example.com").await;
    let profile = browser.get("/api/v1/auth/check").await.json();
    let sub = profile["user"]["id"].as_str().unwrap();
    let rows = format!("('mine', '{sub}'), ('theirs', 'another'), ('nobodys', NULL)");
    make(&path, &format!("INSERT INTO app_entities VALUES {rows}"));
    let mut status = async |id: &str| {
        let resource = json!({ "id": id, "type": "document", "owner": sub });
        let question = json!({ "action": "write:own", "resource": resource });
        let answer = browser.post_json("/auth/authorize", &question).await;
        assert_eq!(answer.json()["authorized"], answer.status == 200);
        answer.status.as_u16()
    };
    assert_eq!(status("mine").await, 200);
    for id in ["theirs", "nobodys", "missing"] {
        assert_eq!(status(id).await, 403, "{id}");
    }
    make(&path, "UPDATE app_entities SET owner = 'another'");
    assert_eq!(status("mine").await, 403);
    make(&path, &format!("UPDATE app_entities SET owner = '{sub}'"));
    assert_eq!(status("theirs").await, 200);
    make(&path, "DROP TABLE app_entities");
    assert_eq!(status("mine").await, 403);
    server.logged("no such table").await;
}

#[tokio::test]
async fn a_table_in_sqlite_is_asked_of_resources() {
    let deployment = Deployment::new().await;
    let path = deployment.folder.path().join("app.db");
    make(&path, TABLE);
    let sqlite = |table| {
        [
            ("ENTITY_PROVIDER", "sqlite"),
            ("ENTITY_TABLE", table),
            ("COGWARD_POLICY_ENTITY_SQLITE_PATH", "app.db"),
        ]
    };
    starts(
        &deployment,
        &sqlite("app_entities"),
        "sqlite app_entities in app.db",
    )
    .await;
    let told = refused(&deployment, &sqlite("other")).await;
    assert!(
        told.contains("there is no table `other` in app.db"),
        "{told}"
    );
    assert!(told.contains("see policy.entity_sqlite_path"), "{told}");
    make(&path, "ALTER TABLE app_entities RENAME owner TO creator");
    let told = refused(&deployment, &sqlite("app_entities")).await;
    assert!(told.contains("has no column `owner`"), "{told}");
}

#[tokio::test]
async fn a_table_in_postgres_is_asked_of_resources() {
    let deployment = Deployment::new().await;
    let server = Postgres::start();
    let url = server.database();
    server.query(
        &url,
        &format!("{TABLE}; CREATE USER reader PASSWORD '{SECRET}'"),
    );
    let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let own = server.url("reader", SECRET, database);
    let env = [
        ("ENTITY_PROVIDER", "postgres"),
        ("ENTITY_TABLE", "app_entities"),
        ("COGWARD_POLICY_ENTITY_POSTGRES_URL", own.as_str()),
    ];
    let told = refused(&deployment, &env).await;
    assert!(
        told.contains("SELECT on column id of app_entities"),
        "{told}"
    );
    server.query(&url, "GRANT SELECT ON app_entities TO reader");
    let described = format!(
        "postgres app_entities in postgres://127.0.0.1:{}",
        server.port()
    );
    starts(&deployment, &env, &described).await;
}

#[tokio::test]
async fn a_table_of_dynamodb_is_asked_of_resources() {
    let deployment = Deployment::new().await;
    let dynamodb = DynamoDb::start();
    let endpoint = dynamodb.endpoint();
    let env = [
        ("ENTITY_TABLE", "app_entities"),
        ("DYNAMODB_ENDPOINT", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
    ];
    let told = refused(&deployment, &env).await;
    let missing = "there is no DynamoDB table of resources `app_entities` in us-east-1";
    assert!(told.contains(missing), "{told}");
    let table = json!({
        "TableName": "app_entities", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    });
    let _made = dynamodb.call("CreateTable", &table);
    let described = format!("dynamodb app_entities in {endpoint}");
    starts(&deployment, &env, &described).await;
}

#[tokio::test]
async fn a_service_is_asked_of_resources_and_need_not_be_there_at_start() {
    let deployment = Deployment::new().await;
    let env = [
        ("ENTITY_URL", "http://127.0.0.1:1/{type}/{id}?key=1"),
        ("SERVICE_TOKEN", SECRET),
    ];
    starts(&deployment, &env, "http http://127.0.0.1:1/{type}/{id}\"").await;
}

fn make(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}
