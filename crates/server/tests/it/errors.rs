//! Every error status, as each route family says it.

use std::collections::HashSet;
use std::time::Duration;

use cogward_testkit::{Answer, Browser, FRONTEND, TestApp, TokenAnswer};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use url::Url;

use crate::raw::{pipelined, raw};
use crate::sign_ins::{
    BACKEND_PROXY, Family, TOKEN_HANDLER, access_claims, answer_well, id_claims, sign_in,
};

/// What stands on every answer, and on every error.
#[track_caller]
fn assert_headers(answer: &Answer) {
    let id = answer.header("x-request-id");
    assert_eq!(id.len(), 24, "{id}");
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("strict-transport-security", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name} of {}", answer.url);
    }
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; frame-ancestors 'none'"),
        "{policy}"
    );

    let status = answer.status.as_u16();
    let expected = if status == 401 { "Cookie" } else { "" };
    assert_eq!(answer.header("www-authenticate"), expected);
    let again = answer.header("retry-after").parse::<u32>();
    assert_eq!(
        again.is_ok_and(|seconds| seconds > 0),
        [429, 503].contains(&status)
    );
    assert_eq!(answer.headers.contains_key("allow"), status == 405);
}

/// The Token Handler family: `error`, sometimes `message`; a request id when it was our fault.
#[track_caller]
fn assert_token_handler(answer: &Answer, status: u16, error: &str, message: Option<&str>) {
    assert_eq!(answer.status, status, "{} {}", answer.url, answer.body);
    assert_headers(answer);
    let mut expected = Map::from_iter([("error".to_owned(), json!(error))]);
    expected.extend(message.map(|message| ("message".to_owned(), json!(message))));
    if status >= 500 {
        let id = answer.header("x-request-id");
        expected.insert("request_id".to_owned(), json!(id));
    }
    assert_eq!(answer.json(), Value::Object(expected));
}

/// The backend-proxy family: always the same four members.
#[track_caller]
fn assert_backend_proxy(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{} {}", answer.url, answer.body);
    assert_headers(answer);
    let body = answer.json();
    let message = body["message"].as_str().unwrap();
    assert!(!message.is_empty());
    let id = answer.header("x-request-id");
    let expected = json!({
        "error": error, "message": message, "detail": message, "request_id": id,
    });
    assert_eq!(body, expected);
}

async fn app() -> TestApp {
    let short = |site: &mut cogward_server::Site| site.body_timeout = Duration::from_millis(200);
    TestApp::builder().fake().site(short).start().await
}

async fn signed_in(app: &TestApp, family: Family) -> Browser {
    let mut browser = app.browser();
    sign_in(app, family, &mut browser, "somebody").await;
    browser
}

async fn send(browser: &mut Browser, method: Method, path: &str) -> Answer {
    let request = browser.request(method, path).header("x-l42-csrf", "1");
    browser.send(request).await
}

fn post(browser: &Browser, path: &str, kind: &str, body: String) -> RequestBuilder {
    let request = browser.request(Method::POST, path);
    request
        .header("x-l42-csrf", "1")
        .header("content-type", kind)
        .body(body)
}

/// A body that never comes.
async fn stalled(app: &TestApp, browser: &Browser, path: &str) -> Answer {
    let cookie = browser.cookie("cogward_session").unwrap_or_default();
    let headers = format!(
        "Cookie: cogward_session={cookie}\r\nX-L42-CSRF: 1\r\n\
         Content-Type: application/json\r\nContent-Length: 9\r\n"
    );
    let (status, text) = raw(app, &format!("POST {path}"), headers.as_bytes()).await;
    parsed(status, &text, app.base.join(path).unwrap())
}

fn parsed(status: u16, text: &str, url: Url) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let pairs = head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse().unwrap(), value.parse().unwrap())
    });
    Answer {
        status: status.try_into().unwrap(),
        headers: pairs.collect(),
        body: body.to_owned(),
        url,
    }
}

/// The answer to one start too many; one more is granted every tenth of a second.
async fn too_many(app: &TestApp, browser: &mut Browser, path: &str) -> Answer {
    for _ in 0..50 {
        pipelined(app, path, std::iter::repeat_n(String::new(), 1000)).await;
        let answer = browser.get(path).await;
        if answer.status != 302 {
            return answer;
        }
    }
    panic!("50000 starts and no end");
}

