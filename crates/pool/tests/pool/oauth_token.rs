//! The token, userInfo and revocation endpoints.

use cogward_pool::{CLIENT_SECRET, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::{CALLBACK, TestPool, VERIFIER, claims, query};

const USER: &str = "user@example.com";

fn form<'a>(code: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", PUBLIC_CLIENT_ID),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        form.retain(|(key, _)| key != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    form
}

async fn refused(pool: &TestPool, form: &[(&str, &str)], error: &str) {
    let (status, body) = pool.oauth("/oauth2/token", form).await;
    assert_eq!(
        (status.as_u16(), body["error"].as_str()),
        (400, Some(error)),
        "{form:?} {body}"
    );
}

/// A code of the confidential client, asked for without PKCE.
async fn confidential_code(pool: &TestPool) -> String {
    let query = format!(
        "response_type=code&client_id={SECRET_CLIENT_ID}&redirect_uri={CALLBACK}&scope=openid"
    );
    pool.authorization_code(&query, USER).await
}

#[tokio::test]
async fn a_code_works_once() {
    let pool = TestPool::start().await;
    let code = pool.authorization_code(&query(), USER).await;
    assert_eq!(pool.exchange(&code).await.0, 200);
    refused(&pool, &form(&code, &[]), "invalid_grant").await;
}

#[tokio::test]
async fn of_many_exchanges_at_once_one_wins() {
    let pool = std::sync::Arc::new(TestPool::start().await);
    let code = pool.authorization_code(&query(), USER).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (pool, code) = (std::sync::Arc::clone(&pool), code.clone());
        tries.spawn(async move { pool.exchange(&code).await.0 });
    }
    let statuses = tries.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    let pool = TestPool::start().await;
    let code = pool.authorization_code(&query(), USER).await;
    pool.advance(300).await;
    refused(&pool, &form(&code, &[]), "invalid_grant").await;
}

#[tokio::test]
async fn the_verifier_must_prove_the_challenge() {
    let pool = TestPool::start().await;
    let other = "x".repeat(43);
    for verifier in [
        "",
        "short",
        &other,
        &format!("{VERIFIER} "),
        &"x".repeat(129),
    ] {
        let code = pool.authorization_code(&query(), USER).await;
        refused(
            &pool,
            &form(&code, &[("code_verifier", verifier)]),
            "invalid_grant",
        )
        .await;
        // The wrong try has spent the code.
        refused(&pool, &form(&code, &[]), "invalid_grant").await;
    }
}

