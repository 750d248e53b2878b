//! What a data dir keeps.

use cogward_pool::{POOL_ID, PoolOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool};

fn options(dir: &std::path::Path) -> PoolOptions {
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

#[tokio::test]
async fn a_pool_cut_off_loses_nothing_it_answered() {
    let dir = tempfile::tempdir().unwrap();
    let first = TestPool::with(options(dir.path())).await;
    first.confirmed("kept@example.com").await;
    let tokens = first.signed_in("kept@example.com").await;
    // A copy of the files as a killed process leaves them.
    let copy = dir.path().join("killed");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(dir.path().join("data")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let pool = TestPool::with(PoolOptions {
        data_dir: Some(copy),
        ..PoolOptions::default()
    })
    .await;
    pool.refresh(&tokens["RefreshToken"]).await.ok();
    pool.signed_in("kept@example.com").await;
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
    assert!(holds("$argon2id$"));
    assert!(!holds(PASSWORD));
    assert!(!holds(tokens["RefreshToken"].as_str().unwrap()));
    assert!(!holds(tokens["AccessToken"].as_str().unwrap()));
}