#[tokio::test]
async fn the_token_handler_says_what_its_protocol_says() {
    let app = app().await;
    let mut stranger = app.browser();
    for path in ["/auth/token", "/auth/me"] {
        let answer = stranger.get(path).await;
        assert_token_handler(&answer, 401, "Not authenticated", None);
    }
    let answer = stranger.post("/auth/refresh").await;
    assert_token_handler(&answer, 401, "Not authenticated", None);
    let answer = stranger.post_json("/auth/session", &json!({})).await;
    assert_token_handler(&answer, 400, "Missing access_token or id_token", None);
    let body = json!({ "access_token": "a", "id_token": "b" });
    let answer = stranger.post_json("/auth/session", &body).await;
    assert_token_handler(&answer, 403, "Token verification failed", None);
    let message = Some("Missing X-L42-CSRF header");
    for path in [
        "/auth/session",
        "/auth/refresh",
        "/auth/logout",
        "/auth/nothing",
    ] {
        let request = stranger.request(Method::POST, path);
        let answer = stranger.send(request).await;
        assert_token_handler(&answer, 403, "CSRF validation failed", message);
    }
    let answer = stranger.get("/auth/login?return_to=//evil.example").await;
    let error = "return_to must be a path on the frontend, such as /dashboard";
    assert_token_handler(&answer, 400, error, None);
    for path in ["/auth", "/auth/", "/auth/nothing", "/auth/token/x"] {
        assert_token_handler(&stranger.get(path).await, 404, "Not found", None);
    }
    let answer = send(&mut stranger, Method::DELETE, "/auth/me").await;
    assert_token_handler(&answer, 405, "method not allowed here", None);

    let answer = stalled(&app, &stranger, "/auth/session").await;
    assert_token_handler(&answer, 408, "the body took too long", None);
    let large = json!({ "access_token": "a".repeat(70_000) }).to_string();
    let request = post(&stranger, "/auth/session", "application/json", large);
    let answer = stranger.send(request).await;
    assert_token_handler(&answer, 413, "the body is too large", None);
    let request = post(&stranger, "/auth/session", "text/plain", "{}".into());
    let answer = stranger.send(request).await;
    assert_token_handler(&answer, 415, "the body must be application/json", None);
    let answer = too_many(&app, &mut stranger, "/auth/login").await;
    assert_token_handler(&answer, 429, "Too many requests", None);
}

#[tokio::test]
async fn the_token_handler_tells_how_a_session_ended() {
    let app = app().await;
    let mut browser = app.browser();
    let tokens = json!({
        "id_token": app.fake().id.sign(&id_claims(&app, "somebody", "")),
        "access_token": app.fake().access.sign(&access_claims(&app, "somebody")),
    });
    assert_eq!(
        browser.post_json("/auth/session", &tokens).await.status,
        200
    );
    let answer = browser.post("/auth/refresh").await;
    assert_token_handler(&answer, 401, "No refresh token", None);
    app.clock.advance(3601);
    assert_token_handler(
        &browser.get("/auth/token").await,
        401,
        "Token expired",
        None,
    );

    let mut browser = signed_in(&app, TOKEN_HANDLER).await;
    app.store.panic_at("load");
    let answer = browser.get("/auth/me").await;
    assert_token_handler(&answer, 500, "Internal server error", None);
    app.store.set_broken(true);
    for answer in [
        browser.get("/auth/token").await,
        browser.post("/auth/refresh").await,
        browser.get("/auth/login").await,
    ] {
        assert_token_handler(&answer, 503, "Service unavailable", None);
    }
    app.store.set_broken(false);
    assert_eq!(
        browser.get("/auth/me").await.status,
        200,
        "the session is kept"
    );
    let fatal = r#"{"error":"invalid_grant"}"#.to_owned();
    app.fake().answer(TokenAnswer::Body(400, fatal));
    let answer = browser.post("/auth/refresh").await;
    let message = "Session expired: the refresh token was refused";
    assert_token_handler(&answer, 401, "Refresh failed", Some(message));
    assert_eq!(browser.cookie("cogward_session"), None);
}

#[tokio::test]
async fn the_backend_proxy_says_the_same_of_everything() {
    let app = app().await;
    let mut stranger = app.browser();
    let anonymous = "authentication_required";
    for path in [
        "/api/v1/auth/check",
        "/api/v1/profile",
        "/api/v1/auth/sessions",
    ] {
        assert_backend_proxy(&stranger.get(path).await, 401, anonymous);
    }
    for path in ["/api/v1/auth/refresh", "/api/v1/auth/logout/all"] {
        assert_backend_proxy(&stranger.post(path).await, 401, anonymous);
    }
    for start in [
        "return_to=//evil.example",
        "return_to=/a&return_to=/b",
        "identity_provider=x",
    ] {
        let answer = stranger.get(&format!("/api/v1/auth/login?{start}")).await;
        assert_backend_proxy(&answer, 400, "bad_request");
    }
    let request = stranger.request(Method::POST, "/api/v1/auth/logout");
    let answer = stranger
        .send(request.header("origin", "https://evil.example"))
        .await;
    assert_backend_proxy(&answer, 403, "forbidden");
    for path in [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/nothing",
        "/authority",
        "/%ff",
    ] {
        assert_backend_proxy(&stranger.get(path).await, 404, "not_found");
    }
    for path in ["/api/v1/auth/check", "/", "/health"] {
        let answer = send(&mut stranger, Method::DELETE, path).await;
        assert_backend_proxy(&answer, 405, "method_not_allowed");
    }
}

