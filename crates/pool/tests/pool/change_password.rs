//! ChangePassword, DeleteUser, and access tokens of users whom somebody changed meanwhile.

use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, query};

const USER: &str = "user@example.com";
const SECOND: &str = "Sec0nd!Password";

async fn change(pool: &TestPool, access: &Value, previous: &str, proposed: &str) -> Answer {
    let body = json!({
        "AccessToken": access, "PreviousPassword": previous, "ProposedPassword": proposed,
    });
    pool.call("ChangePassword", body).await
}

async fn access(pool: &TestPool) -> Value {
    pool.signed_in(USER).await["AccessToken"].clone()
}

#[tokio::test]
async fn a_changed_password_is_the_only_one_and_sign_ins_live_on() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(USER).await;
    let access = &tokens["AccessToken"];
    assert_eq!(
        change(&pool, access, PASSWORD, SECOND).await.ok(),
        json!({})
    );
    pool.password(USER, PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.password(USER, SECOND).await.ok();
    pool.get_user(access).await.ok();
    pool.refresh(&tokens["RefreshToken"]).await.ok();
}

#[tokio::test]
async fn the_previous_password_has_to_be_right() {
    let pool = TestPool::start().await;
    let access = access(&pool).await;
    let wrong = change(&pool, &access, "wrong", SECOND).await;
    wrong.refused("NotAuthorizedException");
    assert_eq!(wrong.message(), "Incorrect username or password.");
    let body = json!({ "AccessToken": access, "ProposedPassword": SECOND });
    pool.call("ChangePassword", body)
        .await
        .refused("InvalidParameterException");
    change(&pool, &access, PASSWORD, "short")
        .await
        .refused("InvalidPasswordException");
    change(&pool, &access, PASSWORD, "has space A1!")
        .await
        .refused("InvalidParameterException");
    pool.signed_in(USER).await;
}

#[tokio::test]
async fn wrong_previous_passwords_lock_like_failed_sign_ins() {
    let pool = TestPool::start().await;
    let access = access(&pool).await;
    // The first lock lasts a second: none may pass by itself.
    let (_, clock) = pool.local("clock", json!({ "advance_seconds": 0 })).await;
    pool.local("clock", json!({ "fixed_at": clock["now"] }))
        .await;
    for _ in 0..5 {
        change(&pool, &access, "wrong", SECOND)
            .await
            .refused("NotAuthorizedException");
    }
    let locked = change(&pool, &access, PASSWORD, SECOND).await;
    assert_eq!(locked.message(), "Password attempts exceeded");
    let locked = pool.password(USER, PASSWORD).await;
    assert_eq!(locked.message(), "Password attempts exceeded");
    pool.advance(1).await;
    change(&pool, &access, PASSWORD, SECOND).await.ok();
}

#[tokio::test]
async fn the_last_passwords_do_not_come_again() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "password_policy": { "history_size": 3 } }))
        .await;
    let access = access(&pool).await;
    let refused = change(&pool, &access, PASSWORD, PASSWORD).await;
    refused.refused("PasswordHistoryPolicyViolationException");
    let third = "Th1rd!Password";
    change(&pool, &access, PASSWORD, SECOND).await.ok();
    change(&pool, &access, SECOND, third).await.ok();
    for used in [PASSWORD, SECOND, third] {
        change(&pool, &access, third, used)
            .await
            .refused("PasswordHistoryPolicyViolationException");
    }
    // One more, and the first of four is free again.
    let fourth = "F0urth!Password";
    change(&pool, &access, third, fourth).await.ok();
    change(&pool, &access, fourth, PASSWORD).await.ok();
}