#[tokio::test]
async fn a_verifier_nobody_announced_is_refused() {
    let pool = TestPool::start().await;
    let code = confidential_code(&pool).await;
    let changes = [
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    refused(&pool, &form(&code, &changes), "invalid_grant").await;
}

#[tokio::test]
async fn a_code_is_for_its_client_and_redirect_uri() {
    let pool = TestPool::start().await;
    let code = pool.authorization_code(&query(), USER).await;
    let other = [
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    refused(&pool, &form(&code, &other), "invalid_grant").await;
    let moved = form(&code, &[("redirect_uri", "http://localhost:3001/other")]);
    let (status, body) = pool.oauth("/oauth2/token", &moved).await;
    assert_eq!(status, 400);
    let expected =
        json!({ "error": "unauthorized_client", "error_description": "invalid_redirect" });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn bad_requests_have_their_own_errors() {
    let pool = TestPool::start().await;
    for (changes, error) in [
        (&[("grant_type", "")][..], "invalid_request"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (
            &[("grant_type", "client_credentials")],
            "unauthorized_client",
        ),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (&[("code", "")], "invalid_request"),
        (&[("code", "unknown")], "invalid_grant"),
        (&[("redirect_uri", "")], "invalid_request"),
        (&[("client_id", "")], "invalid_request"),
        (&[("client_id", "unknown")], "invalid_client"),
        (&[("client_id", SECRET_CLIENT_ID)], "invalid_client"),
        (&[("client_secret", "anything")], "invalid_client"),
        (
            &[("client_id", SECRET_CLIENT_ID), ("client_secret", "wrong")],
            "invalid_client",
        ),
    ] {
        refused(&pool, &form("some-code", changes), error).await;
    }
    let mut repeated = form("some-code", &[]);
    repeated.push(("code", "other"));
    refused(&pool, &repeated, "invalid_request").await;
    let json = pool
        .request(Method::POST, "/oauth2/token")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(json.status(), 400);
}

async fn with_basic(pool: &TestPool, form: &[(&str, &str)], secret: &str) -> (StatusCode, Value) {
    let request = pool.request(Method::POST, "/oauth2/token");
    let response = request
        .basic_auth(SECRET_CLIENT_ID, Some(secret))
        .form(form)
        .send()
        .await
        .unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn the_secret_comes_by_basic_or_in_the_form_and_not_both() {
    let pool = TestPool::start().await;
    let plain = [("client_id", ""), ("code_verifier", "")];
    let code = confidential_code(&pool).await;
    let (status, body) = with_basic(&pool, &form(&code, &plain), CLIENT_SECRET).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["id_token"].is_string());

    let code = confidential_code(&pool).await;
    let posted = [
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code_verifier", ""),
    ];
    let (status, _) = with_basic(&pool, &form(&code, &posted), CLIENT_SECRET).await;
    assert_eq!(status, 400);
    assert_eq!(
        pool.oauth("/oauth2/token", &form(&code, &posted)).await.0,
        200
    );

    let (status, body) = with_basic(&pool, &form("any", &plain), "wrong").await;
    assert_eq!(
        (status.as_u16(), body["error"].as_str()),
        (400, Some("invalid_client"))
    );
    // Basic names one client, the form another.
    let (_, body) = with_basic(&pool, &form("any", &[]), CLIENT_SECRET).await;
    assert_eq!(body["error"], "invalid_request");
}

#[tokio::test]
async fn answers_are_not_stored_and_any_origin_may_read_them() {
    let pool = TestPool::start().await;
    let response = pool
        .request(Method::POST, "/oauth2/token")
        .form(&form("any", &[]))
        .send()
        .await
        .unwrap();
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json;charset=UTF-8");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["x-amz-cognito-request-id"].len(), 36);
}

async fn refresh(pool: &TestPool, token: &Value) -> (StatusCode, Value) {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC_CLIENT_ID),
        ("refresh_token", token.as_str().unwrap()),
    ];
    pool.oauth("/oauth2/token", &form).await
}

#[tokio::test]
async fn refresh_without_rotation_keeps_the_token() {
    let pool = TestPool::start().await;
    let code = pool.authorization_code(&query(), USER).await;
    let (_, first) = pool.exchange(&code).await;
    for _ in 0..2 {
        let (status, again) = refresh(&pool, &first["refresh_token"]).await;
        assert_eq!(status, 200, "{again}");
        assert_eq!(again.get("refresh_token"), None);
        assert_eq!(claims(&again["id_token"]).get("nonce"), None);
        assert_eq!(
            claims(&again["access_token"])["scope"],
            "openid email profile"
        );
    }
}

#[tokio::test]
async fn refresh_with_rotation_replaces_it_within_the_grace_period() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "refresh_rotation": true, "refresh_grace_seconds": 10 }))
        .await;
    let code = pool.authorization_code(&query(), USER).await;
    let (_, first) = pool.exchange(&code).await;
    let (_, second) = refresh(&pool, &first["refresh_token"]).await;
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(refresh(&pool, &first["refresh_token"]).await.0, 200);
    pool.advance(10).await;
    let (status, body) = refresh(&pool, &first["refresh_token"]).await;
    assert_eq!(
        (status.as_u16(), body["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    assert_eq!(refresh(&pool, &second["refresh_token"]).await.0, 200);
}

#[tokio::test]
async fn tokens_of_the_api_refresh_here_and_without_openid_there_is_no_id_token() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(USER).await;
    let (status, body) = refresh(&pool, &tokens["RefreshToken"]).await;
    assert_eq!(status, 200);
    assert!(body["id_token"].is_string());
    let query = query().replace(
        "openid+email+profile",
        "aws.cognito.signin.user.admin+openid",
    );
    let code = pool.authorization_code(&query, USER).await;
    let (_, body) = pool.exchange(&code).await;
    pool.get_user(&body["access_token"]).await.ok();
    let (_, refused) = refresh(&pool, &json!("a.b.c.d.e")).await;
    assert_eq!(refused["error"], "invalid_grant");
}

async fn user_info(pool: &TestPool, token: &Value) -> reqwest::Response {
    let request = pool.request(Method::GET, "/oauth2/userInfo");
    request
        .bearer_auth(token.as_str().unwrap())
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn user_info_tells_what_the_scopes_open_as_strings() {
    let pool = TestPool::start().await;
    let (_, tokens) = pool
        .exchange(&pool.authorization_code(&query(), USER).await)
        .await;
    let answer = user_info(&pool, &tokens["access_token"]).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["email"], USER);
    assert_eq!(body["email_verified"], "true");
    assert_eq!(body["username"], body["sub"]);
}

#[tokio::test]
async fn user_info_refuses_other_tokens() {
    let pool = TestPool::start().await;
    let (_, tokens) = pool
        .exchange(&pool.authorization_code(&query(), USER).await)
        .await;
    let api = pool.signed_in(USER).await;
    for bad in [&tokens["id_token"], &api["AccessToken"], &json!("garbage")] {
        let answer = user_info(&pool, bad).await;
        assert_eq!(answer.status(), 401);
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    let none = pool
        .request(Method::GET, "/oauth2/userInfo")
        .send()
        .await
        .unwrap();
    assert_eq!(none.status(), 400);
    let body = json!({ "AccessToken": api["AccessToken"] });
    pool.call("GlobalSignOut", body).await.ok();
    assert_eq!(
        user_info(&pool, &tokens["access_token"]).await.status(),
        401
    );
}

#[tokio::test]
async fn revocation_ends_the_family_and_is_quiet_about_garbage() {
    let pool = TestPool::start().await;
    let (_, tokens) = pool
        .exchange(&pool.authorization_code(&query(), USER).await)
        .await;
    let revoke = |token: &str| {
        let form = [
            ("client_id", PUBLIC_CLIENT_ID.to_owned()),
            ("token", token.to_owned()),
        ];
        let request = pool.request(Method::POST, "/oauth2/revoke").form(&form);
        async move {
            let response = request.send().await.unwrap();
            (response.status(), response.text().await.unwrap())
        }
    };
    let error = |status: u16, error: &str| {
        (
            StatusCode::from_u16(status).unwrap(),
            json!({ "error": error }).to_string(),
        )
    };
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(revoke(access).await, error(400, "unsupported_token_type"));
    assert_eq!(revoke("").await, error(400, "invalid_request"));
    let token = tokens["refresh_token"].as_str().unwrap();
    for token in [token, token, "garbage"] {
        assert_eq!(revoke(token).await, (StatusCode::OK, String::new()));
    }
    assert_eq!(
        refresh(&pool, &tokens["refresh_token"]).await.1["error"],
        "invalid_grant"
    );
    assert_eq!(
        user_info(&pool, &tokens["access_token"]).await.status(),
        401
    );
    let wrong = [
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", "wrong"),
        ("token", "x"),
    ];
    let (status, body) = pool.oauth("/oauth2/revoke", &wrong).await;
    assert_eq!(
        (status.as_u16(), body["error"].as_str()),
        (401, Some("invalid_client"))
    );
}