#[tokio::test]
async fn the_backend_proxy_says_it_to_those_signed_in_too() {
    let app = app().await;
    let mut browser = signed_in(&app, BACKEND_PROXY).await;
    let answer = send(
        &mut browser,
        Method::DELETE,
        "/api/v1/auth/sessions/aaaaaaaa",
    )
    .await;
    assert_backend_proxy(&answer, 404, "not_found");
    let all = "/api/v1/auth/logout/all";
    assert_backend_proxy(&stalled(&app, &browser, all).await, 408, "request_timeout");
    for (kind, body, status, error) in [
        ("application/json", "[".to_owned(), 400, "bad_request"),
        (
            "application/json",
            " ".repeat(70_000),
            413,
            "payload_too_large",
        ),
        ("text/plain", "{}".to_owned(), 415, "unsupported_media_type"),
    ] {
        let answer = browser.send(post(&browser, all, kind, body)).await;
        assert_backend_proxy(&answer, status, error);
    }
    let answer = too_many(&app, &mut browser, "/api/v1/auth/login").await;
    assert_backend_proxy(&answer, 429, "too_many_requests");
    assert_eq!(browser.get("/api/v1/auth/check").await.status, 200);
}

#[tokio::test]
async fn the_backend_proxy_tells_how_a_session_ended() {
    let app = app().await;
    let mut browser = signed_in(&app, BACKEND_PROXY).await;
    app.store.panic_at("load");
    let answer = browser.get("/api/v1/auth/check").await;
    assert_backend_proxy(&answer, 500, "internal_error");
    assert!(!answer.body.contains("store") && !answer.body.contains("panic"));
    app.store.set_broken(true);
    for path in ["/api/v1/auth/check", "/api/v1/auth/login", "/api/v1/health"] {
        let answer = browser.get(path).await;
        assert_backend_proxy(&answer, 503, "unavailable");
        assert!(!answer.body.contains("store"), "{}", answer.body);
    }
    app.store.set_broken(false);
    let mut stale = browser.copy();
    assert_eq!(browser.post("/api/v1/auth/logout").await.status, 200);
    let answer = stale.get("/api/v1/auth/check").await;
    assert_backend_proxy(&answer, 401, "authentication_required");
    let detail = answer.json()["detail"].as_str().unwrap().to_lowercase();
    assert!(detail.contains("expired"), "{detail}");
}

#[tokio::test]
async fn a_person_is_sent_to_a_page_when_the_store_is_down() {
    let app = app().await;
    for (family, page, why) in [
        (BACKEND_PROXY, "/auth/error", "reason"),
        (TOKEN_HANDLER, "/login", "error"),
    ] {
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        app.store.set_broken(true);
        let request = browser.request(Method::GET, family.login);
        let answer = browser
            .send(request.header("sec-fetch-mode", "navigate"))
            .await;
        let expected = format!("{FRONTEND}{page}?{why}=unavailable");
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (302, &*expected)
        );
        let answer = family.back(&mut browser, &start.query()).await;
        family.assert_refused(&answer, "oauth_failed");
        // Nothing was used up: the person tries again.
        app.store.set_broken(false);
        answer_well(&app, "somebody", &start.nonce);
        family.assert_signed_in(&family.back(&mut browser, &start.query()).await);
    }
}

#[tokio::test]
async fn a_page_of_the_frontend_can_read_every_refusal() {
    let app = app().await;
    let mut browser = signed_in(&app, TOKEN_HANDLER).await;
    app.store.panic_at("load");
    for (method, path, status) in [
        (Method::GET, "/auth/me", 500),
        (Method::POST, "/auth/logout", 403),
        (Method::GET, "/auth/nothing", 404),
        (Method::GET, "/auth/me", 200),
    ] {
        let request = browser.request(method, path).header("origin", FRONTEND);
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            FRONTEND,
            "{path}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            "true",
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_answer_has_a_name_of_its_own() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let mut seen = HashSet::new();
    for path in [
        "/",
        "/health",
        "/nothing",
        "/auth/token",
        "/api/v1/auth/login",
        "/openapi.json",
    ] {
        for _ in 0..3 {
            let request = browser.request(Method::GET, path);
            let request = request.header("x-request-id", "chosen-by-the-caller");
            let answer = app.browser().send(request).await;
            let id = answer.header("x-request-id").to_owned();
            assert_eq!(id.len(), 24, "{path}");
            assert!(seen.insert(id), "{path}");
        }
    }
}

#[tokio::test]
async fn transport_security_is_asked_for_over_https_only() {
    let public = |site: &mut cogward_server::Site| {
        site.public_url = Url::parse("https://auth.example.com").unwrap();
    };
    let app = TestApp::builder().site(public).start().await;
    for path in ["/", "/nothing", "/auth/token", "/api/v1/auth/login"] {
        let answer = app.browser().get(path).await;
        let asked = answer.header("strict-transport-security");
        assert!(asked.starts_with("max-age=31536000"), "{path}: {asked}");
    }
}
