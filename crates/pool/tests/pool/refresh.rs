//! Refresh, rotation, revocation and global sign-out.

use cogward_pool::{CLIENT_SECRET, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims, secret_hash};

const USER: &str = "user@example.com";

#[tokio::test]
async fn a_refresh_gives_new_tokens_of_the_same_sign_in() {
    let pool = TestPool::start().await;
    let first = pool.signed_in(USER).await;
    pool.advance(100).await;
    let second = pool.refresh(&first["RefreshToken"]).await.ok()["AuthenticationResult"].clone();
    let third = pool.tokens_from_refresh(&first["RefreshToken"]).await.ok();
    let third = &third["AuthenticationResult"];
    for again in [&second, third] {
        assert_eq!(again.get("RefreshToken"), None);
        let (old, new) = (claims(&first["AccessToken"]), claims(&again["AccessToken"]));
        for name in [
            "sub",
            "auth_time",
            "origin_jti",
            "event_id",
            "scope",
            "client_id",
        ] {
            assert_eq!(old[name], new[name], "{name}");
        }
        assert_ne!(old["jti"], new["jti"]);
        assert!(new["iat"].as_i64().unwrap() >= old["iat"].as_i64().unwrap() + 100);
        pool.get_user(&again["AccessToken"]).await.ok();
    }
}

#[tokio::test]
async fn new_groups_and_a_disabled_user_show_at_the_next_refresh() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in("admin@example.com").await;
    let change = json!({ "username": "admin@example.com", "groups": ["reader"] });
    assert_eq!(pool.local("users", change).await.0, 200);
    let again = pool.refresh(&tokens["RefreshToken"]).await.ok();
    let claims = claims(&again["AuthenticationResult"]["IdToken"]);
    assert_eq!(claims["cognito:groups"], json!(["reader"]));
    let change = json!({ "username": "admin@example.com", "enabled": false });
    assert_eq!(pool.local("users", change).await.0, 200);
    pool.refresh(&tokens["RefreshToken"])
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn bad_refresh_tokens_are_not_authorized() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(USER).await;
    let unknown = pool.refresh(&json!("a.b.c.d.e")).await;
    unknown.refused("NotAuthorizedException");
    assert_eq!(unknown.message(), "Invalid Refresh Token.");
    pool.refresh(&tokens["AccessToken"])
        .await
        .refused("NotAuthorizedException");
    // Another client's, with that client's own secret.
    let other = json!({
        "ClientId": SECRET_CLIENT_ID, "ClientSecret": CLIENT_SECRET,
        "RefreshToken": tokens["RefreshToken"],
    });
    pool.call("GetTokensFromRefreshToken", other)
        .await
        .refused("NotAuthorizedException");
    pool.advance(30 * 86400).await;
    let expired = pool.tokens_from_refresh(&tokens["RefreshToken"]).await;
    expired.refused("NotAuthorizedException");
    assert_eq!(expired.message(), "Refresh Token has expired");
}

#[tokio::test]
async fn a_confidential_client_proves_itself_at_every_refresh() {
    let pool = TestPool::start().await;
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters":
            { "USERNAME": USER, "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash(USER) },
    });
    let tokens = pool.call("InitiateAuth", body).await.ok()["AuthenticationResult"].clone();
    let sub = claims(&tokens["IdToken"])["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    let refresh = |hash: Value| {
        let body = json!({
            "ClientId": SECRET_CLIENT_ID, "AuthFlow": "REFRESH_TOKEN",
            "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"], "SECRET_HASH": hash },
        });
        pool.call("InitiateAuth", body)
    };
    refresh(json!(secret_hash(&sub))).await.ok();
    refresh(json!(secret_hash(USER)))
        .await
        .refused("NotAuthorizedException");
    refresh(Value::Null).await.refused("NotAuthorizedException");
    let with_secret = |secret: Value| {
        let body = json!({
            "ClientId": SECRET_CLIENT_ID, "RefreshToken": tokens["RefreshToken"],
            "ClientSecret": secret,
        });
        pool.call("GetTokensFromRefreshToken", body)
    };
    with_secret(json!(CLIENT_SECRET)).await.ok();
    with_secret(json!("x".repeat(34)))
        .await
        .refused("NotAuthorizedException");
    with_secret(Value::Null)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn rotation_replaces_the_refresh_token_and_keeps_its_end() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "refresh_rotation": true, "refresh_token_seconds": 7200 }))
        .await;
    let first = pool.signed_in(USER).await["RefreshToken"].clone();
    pool.refresh(&first)
        .await
        .refused("InvalidParameterException");
    pool.advance(3600).await;
    let second = pool.tokens_from_refresh(&first).await.ok()["AuthenticationResult"].clone();
    let second = second["RefreshToken"].clone();
    assert_ne!(second, first);
    let reused = pool.tokens_from_refresh(&first).await;
    reused.refused("RefreshTokenReuseException");
    // The session outlives the reuse, but not the first token's lifetime.
    let third = pool.tokens_from_refresh(&second).await.ok()["AuthenticationResult"].clone();
    pool.advance(3600).await;
    let late = pool.tokens_from_refresh(&third["RefreshToken"]).await;
    assert_eq!(late.message(), "Refresh Token has expired");
}

