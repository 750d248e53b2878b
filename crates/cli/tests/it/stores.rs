//! The stores on the network, as an operator meets them.

use std::time::{Duration, Instant};

use cogward_services::{DynamoDb, Postgres, Redis};
use cogward_testkit::{Browser, holds_a_token};

use crate::deployment::Deployment;
use crate::process::{Server, cogward, http, run, sign_in, text};

const PATIENCE: Duration = Duration::from_secs(30);

/// What of the environment chooses a store.
type Env = Vec<(String, String)>;

/// Prepares the store, keeps a session in it over a restart, and ends that from outside.
async fn serves_and_is_operated(store: Env, described: &str) {
    let deployment = Deployment::new().await;
    let folder = deployment.folder.path();
    let store: Vec<_> = store
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let env = deployment.env(1, &store);
    let command = |args: &[&str]| {
        let mut command = cogward(folder, args);
        command.envs(env.iter().map(|(name, value)| (name, value)));
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    for _ in 0..2 {
        let prepared = command(&["store", "prepare"]).await.unwrap();
        assert!(prepared.status.success(), "{}", text(&prepared.stderr));
        assert!(
            text(&prepared.stdout).contains(described),
            "{}",
            text(&prepared.stdout)
        );
    }

    let talkative: Vec<_> = [store.as_slice(), &[("LOG_LEVEL", "trace")]].concat();
    let server = deployment.serve(&talkative).await;
    server.logged(described).await;
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    let profile = browser.get("/api/v1/auth/check").await.json();
    let sub = profile["user"]["id"].as_str().unwrap();
    // Whatever the level: no password, no key of AWS, no token, no cookie.
    let (log, cookie) = (server.log(), browser.cookie("cogward_session").unwrap());
    assert!(log.contains("TRACE"), "{log}");
    assert!(!holds_a_token(&log));
    for secret in ["s3cr3tMARKER", cookie] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    server.stop().await;

    let server = deployment.serve(&store).await;
    assert_eq!(at(&server, &mut browser).await, 200);
    let list = command(&["sessions", "list", "--user", sub]).await.unwrap();
    assert!(
        text(&list.stdout).starts_with("1 session of "),
        "{}",
        text(&list.stderr)
    );
    let all = command(&["sessions", "revoke", "--user", sub, "--all"])
        .await
        .unwrap();
    assert_eq!(all.status.code(), Some(0), "{}", text(&all.stderr));
    // A copy in the server's memory goes as soon as the store tells of the end.
    let until = Instant::now() + PATIENCE;
    while at(&server, &mut browser).await != 401 {
        assert!(Instant::now() < until, "still signed in");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let list = command(&["sessions", "list", "--user", sub]).await.unwrap();
    assert_eq!(list.status.code(), Some(1));
    assert!(!folder.join("data/control.sock").exists());
}

async fn at(server: &Server, browser: &mut Browser) -> u16 {
    let url = server.base.join("/api/v1/auth/check").unwrap();
    browser.get(url.as_str()).await.status.as_u16()
}

fn env(pairs: &[(&str, &str)]) -> Env {
    let own = pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    own.collect()
}

fn redis(url: &str) -> Env {
    env(&[("SESSION_BACKEND", "redis"), ("REDIS_URL", url)])
}

fn dynamodb(endpoint: &str) -> Env {
    env(&[
        ("SESSION_BACKEND", "dynamodb"),
        ("DYNAMODB_ENDPOINT", endpoint),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "s3cr3tMARKER/K7MDENG/bPxRfiCY"),
        ("AWS_SESSION_TOKEN", "s3cr3tMARKER"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ])
}

#[tokio::test]
async fn redis_serves_and_is_operated() {
    let redis_server = Redis::start_with_password("s3cr3tMARKER");
    let store = redis(&redis_server.url());
    serves_and_is_operated(store, "redis redis://127.0.0.1:").await;
}

#[tokio::test]
async fn redis_by_tls_with_an_authority_of_its_own() {
    let redis_server = Redis::start_tls();
    let authority = authority(redis_server.authority());
    let mut store = redis(&redis_server.url());
    let refused = ended(&Deployment::new().await, &store).await;
    assert!(refused.contains("certificate of Redis"), "{refused}");
    let file = authority.path().to_str().unwrap();
    store.extend(env(&[("COGWARD_SESSION_REDIS_CA_FILE", file)]));
    serves_and_is_operated(store, "redis rediss://127.0.0.1:").await;
}

fn authority(pem: Option<&str>) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem.unwrap()).unwrap();
    file
}

#[tokio::test]
async fn postgres_serves_and_is_operated() {
    let postgres = Postgres::start_tls();
    let url = postgres.database();
    let authority = authority(postgres.authority());
    let store = env(&[
        ("SESSION_BACKEND", "postgres"),
        ("POSTGRES_URL", &url),
        (
            "COGWARD_SESSION_POSTGRES_CA_FILE",
            authority.path().to_str().unwrap(),
        ),
    ]);
    serves_and_is_operated(store, "postgres postgres://").await;
}

