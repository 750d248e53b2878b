//! Threats H: requests that a page elsewhere makes a browser send.

use cogward_testkit::{Answer, Browser, FRONTEND, TestApp};
use reqwest::Method;
use serde_json::json;

use crate::support::{operations, token_calls, tokens};

const ALICE: &str = "user@example.com";
const EVIL: &str = "https://evil.example";
const APP: &str = "https://app.example.com";

async fn app_for_two_frontends() -> TestApp {
    TestApp::builder()
        .site(|site| site.allowed_origins = vec![APP.parse().unwrap()])
        .start()
        .await
}

async fn send(
    browser: &mut Browser,
    method: &Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = browser.request(method.clone(), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    browser.send(request).await
}

/// Counts of everything that a request may change.
async fn state(app: &TestApp) -> (usize, u64, u64) {
    let revoked = app.calls("oauth2/revoke").await + app.calls("GlobalSignOut").await;
    (app.store.writes(), token_calls(app).await, revoked)
}

#[tokio::test]
async fn t88_no_unsafe_route_can_be_called_from_elsewhere() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let before = state(&app).await;
    let mut tested = 0;
    for (method, path) in operations(&app).await {
        if method == Method::GET {
            continue;
        }
        let header = ("x-l42-csrf", "1");
        let mut forged = vec![
            vec![("origin", EVIL), header],
            vec![("origin", "null"), header],
            vec![("sec-fetch-site", "cross-site"), header],
            vec![("sec-fetch-site", "same-site"), header],
            vec![("origin", EVIL), ("sec-fetch-site", "same-origin"), header],
            vec![("origin", FRONTEND), ("origin", EVIL), header],
            vec![("origin", EVIL), ("origin", FRONTEND), header],
        ];
        if path.starts_with("/auth/") {
            for value in ["", "0", "true", "1, 1", "01"] {
                forged.push(vec![("origin", FRONTEND), ("x-l42-csrf", value)]);
            }
            forged.push(vec![("origin", FRONTEND)]);
            forged.push(vec![]);
        }
        for headers in forged {
            let answer = send(&mut browser, &method, &path, &headers).await;
            assert_eq!(
                answer.status, 403,
                "{method} {path} {headers:?}: {}",
                answer.body
            );
            assert_eq!(answer.set_cookies(), Vec::<String>::new());
            tested += 1;
        }
    }
    assert!(tested >= 60, "{tested}");
    let missing = send(&mut browser, &Method::POST, "/auth/refresh", &[]).await;
    let expected = json!({
        "error": "CSRF validation failed", "message": "Missing X-L42-CSRF header",
    });
    for name in ["error", "message"] {
        assert_eq!(missing.json()[name], expected[name], "{}", missing.body);
    }
    assert_eq!(state(&app).await, before);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn t89_only_json_is_taken_as_json() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let pair = tokens(&app, ALICE).await;
    let before = state(&app).await;
    let simple = [
        Some("text/plain"),
        Some("TEXT/PLAIN"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data"),
        Some("multipart/form-data; boundary=x"),
        Some("text/plain;application/json"),
        Some("text/plain; charset=application/json"),
        Some("application/json, text/plain"),
        Some("application/jsonp"),
        Some("application/csp-report"),
        Some("*/*"),
        Some(""),
        None,
    ];
    let bodies = [
        ("/auth/session", pair.to_string()),
        (
            "/api/v1/auth/logout/all",
            json!({ "others": true }).to_string(),
        ),
        ("/auth/refresh", "{}".to_owned()),
        ("/auth/logout", "{}".to_owned()),
        ("/api/v1/auth/refresh", "{}".to_owned()),
        ("/api/v1/auth/logout", "{}".to_owned()),
    ];
    for (path, body) in &bodies {
        for kind in simple {
            // Without a body that they read, these have no use for its type.
            if kind.is_none() && !["/auth/session", "/api/v1/auth/logout/all"].contains(path) {
                continue;
            }
            let mut request = browser
                .request(Method::POST, path)
                .header("x-l42-csrf", "1");
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            let answer = browser.send(request.body(body.clone())).await;
            let status = answer.status.as_u16();
            assert!(
                matches!(status, 400 | 403 | 415),
                "{path} {kind:?}: {status}"
            );
            assert_eq!(
                answer.set_cookies(),
                Vec::<String>::new(),
                "{path} {kind:?}"
            );
        }
    }
    assert_eq!(state(&app).await, before);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

/// None of them is `https://app.example.com` or `http://localhost:3000`.
const FOREIGN: [&str; 22] = [
    "null",
    "",
    "https://app.example.com.evil",
    "https://app.example.com:444",
    "https://app.example.com:443",
    "https://app.example.com@evil",
    "https://evil@app.example.com",
    "https://app.example.com/",
    "https://app.example.com.",
    "https://APP.example.com",
    "HTTPS://app.example.com",
    "http://app.example.com",
    "https://example.com",
    "https://xapp.example.com",
    "https://app.example.com https://evil.example",
    "https://app.example.com, https://evil.example",
    "//app.example.com",
    "app.example.com",
    "https://localhost:3000",
    "http://localhost:3000.evil",
    "http://127.0.0.1:3000",
    "file://",
];

#[tokio::test]
async fn t91_origins_are_compared_byte_for_byte() {
    let app = app_for_two_frontends().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let own = app.base.origin().ascii_serialization();
    let before = state(&app).await;
    let routes = [
        (Method::POST, "/auth/refresh"),
        (Method::POST, "/api/v1/auth/refresh"),
        (Method::GET, "/auth/token"),
    ];
    for (method, path) in &routes {
        for origin in FOREIGN {
            let headers = [
                ("origin", origin),
                ("x-l42-csrf", "1"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "app.example.com"),
            ];
            let answer = send(&mut browser, method, path, &headers).await;
            assert_eq!(
                answer.status, 403,
                "{method} {path} {origin}: {}",
                answer.body
            );
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        }
        // Neither Origin nor Fetch Metadata, but a page that names itself.
        for referer in [
            "https://evil.example/",
            "https://app.example.com.evil/",
            "http://app.example.com/",
            "garbage",
            "about:blank",
        ] {
            let headers = [("referer", referer), ("x-l42-csrf", "1")];
            let answer = send(&mut browser, method, path, &headers).await;
            assert_eq!(
                answer.status, 403,
                "{method} {path} {referer}: {}",
                answer.body
            );
        }
    }
    assert_eq!(state(&app).await, before);
    for (method, path) in &routes {
        for (name, value) in [
            ("origin", APP),
            ("origin", FRONTEND),
            ("origin", own.as_str()),
            ("referer", "https://app.example.com/some/page?with=query"),
            ("accept", "*/*"),
        ] {
            let headers = [(name, value), ("x-l42-csrf", "1")];
            let answer = send(&mut browser, method, path, &headers).await;
            assert_eq!(
                answer.status, 200,
                "{method} {path} {value}: {}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn t92_preflights_tell_strangers_nothing_and_run_nothing() {
    let app = app_for_two_frontends().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let before = state(&app).await;
    let loads = app.store.calls("load");
    for (method, path) in operations(&app).await {
        for origin in [EVIL, "null", "https://app.example.com.evil", APP, FRONTEND] {
            let headers = [
                ("origin", origin),
                ("access-control-request-method", method.as_str()),
                ("access-control-request-headers", "content-type,x-l42-csrf"),
            ];
            let answer = send(&mut browser, &Method::OPTIONS, &path, &headers).await;
            let allowed = [APP, FRONTEND].contains(&origin);
            assert_preflight(&answer, allowed.then_some(origin));
        }
    }
    assert_eq!(state(&app).await, before);
    assert_eq!(
        app.store.calls("load"),
        loads,
        "no session was even looked for"
    );
}

#[track_caller]
fn assert_preflight(answer: &Answer, allowed: Option<&str>) {
    let what = format!("{} {allowed:?}", answer.url);
    assert!(answer.status.is_success(), "{what}: {}", answer.status);
    assert_eq!(answer.body, "", "{what}");
    assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{what}");
    let header = |name: &str| answer.header(name).to_ascii_lowercase();
    assert_eq!(
        header("access-control-allow-origin"),
        allowed.unwrap_or_default(),
        "{what}"
    );
    let credentials = allowed.map_or("", |_| "true");
    assert_eq!(
        header("access-control-allow-credentials"),
        credentials,
        "{what}"
    );
    assert!(header("vary").contains("origin"), "{what}");
    if allowed.is_some() {
        for method in ["get", "post", "delete"] {
            assert!(
                header("access-control-allow-methods").contains(method),
                "{what}"
            );
        }
        for name in ["content-type", "x-l42-csrf"] {
            assert!(
                header("access-control-allow-headers").contains(name),
                "{what}"
            );
        }
    }
    for name in ["origin", "headers", "methods"] {
        assert_ne!(
            header(&format!("access-control-allow-{name}")),
            "*",
            "{what}"
        );
    }
}

#[tokio::test]
async fn t92_answers_differ_by_origin_and_say_so() {
    let app = app_for_two_frontends().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let mut paths: Vec<String> = operations(&app)
        .await
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    paths.push("/nowhere".to_owned());
    for path in paths {
        for origin in [Some(APP), Some(FRONTEND), Some(EVIL), None] {
            let mut tab = browser.copy();
            let headers: Vec<(&str, &str)> = origin
                .map(|origin| ("origin", origin))
                .into_iter()
                .collect();
            let answer = send(&mut tab, &Method::GET, &path, &headers).await;
            let vary = answer.headers.get_all("vary").iter();
            let vary: Vec<&str> = vary.map(|value| value.to_str().unwrap()).collect();
            assert!(
                vary.join(",").to_ascii_lowercase().contains("origin"),
                "{path}: {vary:?}"
            );
            let told = answer.header("access-control-allow-origin");
            let allowed = origin.filter(|origin| *origin != EVIL);
            assert_eq!(told, allowed.unwrap_or_default(), "{path} {origin:?}");
            let credentials = answer.header("access-control-allow-credentials");
            assert_eq!(
                credentials,
                allowed.map_or("", |_| "true"),
                "{path} {origin:?}"
            );
        }
    }
}
