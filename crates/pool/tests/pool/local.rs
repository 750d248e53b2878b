//! Users, settings, faults, counters and clock under `/_local`.

use std::time::{Duration, Instant};

use cogward_pool::PUBLIC_CLIENT_ID;
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims};

const USER: &str = "user@example.com";

#[tokio::test]
async fn the_pool_says_that_it_is_ready() {
    let pool = TestPool::start().await;
    let health = pool
        .request(Method::GET, "/_local/health")
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
    assert_eq!(health.json::<Value>().await.unwrap()["status"], "ok");
}

#[tokio::test]
async fn a_made_user_is_confirmed_and_can_be_changed() {
    let pool = TestPool::start().await;
    let body = json!({
        "username": "Made@Example.com", "password": "Made-Passw0rd", "groups": ["a", "b"],
        "attributes": { "given_name": "Ada", "custom:n": "1" },
    });
    let (status, made) = pool.local("users", body).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["status"], "CONFIRMED");
    let answer = pool
        .password("made@example.com", "Made-Passw0rd")
        .await
        .ok();
    let id = claims(&answer["AuthenticationResult"]["IdToken"]);
    assert_eq!(id["cognito:groups"], json!(["a", "b"]));
    assert_eq!(
        (&id["given_name"], &id["custom:n"]),
        (&json!("Ada"), &json!("1"))
    );
    assert_eq!(id["email_verified"], true);
    assert_eq!(id["sub"], made["username"]);

    let change = json!({ "username": "made@example.com", "groups": [] });
    assert_eq!(pool.local("users", change).await.0, 200);
    let answer = pool
        .password("made@example.com", "Made-Passw0rd")
        .await
        .ok();
    let id = claims(&answer["AuthenticationResult"]["IdToken"]);
    assert_eq!(
        (id.get("cognito:groups"), &id["given_name"]),
        (None, &json!("Ada"))
    );

    for bad in [
        json!({ "username": "x@example.com" }),
        json!({ "username": "no-email", "password": PASSWORD }),
        json!({ "username": "x@example.com", "password": "weak" }),
        json!({ "username": "x@example.com", "password": PASSWORD, "nickname": "x" }),
        json!({ "username": USER, "attributes": { "sub": "x" } }),
        json!({ "username": USER, "status": "ODD" }),
        json!({}),
    ] {
        let (status, body) = pool.local("users", bad.clone()).await;
        assert_eq!(
            (status.as_u16(), &body["error"]),
            (400, &json!("bad_request")),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_bad_setting_is_named_with_the_valid_ones_and_nothing_changes() {
    let pool = TestPool::start().await;
    let (_, before) = pool.local("settings", json!({})).await;
    for (bad, named) in [
        (
            json!({ "refresh_grace_seconds": 1, "acces_token_seconds": 1 }),
            "acces_token_seconds",
        ),
        (json!({ "access_token_seconds": 0 }), "access_token_seconds"),
        (
            json!({ "access_token_seconds": "60" }),
            "access_token_seconds",
        ),
        (json!({ "refresh_grace_seconds": 61 }), "0 to 60"),
        (json!({ "refresh_rotation": "off" }), "refresh_rotation"),
        (json!({ "mfa": "on" }), "mfa"),
        (
            json!({ "password_policy": { "length": 8 } }),
            "minimum_length",
        ),
        (json!({ "password_policy": 8 }), "password_policy"),
    ] {
        let (status, body) = pool.local("settings", bad.clone()).await;
        assert_eq!(status, 400, "{bad}");
        assert!(body["message"].as_str().unwrap().contains(named), "{body}");
    }
    let (_, body) = pool.local("settings", json!({ "x": 1 })).await;
    let names = before.as_object().unwrap().keys();
    for name in names {
        assert!(
            body["message"].as_str().unwrap().contains(name.as_str()),
            "{name}"
        );
    }
    assert_eq!(pool.local("settings", json!({})).await.1, before);
}

#[tokio::test]
async fn a_fault_fails_as_often_as_asked_and_is_counted() {
    let pool = TestPool::start().await;
    let fault = json!({
        "op": "InitiateAuth", "status": 400, "type": "TooManyRequestsException", "times": 2,
    });
    assert_eq!(pool.local("faults", fault).await.0, 200);
    for _ in 0..2 {
        let answer = pool.password(USER, PASSWORD).await;
        answer.refused("TooManyRequestsException");
        assert_eq!(
            answer.headers["x-amzn-errortype"],
            "TooManyRequestsException:"
        );
    }
    pool.signed_in(USER).await;
    let stats = pool.stats().await;
    assert_eq!(stats["InitiateAuth"], 3);
    assert_eq!(stats["oauth2/token"], 0);
}

async fn set_fault(pool: &TestPool, fault: Value) {
    let (status, body) = pool.local("faults", fault).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn a_fault_has_a_status_and_a_type() {
    let pool = TestPool::start().await;
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", PUBLIC_CLIENT_ID),
    ];
    let fault = json!({ "op": "oauth2/token", "status": 400, "type": "invalid_grant" });
    set_fault(&pool, fault).await;
    let (status, body) = pool.oauth("/oauth2/token", &form).await;
    assert_eq!(
        (status.as_u16(), body),
        (400, json!({ "error": "invalid_grant" }))
    );
    set_fault(&pool, json!({ "op": "oauth2/token", "status": 503 })).await;
    let (status, body) = pool.oauth("/oauth2/token", &form).await;
    assert_eq!(
        (status.as_u16(), body),
        (503, json!({ "error": "server_error" }))
    );
    set_fault(&pool, json!({ "op": "GetUser", "status": 500 })).await;
    let answer = pool.get_user(&json!("x")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.kind()),
        (500, "InternalErrorException")
    );
}

#[tokio::test]
async fn a_fault_may_answer_anything_hang_up_or_be_late() {
    let pool = TestPool::start().await;
    let path = format!("/{}/.well-known/jwks.json", cogward_pool::POOL_ID);
    let jwks = || pool.request(Method::GET, &path).send();
    set_fault(
        &pool,
        json!({ "op": "jwks", "status": 200, "body": "not json" }),
    )
    .await;
    assert_eq!(jwks().await.unwrap().text().await.unwrap(), "not json");
    set_fault(&pool, json!({ "op": "jwks", "drop": true })).await;
    assert!(jwks().await.is_err());
    assert_eq!(jwks().await.unwrap().status(), 200);
    set_fault(&pool, json!({ "op": "jwks", "delay_ms": 300 })).await;
    let begun = Instant::now();
    assert_eq!(jwks().await.unwrap().status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    set_fault(&pool, json!({ "op": "jwks", "status": 500, "times": 9 })).await;
    set_fault(&pool, json!({ "op": "jwks", "times": 0 })).await;
    assert_eq!(jwks().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_bad_fault_is_told() {
    let pool = TestPool::start().await;
    for (bad, named) in [
        (
            json!({ "op": "oauth2/tokens", "status": 500 }),
            "oauth2/token,",
        ),
        (
            json!({ "op": "CreateUserPool", "status": 500 }),
            "InitiateAuth",
        ),
        (json!({ "op": "jwks" }), "delay_ms"),
        (json!({ "op": "jwks", "status": 99 }), "status"),
        (json!({ "op": "jwks", "status": 500, "time": 1 }), "time"),
        (json!({ "status": 500 }), "op"),
    ] {
        let (status, body) = pool.local("faults", bad.clone()).await;
        assert_eq!(status, 400, "{bad}");
        assert!(body["message"].as_str().unwrap().contains(named), "{body}");
    }
}

#[tokio::test]
async fn the_clock_moves_forward_only() {
    let pool = TestPool::start().await;
    let (_, first) = pool.local("clock", json!({ "advance_seconds": 0 })).await;
    let (_, later) = pool
        .local("clock", json!({ "advance_seconds": 1000 }))
        .await;
    assert!(later["now"].as_i64().unwrap() >= first["now"].as_i64().unwrap() + 1000);
    for bad in [
        json!({ "advance_seconds": -1 }),
        json!({ "advance_seconds": i64::MAX }),
        json!({}),
    ] {
        assert_eq!(pool.local("clock", bad).await.0, 400);
    }
}

#[tokio::test]
async fn the_inbox_is_a_page_for_people() {
    let pool = TestPool::start().await;
    pool.sign_up("a@example.com").await.ok();
    pool.sign_up("b@example.com").await.ok();
    let code = pool.code("a@example.com").await;
    let get = async |path: &str| {
        let page = pool.request(Method::GET, path).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(
            page.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("'none'")
        );
        page.text().await.unwrap()
    };
    let all = get("/_local/").await;
    assert!(all.contains(&code) && all.contains("b@example.com"));
    let one = get("/_local/?recipient=A@example.com").await;
    assert!(one.contains(&code) && !one.contains("b@example.com"));
    let escaped = get("/_local/?recipient=%3Cscript%3E").await;
    assert!(!escaped.contains("<script>"));
    let root = pool.request(Method::GET, "/").send().await.unwrap();
    assert_eq!(root.headers()["location"], "/_local/");
    let style = pool
        .request(Method::GET, "/_local/assets/pool.css")
        .send()
        .await
        .unwrap();
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
}

#[tokio::test]
async fn the_last_calls_are_listed_without_what_was_in_them() {
    let pool = TestPool::start().await;
    pool.password(USER, PASSWORD).await.ok();
    pool.password(USER, "Wr0ng-secret!").await;
    pool.call("NoSuchThing", json!({})).await;
    let path = "/oauth2/userInfo?code=marker-in-a-query";
    pool.request(Method::GET, path).send().await.unwrap();
    let calls = async || -> Value {
        let answer = pool.request(Method::GET, "/_local/calls").send().await;
        answer.unwrap().json().await.unwrap()
    };
    let listed = calls().await;
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "GET /oauth2/userInfo",
            "unknown operation",
            "InitiateAuth",
            "InitiateAuth"
        ]
    );
    assert_eq!(listed[2]["error"], "NotAuthorizedException");
    assert_eq!(
        (&listed[2]["status"], &listed[3]["status"]),
        (&json!(400), &json!(200))
    );
    let page = pool.request(Method::GET, "/_local/").send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let text = page.text().await.unwrap();
    assert!(text.contains("NotAuthorizedException"), "{text}");
    for secret in ["marker-in-a-query", "Wr0ng-secret!", PASSWORD] {
        assert!(!text.contains(secret) && !listed.to_string().contains(secret));
    }
    for _ in 0..210 {
        pool.request(Method::OPTIONS, "/").send().await.unwrap();
    }
    assert_eq!(calls().await.as_array().unwrap().len(), 200);
}

#[tokio::test]
async fn a_wrong_address_or_method_is_told_what_there_is() {
    let pool = TestPool::start().await;
    for (method, path, status, error) in [
        (Method::GET, "/_local/nothing", 404, "not_found"),
        (Method::GET, "/_local/keys", 404, "not_found"),
        (Method::GET, "/_local/users", 405, "method_not_allowed"),
        (Method::DELETE, "/_local/health", 405, "method_not_allowed"),
        (Method::PUT, "/_local/", 405, "method_not_allowed"),
    ] {
        let answer = pool.request(method, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"], error, "{path}");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains("POST /_local/faults, users"), "{message}");
    }
    let (status, body) = pool.local("nothing", json!({})).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (404, &json!("not_found"))
    );
    let (status, body) = pool.local("stats", json!({})).await;
    assert_eq!(status, 405, "{body}");
}