#[tokio::test]
async fn dynamodb_serves_and_is_operated() {
    let server = DynamoDb::start();
    serves_and_is_operated(
        dynamodb(&server.endpoint()),
        "dynamodb l42_sessions in http://",
    )
    .await;
}

#[tokio::test]
async fn a_table_is_made_at_start_if_that_is_wanted() {
    let dynamo = DynamoDb::start();
    let mut store = dynamodb(&dynamo.endpoint());
    let deployment = Deployment::new().await;
    let refused = ended(&deployment, &store).await;
    assert!(refused.contains("`cogward store prepare`"), "{refused}");
    store.extend(env(&[("COGWARD_SESSION_DYNAMODB_CREATE_TABLE", "true")]));
    let store: Vec<_> = store
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let server = deployment.serve(&store).await;
    sign_in(&mut server.browser(), "user@example.com").await;
}

/// The server is there from the start, and says that its store is not.
#[tokio::test]
async fn a_store_that_comes_later_is_waited_for() {
    let mut redis_server = Redis::start();
    let url = redis_server.url();
    redis_server.kill();
    let deployment = Deployment::new().await;
    let store = [("SESSION_BACKEND", "redis"), ("REDIS_URL", &*url)];
    let server = deployment.serve(&store).await;
    server.logged("redis cannot be reached yet").await;
    assert_eq!(health(&server, "/health").await, 200);
    assert_eq!(health(&server, "/api/v1/health").await, 503);
    let login = server.browser().get("/api/v1/auth/login").await;
    assert!(login.set_cookies().is_empty(), "{}", login.body);
    redis_server.restart();
    let until = Instant::now() + PATIENCE;
    while health(&server, "/api/v1/health").await != 200 {
        assert!(Instant::now() < until, "not found again: {}", server.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sign_in(&mut server.browser(), "user@example.com").await;
}

async fn health(server: &Server, path: &str) -> u16 {
    let url = server.base.join(path).unwrap();
    http().get(url).send().await.unwrap().status().as_u16()
}

/// What would never get better by itself stops the start, with no password in what it says.
#[tokio::test]
async fn a_store_that_refuses_stops_the_start() {
    let deployment = Deployment::new().await;
    let redis_server = Redis::start_with_password("the right one");
    let (_, address) = redis_server.url().rsplit_once('@').map(own).unwrap();
    let told = ended(
        &deployment,
        &redis(&format!("redis://:s3cr3tMARKER@{address}")),
    )
    .await;
    assert!(told.contains("refuses the user or the password"), "{told}");
    let postgres = Postgres::start();
    let url = postgres.url("nobody", "s3cr3tMARKER", "cogward");
    let store = env(&[("SESSION_BACKEND", "postgres"), ("DATABASE_URL", &url)]);
    let told = ended(&deployment, &store).await;
    assert!(told.contains("check user, password and database"), "{told}");
    for file in [
        "COGWARD_SESSION_POSTGRES_CA_FILE",
        "COGWARD_SESSION_REDIS_CA_FILE",
    ] {
        let mut store = match file.contains("REDIS") {
            true => redis("rediss://127.0.0.1:1"),
            false => store.clone(),
        };
        store.extend(env(&[(file, "/nowhere/ca.pem")]));
        let told = ended(&deployment, &store).await;
        assert!(told.contains("cannot read /nowhere/ca.pem"), "{told}");
        assert!(told.contains("_ca_file names a file"), "{told}");
    }
}

fn own((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

/// What a server says that does not start.
async fn ended(deployment: &Deployment, store: &Env) -> String {
    let store: Vec<_> = store
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let mut command = cogward(deployment.folder.path(), &["serve", "--port", "0"]);
    command.envs(deployment.env(1, &store));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(!told.contains("s3cr3tMARKER"), "{told}");
    told
}

#[test]
fn stores_of_one_process_need_no_preparing() {
    let least = [
        ("COGNITO_USER_POOL_ID", "eu-west-1_AbCdEfGhI"),
        ("COGNITO_CLIENT_ID", "1a2b3c4d5e6f7g8h9i0j1k2l3m"),
        ("COGNITO_DOMAIN", "myapp.auth.eu-west-1.amazoncognito.com"),
        (
            "SESSION_SECRET",
            "a secret for tests, thirty-two characters",
        ),
    ];
    for backend in ["memory", "sqlite"] {
        let mut env = least.to_vec();
        env.push(("SESSION_BACKEND", backend));
        let prepared = run(&["store", "prepare"], &env);
        assert!(prepared.status.success());
        assert!(text(&prepared.stdout).contains("nothing"));
    }
}
