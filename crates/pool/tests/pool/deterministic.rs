//! Ids that are the same in every run, on request.

use cogward_pool::{PoolOptions, Seed};
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims};

const SEED: &str = "[pool]\ndeterministic = true\ndevices = \"ALWAYS\"\n";
const USER: &str = "user@example.com";

/// Every id that a pool gives, and what stays a secret of it.
async fn ids(pool: &TestPool) -> (Vec<Value>, Vec<Value>) {
    let ada = json!({ "username": "ada@example.com", "password": PASSWORD });
    let ada = pool.local("users", ada).await.1["sub"].clone();
    let signed_up = pool.sign_up("bob@example.com").await.ok()["UserSub"].clone();
    let tokens = pool.signed_in(USER).await;
    let access = claims(&tokens["AccessToken"]);
    let sessions = json!({ "AccessToken": tokens["AccessToken"] });
    let sessions = pool.call("ListUserSessions", sessions).await.ok();
    let ids = vec![
        ada,
        signed_up,
        access["sub"].clone(),
        access["jti"].clone(),
        access["event_id"].clone(),
        sessions["Sessions"][0]["SessionId"].clone(),
        tokens["NewDeviceMetadata"]["DeviceKey"].clone(),
    ];
    let code = pool.code("bob@example.com").await;
    (
        ids,
        vec![
            access["origin_jti"].clone(),
            tokens["RefreshToken"].clone(),
            code.into(),
        ],
    )
}

#[tokio::test]
async fn two_runs_give_the_same_ids_and_other_secrets() {
    let (one, other) = (TestPool::seeded(SEED).await, TestPool::seeded(SEED).await);
    assert!(one.pool.is_deterministic());
    // What else is done changes no user's id.
    other.signed_in(USER).await;
    other.local("reset", json!({})).await;
    let ((one, secrets), (other, others)) = (ids(&one).await, ids(&other).await);
    assert_eq!(one, other);
    for (position, id) in one.iter().enumerate() {
        assert!(id.is_string(), "{one:?}");
        assert!(!one[position + 1..].contains(id), "{one:?}");
    }
    for (secret, other) in secrets.iter().zip(&others) {
        assert_ne!(secret, other);
    }
}

#[tokio::test]
async fn without_asking_every_id_is_another() {
    let (one, other) = (TestPool::start().await, TestPool::start().await);
    assert!(!one.pool.is_deterministic());
    for pool in [&one, &other] {
        pool.settings(json!({ "devices": "ALWAYS" })).await;
    }
    let ((one, _), (other, _)) = (ids(&one).await, ids(&other).await);
    assert!(one.iter().all(|id| !other.contains(id)));
}

#[tokio::test]
async fn a_token_of_before_a_reset_is_dead_though_its_user_is_there_again() {
    let pool = TestPool::seeded(SEED).await;
    let before = pool.signed_in(USER).await["AccessToken"].clone();
    pool.get_user(&before).await.ok();
    pool.local("reset", json!({})).await;
    let after = pool.signed_in(USER).await["AccessToken"].clone();
    assert_eq!(claims(&before)["sub"], claims(&after)["sub"]);
    pool.get_user(&before)
        .await
        .refused("NotAuthorizedException");
    pool.get_user(&after).await.ok();
}

#[tokio::test]
async fn a_pool_that_starts_again_gives_nobody_an_id_that_another_has() {
    let dir = tempfile::tempdir().unwrap();
    let options = || PoolOptions {
        data_dir: Some(dir.path().to_owned()),
        seed: Some(Seed::from_toml(SEED).unwrap()),
        ready_users: true,
        ..PoolOptions::default()
    };
    let mut subs = Vec::new();
    for name in ["ada@example.com", "bob@example.com", "cy@example.com"] {
        let pool = TestPool::with(options()).await;
        subs.push(pool.sign_up(name).await.ok()["UserSub"].clone());
        let users = pool.admin("ListUsers", json!({})).await.ok();
        assert_eq!(users["Users"].as_array().unwrap().len(), 2 + subs.len());
        pool.pool.shutdown().await;
    }
}