#[tokio::test]
async fn a_rotated_token_works_inside_the_grace_period_only() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "refresh_rotation": "ENABLED", "refresh_grace_seconds": 60 }))
        .await;
    let first = pool.signed_in(USER).await["RefreshToken"].clone();
    let refreshed = async |token: &Value| {
        pool.tokens_from_refresh(token).await.ok()["AuthenticationResult"]["RefreshToken"].clone()
    };
    let second = refreshed(&first).await;
    let retried = refreshed(&first).await;
    assert_ne!(second, retried);
    // A retry does not lengthen the period.
    pool.advance(60).await;
    pool.tokens_from_refresh(&first)
        .await
        .refused("RefreshTokenReuseException");
    refreshed(&second).await;
    refreshed(&retried).await;
}

#[tokio::test]
async fn only_one_of_many_refreshes_at_once_wins_without_grace() {
    let pool = std::sync::Arc::new(TestPool::start().await);
    pool.settings(json!({ "refresh_rotation": true })).await;
    let token = pool.signed_in(USER).await["RefreshToken"].clone();
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (pool, token) = (std::sync::Arc::clone(&pool), token.clone());
        tries.spawn(async move { pool.tokens_from_refresh(&token).await.status });
    }
    let statuses = tries.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
}

async fn revoke(pool: &TestPool, token: &Value) -> crate::common::Answer {
    pool.call(
        "RevokeToken",
        json!({ "ClientId": PUBLIC_CLIENT_ID, "Token": token }),
    )
    .await
}

#[tokio::test]
async fn revoking_ends_one_sign_in_and_leaves_the_others() {
    let pool = TestPool::start().await;
    let (one, other) = (pool.signed_in(USER).await, pool.signed_in(USER).await);
    let again = pool.refresh(&one["RefreshToken"]).await.ok()["AuthenticationResult"].clone();
    assert_eq!(revoke(&pool, &one["RefreshToken"]).await.ok(), json!({}));
    revoke(&pool, &one["RefreshToken"]).await.ok();
    let refused = pool.refresh(&one["RefreshToken"]).await;
    refused.refused("NotAuthorizedException");
    assert_eq!(refused.message(), "Refresh Token has been revoked");
    for access in [&one["AccessToken"], &again["AccessToken"]] {
        let revoked = pool.get_user(access).await;
        revoked.refused("NotAuthorizedException");
        assert_eq!(revoked.message(), "Access Token has been revoked");
    }
    pool.get_user(&other["AccessToken"]).await.ok();
    pool.refresh(&other["RefreshToken"]).await.ok();
}

#[tokio::test]
async fn only_a_refresh_token_of_ones_own_can_be_revoked() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(USER).await;
    revoke(&pool, &tokens["AccessToken"])
        .await
        .refused("UnsupportedTokenTypeException");
    revoke(&pool, &tokens["IdToken"])
        .await
        .refused("UnsupportedTokenTypeException");
    revoke(&pool, &json!("garbage")).await.ok();
    revoke(&pool, &Value::Null)
        .await
        .refused("InvalidParameterException");
    let secret = |secret: &str| {
        let token = &tokens["RefreshToken"];
        let body = json!({ "ClientId": SECRET_CLIENT_ID, "ClientSecret": secret, "Token": token });
        pool.call("RevokeToken", body)
    };
    secret(CLIENT_SECRET).await.refused("UnauthorizedException");
    secret(&"x".repeat(34))
        .await
        .refused("UnauthorizedException");
    pool.refresh(&tokens["RefreshToken"]).await.ok();
}

