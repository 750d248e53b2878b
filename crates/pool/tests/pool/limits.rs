//! What is limited by the clock, and the switches for it.

use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool};

const USER: &str = "user@example.com";

async fn named(pool: &TestPool, operation: &str, name: &str) -> Answer {
    let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": name });
    pool.call(operation, body).await
}

/// The clock stands still, so that no second passes within a test.
async fn stop_clock(pool: &TestPool) {
    let (_, body) = pool.local("clock", json!({ "advance_seconds": 0 })).await;
    let (status, _) = pool
        .local("clock", json!({ "fixed_at": body["now"] }))
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn messages_and_requests_are_not_limited_unless_asked_for() {
    let pool = TestPool::start().await;
    stop_clock(&pool).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    for _ in 0..12 {
        named(&pool, "ForgotPassword", USER).await.ok();
        pool.get_user(&access).await.ok();
    }
}

#[tokio::test]
async fn a_user_gets_five_reset_codes_an_hour_and_so_does_nobody() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "limits": { "messages": true } }))
        .await;
    for name in [USER, "nobody@example.com"] {
        for _ in 0..5 {
            named(&pool, "ForgotPassword", name).await.ok();
        }
        let limited = named(&pool, "ForgotPassword", &name.to_uppercase()).await;
        limited.refused("LimitExceededException");
        assert_eq!(
            limited.message(),
            "Attempt limit exceeded, please try after some time."
        );
    }
    named(&pool, "ForgotPassword", "admin@example.com")
        .await
        .ok();
    pool.advance(3600).await;
    named(&pool, "ForgotPassword", USER).await.ok();
    assert_eq!(pool.messages(USER).await.as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn every_kind_of_message_has_a_count_of_its_own() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "limits": { "messages": true } }))
        .await;
    pool.sign_up("new@example.com").await.ok();
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let verification = json!({ "AccessToken": access, "AttributeName": "email" });
    let change = json!({
        "AccessToken": access, "PreviousPassword": PASSWORD, "ProposedPassword": PASSWORD,
    });
    let send = "GetUserAttributeVerificationCode";
    for _ in 0..5 {
        named(&pool, "ResendConfirmationCode", "new@example.com")
            .await
            .ok();
        pool.call(send, verification.clone()).await.ok();
        pool.call("ChangePassword", change.clone()).await.ok();
    }
    named(&pool, "ResendConfirmationCode", "new@example.com")
        .await
        .refused("LimitExceededException");
    pool.call(send, verification)
        .await
        .refused("LimitExceededException");
    pool.call("ChangePassword", change)
        .await
        .refused("LimitExceededException");
}

#[tokio::test]
async fn tries_of_a_code_are_not_limited_when_the_switch_is_off() {
    let pool = TestPool::start().await;
    pool.sign_up("new@example.com").await.ok();
    let code = pool.code("new@example.com").await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for _ in 0..15 {
        pool.confirm("new@example.com", wrong)
            .await
            .refused("CodeMismatchException");
    }
    pool.confirm("new@example.com", &code)
        .await
        .refused("LimitExceededException");
    pool.settings(json!({ "limits": { "attempts": false } }))
        .await;
    pool.confirm("new@example.com", &code).await.ok();
}

#[tokio::test]
async fn a_user_reads_ten_times_a_second_and_writes_ten_times() {
    let pool = TestPool::start().await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let other = pool.signed_in("admin@example.com").await["AccessToken"].clone();
    stop_clock(&pool).await;
    pool.settings(json!({ "limits": { "requests": true } }))
        .await;
    let write = |access: &Value| {
        let body = json!({
            "AccessToken": access, "UserAttributes": [{ "Name": "name", "Value": "x" }],
        });
        pool.call("UpdateUserAttributes", body)
    };
    for _ in 0..10 {
        pool.get_user(&access).await.ok();
        write(&access).await.ok();
    }
    let limited = pool.get_user(&access).await;
    limited.refused("TooManyRequestsException");
    write(&access).await.refused("TooManyRequestsException");
    pool.get_user(&other).await.ok();
    write(&other).await.ok();
    pool.advance(1).await;
    pool.get_user(&access).await.ok();
    write(&access).await.ok();
}

#[tokio::test]
async fn a_token_that_nobody_signed_uses_up_no_ones_rate() {
    let pool = TestPool::start().await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    stop_clock(&pool).await;
    pool.settings(json!({ "limits": { "requests": true } }))
        .await;
    let forged = json!(format!("{}x", access.as_str().unwrap()));
    for _ in 0..12 {
        pool.get_user(&forged)
            .await
            .refused("NotAuthorizedException");
    }
    pool.get_user(&access).await.ok();
}

#[tokio::test]
async fn a_category_of_operations_has_a_rate_of_its_own() {
    let pool = TestPool::start().await;
    stop_clock(&pool).await;
    pool.settings(json!({ "limits": { "requests": true } }))
        .await;
    // UserAccountRecovery: 30 a second, whoever it is for.
    for number in 0..30 {
        let name = format!("user{number}@example.com");
        named(&pool, "ForgotPassword", &name).await.ok();
    }
    named(&pool, "ForgotPassword", USER)
        .await
        .refused("TooManyRequestsException");
    pool.signed_in(USER).await;
    // Back to the beginning: no counter is left.
    assert_eq!(pool.local("reset", json!({})).await.0, 200);
    stop_clock(&pool).await;
    pool.settings(json!({ "limits": { "requests": true } }))
        .await;
    named(&pool, "ForgotPassword", USER).await.ok();
}
