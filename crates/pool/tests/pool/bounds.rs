//! A pool that is driven for days stays small.

use std::path::Path;

use cogward_pool::{PUBLIC_CLIENT_ID, PoolOptions};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool};

const USER: &str = "user@example.com";

async fn pool(dir: &Path) -> TestPool {
    TestPool::with(PoolOptions {
        data_dir: Some(dir.to_owned()),
        ready_users: true,
        ..PoolOptions::default()
    })
    .await
}

fn rows(dir: &Path, table: &str) -> i64 {
    let db = Connection::open(dir.join("pool.db")).unwrap();
    let count = format!("SELECT count(*) FROM {table}");
    db.query_row(&count, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_sign_in_that_is_refreshed_for_ever_keeps_its_last_hundred_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path()).await;
    pool.settings(json!({ "refresh_rotation": true })).await;
    let first = pool.signed_in(USER).await["RefreshToken"].clone();
    let (mut newest, mut earlier) = (first.clone(), Value::Null);
    for _ in 0..120 {
        let next = pool.tokens_from_refresh(&newest).await.ok();
        earlier = std::mem::replace(
            &mut newest,
            next["AuthenticationResult"]["RefreshToken"].clone(),
        );
    }
    assert_eq!(rows(dir.path(), "refresh_tokens"), 100);
    // One of the last is known to be used again, one long gone is as good as none.
    let reused = pool.tokens_from_refresh(&earlier).await;
    reused.refused("RefreshTokenReuseException");
    let forgotten = pool.tokens_from_refresh(&first).await;
    forgotten.refused("NotAuthorizedException");
    pool.tokens_from_refresh(&newest).await.ok();
}

#[tokio::test]
async fn late_sign_ins_and_challenges_go_while_others_come() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path()).await;
    pool.settings(json!({ "refresh_token_seconds": 60 })).await;
    let begun = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": USER },
    });
    let failed = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "nobody@example.com", "PASSWORD": PASSWORD },
    });
    for _ in 0..3 {
        for _ in 0..4 {
            pool.signed_in(USER).await;
            pool.call("InitiateAuth", begun.clone()).await.ok();
            pool.call("InitiateAuth", failed.clone()).await;
        }
        pool.advance(3 * 86400).await;
    }
    pool.signed_in(USER).await;
    pool.call("InitiateAuth", begun).await.ok();
    pool.call("InitiateAuth", failed).await;
    let of = |table| rows(dir.path(), table);
    assert_eq!((of("families"), of("refresh_tokens")), (1, 1));
    assert_eq!((of("challenges"), of("attempts")), (1, 1));
}

#[tokio::test]
async fn codes_of_names_nobody_has_go_after_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path()).await;
    let forget = async |name: String| {
        let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": name });
        pool.call("ForgotPassword", body).await.ok();
    };
    for number in 0..20 {
        forget(format!("nobody{number}@example.com")).await;
    }
    assert_eq!(rows(dir.path(), "codes"), 20);
    pool.advance(2 * 86400).await;
    forget(USER.to_owned()).await;
    assert_eq!(rows(dir.path(), "codes"), 1);
}

#[tokio::test]
async fn of_too_many_devices_the_one_used_longest_ago_is_forgotten_and_what_it_signed_in() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path()).await;
    pool.settings(json!({ "devices": "ALWAYS" })).await;
    let mut first = Value::Null;
    for number in 0..101 {
        let result = pool.signed_in(USER).await;
        let key = &result["NewDeviceMetadata"]["DeviceKey"];
        let body = json!({ "AccessToken": result["AccessToken"], "DeviceKey": key });
        pool.call("ConfirmDevice", body).await.ok();
        if number == 0 {
            first = result;
        }
        pool.advance(1).await;
    }
    assert_eq!(rows(dir.path(), "devices"), 100);
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {
            "REFRESH_TOKEN": first["RefreshToken"],
            "DEVICE_KEY": first["NewDeviceMetadata"]["DeviceKey"],
        },
    });
    let ended = pool.call("InitiateAuth", body).await;
    ended.refused("NotAuthorizedException");
}

#[tokio::test]
async fn keys_long_rotated_away_are_gone_and_later_ones_still_verify() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path()).await;
    let first = pool.signed_in(USER).await;
    let keep = json!({ "keep_previous": true });
    let mut second = Value::Null;
    for generation in 0..11 {
        pool.local("keys/rotate", keep.clone()).await;
        if generation == 1 {
            second = pool.signed_in(USER).await;
        }
    }
    assert_eq!(rows(dir.path(), "signing_keys"), 20);
    pool.get_user(&second["AccessToken"]).await.ok();
    pool.get_user(&first["AccessToken"])
        .await
        .refused("NotAuthorizedException");
    let keys = pool
        .request(
            reqwest::Method::GET,
            "/us-east-1_Cogward01/.well-known/jwks.json",
        )
        .send()
        .await
        .unwrap();
    let keys: Value = keys.json().await.unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn what_is_longer_than_there_is_is_refused_before_anything_else() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path()).await;
    let begin = async |flow: &str, name: &str, value: String| {
        let mut parameters = json!({ "USERNAME": USER, "PASSWORD": PASSWORD, "SRP_A": "2" });
        parameters[name] = value.into();
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": flow, "AuthParameters": parameters,
        });
        pool.call("InitiateAuth", body).await
    };
    for (flow, name, longest) in [
        ("USER_PASSWORD_AUTH", "USERNAME", 128),
        ("USER_PASSWORD_AUTH", "PASSWORD", 256),
        ("USER_AUTH", "USERNAME", 128),
        ("USER_AUTH", "DEVICE_KEY", 55),
        ("USER_SRP_AUTH", "SRP_A", 1024),
    ] {
        let answer = begin(flow, name, "\u{e9}".repeat(longest + 1)).await;
        answer.refused("InvalidParameterException");
        let told = format!("'{name}' failed to satisfy constraint");
        assert!(answer.message().contains(&told), "{}", answer.message());
        assert!(answer.message().ends_with(&longest.to_string()));
        let fits = begin(flow, name, "\u{e9}".repeat(longest)).await;
        assert!(!fits.message().contains("constraint"), "{}", fits.message());
    }
    // An answer that is too long leaves the session to be answered again.
    let begun = begin("USER_AUTH", "PREFERRED_CHALLENGE", "NONE".to_owned()).await;
    let session = begun.ok()["Session"].clone();
    let answer = async |password: String| {
        let responses = json!({ "USERNAME": USER, "ANSWER": "PASSWORD", "PASSWORD": password });
        pool.respond("SELECT_CHALLENGE", &session, responses).await
    };
    let long = answer("x".repeat(257)).await;
    long.refused("InvalidParameterException");
    answer(PASSWORD.to_owned()).await.ok();
}

#[tokio::test]
async fn a_user_has_fifty_custom_attributes_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path()).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let write = async |number: usize| {
        let attribute = json!({ "Name": format!("custom:n{number}"), "Value": "x" });
        let body = json!({ "AccessToken": access, "UserAttributes": [attribute] });
        pool.call("UpdateUserAttributes", body).await
    };
    for number in 0..50 {
        write(number).await.ok();
    }
    write(50).await.refused("InvalidParameterException");
    write(49).await.ok();
}
