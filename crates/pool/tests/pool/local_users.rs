//! `POST /_local/users`: the same rules as for whoever signs up.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims};

const USER: &str = "user@example.com";

/// A pool whose users choose their names.
async fn named() -> TestPool {
    let seed = "[pool]\nusername_attributes = []\nalias_attributes = [\"email\"]\n";
    TestPool::seeded(&format!(
        "{seed}[[users]]\nusername = \"grace\"\npassword = \"Passw0rd!\"\n"
    ))
    .await
}

async fn refused(pool: &TestPool, body: Value, told: &str) {
    let (status, answer) = pool.local("users", body.clone()).await;
    assert_eq!(status, 400, "{body}: {answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(told), "{body}: {message}");
}

#[tokio::test]
async fn addresses_are_kept_in_lower_case_and_verified() {
    let pool = named().await;
    let body = json!({
        "username": "ada", "password": PASSWORD,
        "attributes": { "email": "Ada@Example.COM", "phone_number": "+12025550123" },
    });
    let (status, made) = pool.local("users", body).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["email"], "ada@example.com");
    let tokens = pool.signed_in("ADA@example.com").await;
    let id = claims(&tokens["IdToken"]);
    assert_eq!(
        (&id["email_verified"], &id["phone_number_verified"]),
        (&json!(true), &json!(true))
    );
    let unsure = json!({
        "username": "ada",
        "attributes": { "email": "Other@Example.com", "email_verified": "False" },
    });
    let (_, changed) = pool.local("users", unsure).await;
    assert_eq!(changed["attributes"]["email"], "other@example.com");
    assert_eq!(changed["attributes"]["email_verified"], "false");
}

#[tokio::test]
async fn a_blank_value_is_none() {
    let pool = named().await;
    let body = json!({
        "username": "ada", "password": PASSWORD,
        "attributes": { "email": "", "given_name": "", "family_name": "Lovelace" },
    });
    let (_, made) = pool.local("users", body).await;
    assert_eq!(made["attributes"], json!({ "family_name": "Lovelace" }));
    let body = json!({ "username": "ada", "attributes": { "email": "ada@example.com" } });
    pool.local("users", body).await;
    let body = json!({ "username": "ada", "attributes": { "family_name": "", "email": "" } });
    let (_, changed) = pool.local("users", body).await;
    assert_eq!(changed["attributes"], json!({}));
    let pool = TestPool::start().await;
    refused(
        &pool,
        json!({ "username": USER, "attributes": { "email": "" } }),
        "email cannot be set",
    )
    .await;
}

#[tokio::test]
async fn what_the_service_model_takes_for_no_name_is_none() {
    let pool = named().await;
    let long = "x".repeat(129);
    for username in ["", "a b", long.as_str()] {
        let body = json!({ "username": username, "password": PASSWORD });
        refused(&pool, body, "'username' failed to satisfy").await;
    }
    let user = |more: &str, value: Value| {
        let mut body = json!({ "username": "ada", "password": PASSWORD });
        body[more] = value;
        body
    };
    refused(&pool, user("groups", json!([""])), "'groupName'").await;
    refused(&pool, user("groups", json!(["a b"])), "'groupName'").await;
    let long = json!({ "given_name": "x".repeat(2049) });
    refused(&pool, user("attributes", long), "2048").await;
    let alone = json!({ "email_verified": "true" });
    refused(&pool, user("attributes", alone), "without email").await;
    let taken =
        json!({ "username": "ada", "password": PASSWORD, "attributes": { "email": "a@b.c" } });
    assert_eq!(pool.local("users", taken).await.0, 200);
    let other =
        json!({ "username": "bob", "password": PASSWORD, "attributes": { "email": "A@b.c" } });
    refused(&pool, other, "another user's").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_user_at_once_none_undoes_another() {
    let pool = Arc::new(TestPool::start().await);
    let tasks: Vec<_> = (0..30)
        .map(|number| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move {
                let name = format!("custom:n{number}");
                let mut body = json!({ "username": USER, "attributes": { name: "1" } });
                if number % 10 == 0 {
                    body["password"] = PASSWORD.into();
                }
                let (status, answer) = pool.local("users", body).await;
                assert_eq!(status, 200, "{answer}");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (_, user) = pool.local("users", json!({ "username": USER })).await;
    // `email` and whether it is verified.
    assert_eq!(user["attributes"].as_object().unwrap().len(), 32, "{user}");
}
