//! `POST /_local/reset` while others use the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::common::{TestPool, client};

const MEANWHILE: &str = "The pool was reset meanwhile.";

/// A function that resets the pool before it answers that the sign-in goes on.
async fn reset_and_go_on(State(base): State<Arc<String>>, body: String) -> String {
    let reset = client()
        .post(format!("{base}/_local/reset"))
        .header("X-Cogward-Local", "1")
        .json(&json!({}));
    assert_eq!(reset.send().await.unwrap().status(), 200);
    let mut event: Value = serde_json::from_str(&body).unwrap();
    event["response"] = json!({ "issueTokens": true, "failAuthentication": false });
    event.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_brings_nothing_back() {
    let pool = TestPool::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/", post(reset_and_go_on))
        .with_state(Arc::new(pool.base.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let triggers = json!({
        "define_auth_challenge": url, "create_auth_challenge": url,
        "verify_auth_challenge_response": url,
    });
    pool.settings(json!({ "triggers": triggers })).await;
    pool.confirmed("gone@example.com").await;
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "CUSTOM_AUTH",
        "AuthParameters": { "USERNAME": "gone@example.com" },
    });
    let answer = pool.call("InitiateAuth", body).await;
    assert_eq!((answer.status.as_u16(), answer.message()), (500, MEANWHILE));
    let users = pool.admin("ListUsers", json!({})).await.ok();
    assert_eq!(users["Users"].as_array().unwrap().len(), 2);
    let calls = pool.request(reqwest::Method::GET, "/_local/calls");
    let calls: Value = calls.send().await.unwrap().json().await.unwrap();
    let names: Vec<_> = calls.as_array().unwrap().iter().collect();
    assert!(
        names.iter().all(|call| call["name"] != "InitiateAuth"),
        "{calls}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_half_of_a_reset() {
    let pool = Arc::new(TestPool::start().await);
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (pool, done) = (Arc::clone(&pool), Arc::clone(&done));
        async move {
            while !done.load(Ordering::Relaxed) {
                let users = pool.admin("ListUsers", json!({})).await;
                if users.message() != MEANWHILE {
                    let users = users.ok()["Users"].as_array().unwrap().len();
                    assert!(users >= 2, "{users}");
                }
                let settings = pool.local("settings", json!({})).await.1;
                if settings["message"] != MEANWHILE {
                    let seconds = &settings["access_token_seconds"];
                    assert!([3600, 77].map(Value::from).contains(seconds), "{settings}");
                }
            }
        }
    });
    for _ in 0..20 {
        pool.confirmed("gone@example.com").await;
        pool.settings(json!({ "access_token_seconds": 77 })).await;
        assert_eq!(pool.local("reset", json!({})).await.0, 200);
        pool.signed_in("user@example.com").await;
    }
    done.store(true, Ordering::Relaxed);
    reader.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_settings_and_users_at_once_blocks_nobody() {
    let pool = Arc::new(TestPool::start().await);
    let settings = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move {
            for number in 0..200 {
                pool.settings(json!({ "access_token_seconds": 600 + number }))
                    .await;
            }
        }
    });
    let access = pool.signed_in("user@example.com").await["AccessToken"].clone();
    for number in 0..200 {
        let name = json!([{ "Name": "name", "Value": number.to_string() }]);
        let body = json!({ "AccessToken": access, "UserAttributes": name });
        pool.call("UpdateUserAttributes", body).await.ok();
    }
    settings.await.unwrap();
}
