//! What a data dir keeps.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cogward_pool::{POOL_ID, PUBLIC_CLIENT_ID, Pool, PoolError, PoolOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, client};

fn options(dir: &Path) -> PoolOptions {
    PoolOptions {
        data_dir: Some(dir.join("data")),
        ready_users: true,
        ..PoolOptions::default()
    }
}

async fn jwks(pool: &TestPool) -> Value {
    let path = format!("/{POOL_ID}/.well-known/jwks.json");
    pool.request(Method::GET, &path)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[tokio::test]
async fn data_of_an_earlier_version_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let pool = TestPool::with(options(dir.path())).await;
    pool.confirmed("old@example.com").await;
    drop(pool);
    let file = dir.path().join("data/pool.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    database.pragma_update(None, "user_version", 2).unwrap();
    drop(database);
    let pool = TestPool::with(options(dir.path())).await;
    pool.sign_up("old@example.com").await.ok();
    assert!(file.with_extension("db.version-2").exists());
}

#[tokio::test]
async fn a_data_directory_has_one_pool_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let pool = TestPool::with(options(dir.path())).await;
    let error = Pool::start(options(dir.path())).await.err().unwrap();
    assert!(matches!(error, PoolError::InUse { .. }), "{error:?}");
    let folder = dir.path().join("data");
    let told = format!(
        "the data directory {} is in use by another process",
        folder.display()
    );
    assert_eq!(error.to_string(), told);
    pool.pool.shutdown().await;
    let again = TestPool::with(options(dir.path())).await;
    drop(again);
    TestPool::with(options(dir.path())).await;
}

#[tokio::test]
async fn users_sessions_settings_codes_and_keys_survive() {
    let dir = tempfile::tempdir().unwrap();
    let pool = TestPool::with(options(dir.path())).await;
    pool.settings(json!({ "access_token_seconds": 77 })).await;
    pool.confirmed("kept@example.com").await;
    pool.sign_up("waiting@example.com").await.ok();
    let code = pool.code("waiting@example.com").await;
    let tokens = pool.signed_in("kept@example.com").await;
    let keys = jwks(&pool).await;
    pool.pool.shutdown().await;

    let pool = TestPool::with(options(dir.path())).await;
    assert_eq!(jwks(&pool).await, keys);
    assert_eq!(
        pool.local("settings", json!({})).await.1["access_token_seconds"],
        77
    );
    pool.refresh(&tokens["RefreshToken"]).await.ok();
    pool.confirm("waiting@example.com", &code).await.ok();
    pool.signed_in("user@example.com").await;
}

/// The example `serve`, which Cargo builds beside the tests.
fn serve(dir: &Path) -> (Child, String) {
    let tests = std::env::current_exe().unwrap();
    let example = tests.ancestors().nth(2).unwrap().join("examples/serve");
    let mut child = Command::new(&example)
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    (child, url.trim().to_owned())
}

/// Signs up one after the other until the pool is gone; gives who was answered.
async fn sign_up_until_refused(
    url: String,
    worker: usize,
    answered: Arc<AtomicUsize>,
) -> Vec<String> {
    let http = client();
    let mut made = Vec::new();
    for number in 0.. {
        let email = format!("u{worker}-{number}@example.com");
        let request = http
            .post(&url)
            .header("X-Amz-Target", "AWSCognitoIdentityProviderService.SignUp")
            .body(
                json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": email, "Password": PASSWORD })
                    .to_string(),
            );
        match request.send().await {
            Ok(answer) if answer.status() == 200 => made.push(email),
            Ok(answer) => panic!("{}", answer.status()),
            Err(_) => break,
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
    made
}

#[tokio::test]
async fn a_killed_pool_loses_nothing_it_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, url) = serve(dir.path());
    let answered = Arc::new(AtomicUsize::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4 {
        workers.spawn(sign_up_until_refused(
            url.clone(),
            worker,
            Arc::clone(&answered),
        ));
    }
    while answered.load(Ordering::Relaxed) < 40 {
        tokio::task::yield_now().await;
    }
    // SIGKILL, under load.
    child.kill().unwrap();
    child.wait().unwrap();
    let made: Vec<_> = workers.join_all().await.concat();
    assert!(made.len() >= 40);
    let options = PoolOptions {
        data_dir: Some(dir.path().to_owned()),
        ..PoolOptions::default()
    };
    let pool = TestPool::with(options).await;
    for email in made {
        let code = pool.code(&email).await;
        pool.confirm(&email, &code).await.ok();
    }
}

#[tokio::test]
async fn ready_users_are_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let pool = TestPool::with(options(dir.path())).await;
    let change = json!({ "username": "user@example.com", "password": "Changed-1" });
    assert_eq!(pool.local("users", change).await.0, 200);
    pool.pool.shutdown().await;
    let pool = TestPool::with(options(dir.path())).await;
    pool.password("user@example.com", PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.password("user@example.com", "Changed-1").await.ok();
}

#[tokio::test]
async fn a_password_of_an_earlier_version_is_set_anew() {
    let dir = tempfile::tempdir().unwrap();
    let pool = TestPool::with(options(dir.path())).await;
    pool.pool.shutdown().await;
    let db = rusqlite::Connection::open(dir.path().join("data/pool.db")).unwrap();
    let hash = "$argon2id$v=19$m=4096,t=9,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA";
    db.execute("UPDATE users SET password_hash = ?1", [hash])
        .unwrap();
    drop(db);
    let pool = TestPool::with(options(dir.path())).await;
    pool.password("user@example.com", PASSWORD)
        .await
        .refused("NotAuthorizedException");
    let change = json!({ "username": "user@example.com", "password": PASSWORD });
    assert_eq!(pool.local("users", change).await.0, 200);
    pool.password("user@example.com", PASSWORD).await.ok();
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_its_owners_and_holds_no_password_or_token() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    let pool = TestPool::with(options(dir.path())).await;
    pool.sign_up("someone@example.com").await.ok();
    let tokens = pool.signed_in("user@example.com").await;
    let data = dir.path().join("data");
    let mode = std::fs::metadata(data.join("pool.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    let mut stored = Vec::new();
    for file in std::fs::read_dir(&data).unwrap() {
        stored.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| {
        stored
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("someone@example.com"));
    assert!(holds("srp6a$"));
    assert!(!holds(PASSWORD));
    assert!(!holds(tokens["RefreshToken"].as_str().unwrap()));
    assert!(!holds(tokens["AccessToken"].as_str().unwrap()));
}

#[tokio::test]
async fn no_session_is_in_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let pool = TestPool::with(PoolOptions {
        ..options(dir.path())
    })
    .await;
    pool.settings(json!({ "devices": "ALWAYS" })).await;
    let tokens = pool.signed_in("user@example.com").await;
    let key = &tokens["NewDeviceMetadata"]["DeviceKey"];
    let verifier = json!({ "PasswordVerifier": "q83vEjRWeJA=", "Salt": "q83vEjRWeJA=" });
    let body = json!({
        "AccessToken": tokens["AccessToken"], "DeviceKey": key,
        "DeviceSecretVerifierConfig": verifier,
    });
    pool.call("ConfirmDevice", body).await.ok();
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters":
            { "USERNAME": "user@example.com", "PASSWORD": PASSWORD, "DEVICE_KEY": key },
    });
    let asked = pool.call("InitiateAuth", body).await.ok();
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let session = asked["Session"].as_str().unwrap();
    for name in ["pool.db", "pool.db-wal"] {
        let bytes = std::fs::read(dir.path().join("data").join(name)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(session), "{name}");
    }
}
