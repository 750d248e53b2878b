//! A replaced refresh token that turns up again.

use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};

use crate::common::{TestPool, claims, query};

const USER: &str = "user@example.com";

async fn rotating(more: Value) -> TestPool {
    let pool = TestPool::start().await;
    pool.settings(json!({ "refresh_rotation": true })).await;
    pool.settings(more).await;
    pool
}

async fn at_token_endpoint(pool: &TestPool, token: &Value) -> Value {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC_CLIENT_ID),
        ("refresh_token", token.as_str().unwrap()),
    ];
    pool.oauth("/oauth2/token", &form).await.1
}

#[tokio::test]
async fn reuse_is_told_at_both_doors_and_leaves_the_sign_in() {
    let pool = rotating(json!({})).await;
    let first = pool.signed_in(USER).await["RefreshToken"].clone();
    let second = pool.tokens_from_refresh(&first).await.ok()["AuthenticationResult"].clone();
    let reused = pool.tokens_from_refresh(&first).await;
    reused.refused("RefreshTokenReuseException");
    assert_eq!(
        at_token_endpoint(&pool, &first).await,
        json!({ "error": "invalid_grant" })
    );
    pool.get_user(&second["AccessToken"]).await.ok();
    pool.tokens_from_refresh(&second["RefreshToken"]).await.ok();
}

#[tokio::test]
async fn where_the_settings_say_so_reuse_ends_the_whole_sign_in_and_no_other() {
    for door in ["api", "token endpoint"] {
        let pool = rotating(json!({ "refresh_reuse_revokes": true })).await;
        let first = pool.signed_in(USER).await["RefreshToken"].clone();
        let other = pool.signed_in(USER).await;
        let second = pool.tokens_from_refresh(&first).await.ok()["AuthenticationResult"].clone();
        if door == "api" {
            pool.tokens_from_refresh(&first)
                .await
                .refused("RefreshTokenReuseException");
        } else {
            assert_eq!(
                at_token_endpoint(&pool, &first).await["error"],
                "invalid_grant"
            );
        }
        let ended = pool.tokens_from_refresh(&second["RefreshToken"]).await;
        ended.refused("NotAuthorizedException");
        assert_eq!(ended.message(), "Refresh Token has been revoked");
        pool.get_user(&second["AccessToken"])
            .await
            .refused("NotAuthorizedException");
        pool.get_user(&other["AccessToken"]).await.ok();
        pool.tokens_from_refresh(&other["RefreshToken"]).await.ok();
    }
}

#[tokio::test]
async fn a_retry_in_the_grace_period_is_no_reuse() {
    let settings = json!({ "refresh_reuse_revokes": true, "refresh_grace_seconds": 10 });
    let pool = rotating(settings).await;
    let first = pool.signed_in(USER).await["RefreshToken"].clone();
    let second = pool.tokens_from_refresh(&first).await.ok()["AuthenticationResult"].clone();
    pool.tokens_from_refresh(&first).await.ok();
    pool.advance(10).await;
    pool.tokens_from_refresh(&first)
        .await
        .refused("RefreshTokenReuseException");
    pool.tokens_from_refresh(&second["RefreshToken"])
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn another_client_cannot_end_a_sign_in_with_a_replaced_token() {
    let pool = rotating(json!({ "refresh_reuse_revokes": true })).await;
    let first = pool.signed_in(USER).await["RefreshToken"].clone();
    let second = pool.tokens_from_refresh(&first).await.ok()["AuthenticationResult"].clone();
    let body = json!({
        "ClientId": cogward_pool::SECRET_CLIENT_ID, "ClientSecret": cogward_pool::CLIENT_SECRET,
        "RefreshToken": first,
    });
    pool.call("GetTokensFromRefreshToken", body)
        .await
        .refused("NotAuthorizedException");
    pool.tokens_from_refresh(&second["RefreshToken"]).await.ok();
}

#[tokio::test]
async fn a_refresh_narrows_nothing_and_keeps_the_resource() {
    let pool = rotating(json!({})).await;
    let query = format!("{}&resource=https://api.example.com", query());
    let code = pool.authorization_code(&query, USER).await;
    let (_, first) = pool.exchange(&code).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC_CLIENT_ID),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
        ("scope", "openid"),
    ];
    let (status, second) = pool.oauth("/oauth2/token", &form).await;
    assert_eq!(status, 200, "{second}");
    let (old, new) = (
        claims(&first["access_token"]),
        claims(&second["access_token"]),
    );
    for name in ["scope", "aud", "auth_time", "origin_jti"] {
        assert_eq!(old[name], new[name], "{name}");
    }
    assert_eq!(new["aud"], "https://api.example.com");
    assert_eq!(claims(&second["id_token"]).get("nonce"), None);
    let third = at_token_endpoint(&pool, &second["refresh_token"]).await;
    assert_ne!(third["refresh_token"], second["refresh_token"]);
}

#[tokio::test]
async fn a_replaced_token_is_refused_in_declared_words_where_nothing_is_rotated_any_more() {
    let pool = rotating(json!({})).await;
    let token = pool.signed_in("user@example.com").await["RefreshToken"].clone();
    pool.tokens_from_refresh(&token).await.ok();
    pool.settings(json!({ "refresh_rotation": false })).await;
    pool.refresh(&token).await.refused("NotAuthorizedException");
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": { "REFRESH_TOKEN": token },
    });
    pool.admin("AdminInitiateAuth", body)
        .await
        .refused("NotAuthorizedException");
    pool.tokens_from_refresh(&token)
        .await
        .refused("RefreshTokenReuseException");
}