#[tokio::test]
async fn a_reset_keeps_to_the_history_only_once_the_code_is_right() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "password_policy": { "history_size": 1 } }))
        .await;
    let name = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": USER });
    pool.call("ForgotPassword", name).await.ok();
    let code = pool.code(USER).await;
    let reset = async |code: &str, password: &str| {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "Username": USER, "ConfirmationCode": code,
            "Password": password,
        });
        pool.call("ConfirmForgotPassword", body).await
    };
    // Who has no code learns nothing about the password.
    let wrong = if code == "000000" { "111111" } else { "000000" };
    reset(wrong, PASSWORD)
        .await
        .refused("CodeMismatchException");
    reset(&code, PASSWORD)
        .await
        .refused("PasswordHistoryPolicyViolationException");
    reset(&code, SECOND).await.ok();
    reset(&code, "Th1rd!Password")
        .await
        .refused("ExpiredCodeException");
    pool.password(USER, SECOND).await.ok();
}

#[tokio::test]
async fn a_user_deletes_himself() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(USER).await;
    let body = json!({ "AccessToken": tokens["AccessToken"] });
    let deleted = pool.call("DeleteUser", body.clone()).await;
    assert_eq!(deleted.ok(), json!(""));
    pool.call("DeleteUser", body)
        .await
        .refused("UserNotFoundException");
    pool.password(USER, PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.refresh(&tokens["RefreshToken"])
        .await
        .refused("NotAuthorizedException");
    pool.sign_up(USER).await.ok();
}

/// An operation that takes an access token, and the rest of a body it accepts.
fn of_bearers() -> Vec<(&'static str, Value)> {
    vec![
        ("GetUser", json!({})),
        ("GlobalSignOut", json!({})),
        ("DeleteUser", json!({})),
        (
            "ChangePassword",
            json!({ "PreviousPassword": "x", "ProposedPassword": SECOND }),
        ),
        (
            "UpdateUserAttributes",
            json!({ "UserAttributes": [{ "Name": "name", "Value": "x" }] }),
        ),
        (
            "DeleteUserAttributes",
            json!({ "UserAttributeNames": ["name"] }),
        ),
        (
            "GetUserAttributeVerificationCode",
            json!({ "AttributeName": "email" }),
        ),
        (
            "VerifyUserAttribute",
            json!({ "AttributeName": "email", "Code": "123456" }),
        ),
    ]
}

async fn call(pool: &TestPool, operation: &str, rest: &Value, access: &Value) -> Answer {
    let mut body = rest.clone();
    body["AccessToken"] = access.clone();
    pool.call(operation, body).await
}

#[tokio::test]
async fn what_an_administrator_did_meanwhile_is_told_where_the_model_declares_it() {
    let pool = TestPool::start().await;
    let access = access(&pool).await;
    for (status, kind) in [
        ("UNCONFIRMED", "UserNotConfirmedException"),
        ("RESET_REQUIRED", "PasswordResetRequiredException"),
    ] {
        pool.put_user(json!({ "username": USER, "status": status }))
            .await;
        for (operation, rest) in of_bearers() {
            call(&pool, operation, &rest, &access).await.refused(kind);
        }
    }
    pool.put_user(json!({ "username": USER, "status": "CONFIRMED" }))
        .await;
    pool.get_user(&access).await.ok();
    let sub = pool.attribute(&access, "sub").await.unwrap();
    assert!(pool.pool.users().delete(&sub).await.unwrap());
    for (operation, rest) in of_bearers() {
        let kind = match operation {
            "GlobalSignOut" => "NotAuthorizedException",
            _ => "UserNotFoundException",
        };
        call(&pool, operation, &rest, &access).await.refused(kind);
    }
}

#[tokio::test]
async fn a_token_needs_the_scope_and_a_sign_in_that_lives() {
    let pool = TestPool::start().await;
    let code = pool.authorization_code(&query(), USER).await;
    let (_, tokens) = pool.exchange(&code).await;
    let without_scope = &tokens["access_token"];
    let id_token = pool.signed_in(USER).await["IdToken"].clone();
    let revoked = access(&pool).await;
    pool.call("GlobalSignOut", json!({ "AccessToken": revoked }))
        .await
        .ok();
    for (operation, rest) in of_bearers() {
        for token in [without_scope, &id_token, &revoked, &json!("no.token")] {
            call(&pool, operation, &rest, token)
                .await
                .refused("NotAuthorizedException");
        }
    }
    pool.signed_in(USER).await;
}