#[tokio::test]
async fn global_sign_out_ends_every_sign_in_so_far() {
    let pool = TestPool::start().await;
    let (one, other) = (pool.signed_in(USER).await, pool.signed_in(USER).await);
    let body = json!({ "AccessToken": one["AccessToken"] });
    assert_eq!(
        pool.call("GlobalSignOut", body.clone()).await.ok(),
        json!({})
    );
    for tokens in [&one, &other] {
        pool.get_user(&tokens["AccessToken"])
            .await
            .refused("NotAuthorizedException");
        pool.refresh(&tokens["RefreshToken"])
            .await
            .refused("NotAuthorizedException");
    }
    pool.call("GlobalSignOut", body)
        .await
        .refused("NotAuthorizedException");
    let later = pool.signed_in(USER).await;
    pool.get_user(&later["AccessToken"]).await.ok();
}

#[tokio::test]
async fn access_tokens_are_checked() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(USER).await;
    let other = TestPool::start().await.signed_in(USER).await;
    let access = tokens["AccessToken"].as_str().unwrap();
    let (rest, signature) = access.rsplit_once('.').unwrap();
    let (head, _) = access.split_once('.').unwrap();
    for bad in [
        tokens["IdToken"].clone(),
        tokens["RefreshToken"].clone(),
        other["AccessToken"].clone(),
        json!("a.b.c"),
        json!(format!("{rest}.AAAA{}", &signature[4..])),
        json!(format!("{rest}.")),
        json!(format!("{head}.e30.{signature}")),
    ] {
        let refused = pool.get_user(&bad).await;
        refused.refused("NotAuthorizedException");
        assert_eq!(refused.message(), "Invalid Access Token", "{bad}");
    }
    pool.get_user(&json!("sp ace"))
        .await
        .refused("InvalidParameterException");
    pool.get_user(&Value::Null)
        .await
        .refused("InvalidParameterException");
    pool.advance(3600).await;
    let expired = pool.get_user(&tokens["AccessToken"]).await;
    assert_eq!(expired.message(), "Access Token has expired");
}

#[tokio::test]
async fn token_lifetimes_are_settings() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "access_token_seconds": 60, "id_token_seconds": 120 }))
        .await;
    let tokens = pool.signed_in(USER).await;
    assert_eq!(tokens["ExpiresIn"], 60);
    let lifetime = |token: &Value| {
        let claims = claims(token);
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
    };
    assert_eq!(lifetime(&tokens["AccessToken"]), 60);
    assert_eq!(lifetime(&tokens["IdToken"]), 120);
}

#[tokio::test]
async fn the_secret_hash_of_a_refresh_is_of_the_name_or_the_sub() {
    let seed = "users = []\n[pool]\nusername_attributes = []\nalias_attributes = [\"email\"]";
    let pool = TestPool::seeded(seed).await;
    for (name, email) in [("Ada", "ada@example.com"), ("eve", "eve@example.com")] {
        let attributes = json!({ "email": email, "email_verified": "true" });
        let user = json!({ "username": name, "password": PASSWORD, "attributes": attributes });
        pool.put_user(user).await;
    }
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {
            "USERNAME": "ada@example.com", "PASSWORD": PASSWORD,
            "SECRET_HASH": secret_hash("ada@example.com"),
        },
    });
    let tokens = pool.call("InitiateAuth", body).await.ok()["AuthenticationResult"].clone();
    let sub = claims(&tokens["IdToken"])["sub"].clone();
    let username = claims(&tokens["IdToken"])["cognito:username"].clone();
    let refresh = |name: &str| {
        let body = json!({
            "ClientId": SECRET_CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {
                "REFRESH_TOKEN": tokens["RefreshToken"], "SECRET_HASH": secret_hash(name),
            },
        });
        pool.call("InitiateAuth", body)
    };
    refresh(username.as_str().unwrap()).await.ok();
    refresh(sub.as_str().unwrap()).await.ok();
    for other in ["eve", "ada@example.com", ""] {
        refresh(other).await.refused("NotAuthorizedException");
    }
}
