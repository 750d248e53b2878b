//! Threats G: sign-out, its replays, its forgeries, and what it leaves behind.

use cogward_testkit::{Answer, Browser, FRONTEND, StoreKind, TestApp};
use reqwest::Method;
use serde_json::json;

use crate::support::{refresh_at_pool, session_operations, token_calls};

const ALICE: &str = "user@example.com";
const LOGOUTS: [&str; 2] = ["/auth/logout", "/api/v1/auth/logout"];

type Headers = Vec<(&'static str, &'static str)>;

fn success(path: &str) -> serde_json::Value {
    match path {
        "/auth/logout" => json!({ "success": true }),
        _ => json!({ "success": true, "message": "Logged out successfully" }),
    }
}

/// Both cookies are taken away, each once and with the attributes they were set with.
#[track_caller]
fn assert_cleared(answer: &Answer) {
    let mut cookies = answer.set_cookies();
    cookies.sort();
    let cleared = "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
    assert_eq!(
        cookies,
        [
            format!("cogward_login{cleared}"),
            format!("cogward_session{cleared}")
        ]
    );
}

#[tokio::test]
async fn t79_a_copied_cookie_is_worth_nothing_after_sign_out() {
    for store in StoreKind::ALL {
        let app = TestApp::builder().store(store).start().await;
        for path in [
            "/auth/logout",
            "/api/v1/auth/logout",
            "/api/v1/auth/logout/all",
        ] {
            let mut browser = app.browser();
            app.sign_in(&mut browser, ALICE).await;
            let thief = browser.copy();
            assert_eq!(browser.post(path).await.status, 200);
            let calls = token_calls(&app).await;
            for (method, route) in session_operations(&app).await {
                let mut thief = thief.copy();
                let request = thief
                    .request(method.clone(), &route)
                    .header("x-l42-csrf", "1");
                let answer = thief.send(request).await;
                assert_eq!(
                    answer.status, 401,
                    "{path} {method} {route}: {}",
                    answer.body
                );
                assert!(!answer.body.contains(ALICE));
            }
            assert_eq!(token_calls(&app).await, calls);
        }
    }
}

#[tokio::test]
async fn t80_exactly_this_sessions_refresh_token_is_revoked() {
    for path in LOGOUTS {
        let app = TestApp::start().await;
        let (mut one, mut other) = (app.browser(), app.browser());
        app.sign_in(&mut one, ALICE).await;
        app.sign_in(&mut other, ALICE).await;
        let token_of =
            async |browser: &Browser| app.token_set(browser).await.refresh_token.unwrap();
        let (of_one, of_other) = (token_of(&one).await, token_of(&other).await);
        assert_eq!(refresh_at_pool(&app, of_one.expose()).await, 200);
        assert_eq!(one.post(path).await.status, 200);
        assert_eq!(app.calls("oauth2/revoke").await, 1);
        assert_eq!(refresh_at_pool(&app, of_one.expose()).await, 400);
        assert_eq!(refresh_at_pool(&app, of_other.expose()).await, 200);
        assert_eq!(other.post("/auth/refresh").await.status, 200);
        assert_eq!(other.get("/auth/me").await.json()["email"], ALICE);
    }
}

#[tokio::test]
async fn t80_a_cognito_that_is_away_does_not_keep_anybody_signed_in() {
    let app = TestApp::start().await;
    for fault in [
        json!({ "op": "oauth2/revoke", "status": 503 }),
        json!({ "op": "oauth2/revoke", "drop": true }),
        json!({ "op": "oauth2/revoke", "delay_ms": 20_000 }),
    ] {
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let mut thief = browser.copy();
        app.local("faults", fault.clone()).await;
        let answer = browser.post("/auth/logout").await;
        assert_eq!(answer.json(), json!({ "success": true }), "{fault}");
        assert_cleared(&answer);
        assert_eq!(thief.get("/auth/me").await.status, 401, "{fault}");
    }
}

#[tokio::test]
async fn t82_sign_out_cannot_be_forged() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let (writes, revoked) = (app.store.writes(), app.calls("oauth2/revoke").await);
    let evil = ("origin", "https://evil.example");
    let header = ("x-l42-csrf", "1");
    let mut forged: Vec<(Method, &str, Headers)> = Vec::new();
    for path in [
        "/auth/logout",
        "/api/v1/auth/logout",
        "/api/v1/auth/logout/all",
    ] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
            forged.push((method, path, vec![header]));
        }
        for headers in [
            vec![evil],
            vec![evil, header],
            vec![("origin", "null"), header],
            vec![("sec-fetch-site", "cross-site"), header],
            vec![("sec-fetch-site", "same-site"), header],
            vec![header, ("content-type", "text/plain")],
            vec![
                header,
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            vec![header, ("content-type", "multipart/form-data; boundary=x")],
        ] {
            forged.push((Method::POST, path, headers));
        }
    }
    for headers in [
        vec![],
        vec![("x-l42-csrf", "0")],
        vec![("x-l42-csrf", "")],
        vec![("x-l42-csrf", "true")],
    ] {
        forged.push((Method::POST, "/auth/logout", headers));
    }
    for (method, path, headers) in forged {
        let mut request = browser.request(method.clone(), path);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let answer = browser.send(request).await;
        let status = answer.status.as_u16();
        let expected: &[u16] = match method {
            Method::POST => &[403, 415],
            Method::OPTIONS => &[200, 204, 405],
            _ => &[405],
        };
        assert!(
            expected.contains(&status),
            "{method} {path} {headers:?}: {status}"
        );
        assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{path}");
        assert_eq!(browser.get("/auth/me").await.status, 200, "{method} {path}");
    }
    assert_eq!(app.store.writes(), writes);
    assert_eq!(app.calls("oauth2/revoke").await, revoked);
}

#[tokio::test]
async fn t83_sign_out_sends_nobody_elsewhere() {
    let app = TestApp::start().await;
    for name in [
        "return_to",
        "rd",
        "logout_uri",
        "redirect_uri",
        "client_id",
        "next",
    ] {
        for value in [
            "https%3A%2F%2Fevil.example%2F",
            "%2F%2Fevil.example",
            "%2Fx",
        ] {
            for path in LOGOUTS {
                let answer = app.browser().post(&format!("{path}?{name}={value}")).await;
                assert_eq!(answer.status, 200);
                assert_eq!(answer.header("location"), "", "{path} {name}");
                assert!(!answer.body.contains("evil"), "{}", answer.body);
            }
            let path = format!("/api/v1/auth/logout/redirect?{name}={value}");
            let answer = app.browser().get(&path).await.json();
            let url: reqwest::Url = answer["url"].as_str().unwrap().parse().unwrap();
            assert_eq!(url.origin(), app.upstream.base().origin());
            assert_eq!(url.path(), "/logout");
            let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            query.sort();
            let client = app.auth.pool().client_id.clone();
            let expected = [
                ("client_id".to_owned(), client),
                ("logout_uri".to_owned(), FRONTEND.to_owned()),
            ];
            assert_eq!(query, expected, "{name}={value}");
        }
    }
}

#[tokio::test]
async fn t85_sign_out_leaves_no_cookie() {
    let app = TestApp::start().await;
    for path in LOGOUTS {
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        // Another sign-in of each family is under way.
        for start in ["/auth/login", "/api/v1/auth/login"] {
            assert_eq!(browser.get(start).await.status, 302);
        }
        assert!(browser.cookie("cogward_login").is_some());
        assert_cleared(&browser.post(path).await);
        for name in ["cogward_session", "cogward_login"] {
            assert_eq!(browser.cookie(name), None, "{path}");
        }
    }
    // With a domain and Secure, clearing says the same as setting did.
    let app = TestApp::builder()
        .site(|site| {
            site.cookies.domain = Some("example.com".into());
            site.cookies.secure = true;
        })
        .start()
        .await;
    for line in app.browser().post("/auth/logout").await.set_cookies() {
        assert!(
            line.ends_with(
                "; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure; Domain=example.com"
            ),
            "{line}"
        );
    }
}

#[tokio::test]
async fn t86_sign_out_succeeds_again_and_without_a_session() {
    let app = TestApp::start().await;
    for path in LOGOUTS {
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let cookie = browser.cookie("cogward_session").unwrap().to_owned();
        let tampered = format!("{}A", &cookie[..cookie.len() - 1]);
        for value in [
            cookie.as_str(),
            &cookie,
            &tampered,
            "garbage",
            "",
            &"x".repeat(8000),
        ] {
            browser.set_cookie("cogward_session", value);
            let answer = browser.post(path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            assert_eq!(answer.json(), success(path));
            assert_cleared(&answer);
        }
        let answer = app.browser().post(path).await;
        assert_eq!(answer.json(), success(path));
        assert_cleared(&answer);
    }
    assert_eq!(app.calls("oauth2/revoke").await, 2, "one for each session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t86_at_the_same_time_it_succeeds_every_time() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let outs = (0..10).map(|_| {
        let mut tab = browser.copy();
        async move { tab.post("/auth/logout").await }
    });
    for answer in futures_util::future::join_all(outs).await {
        assert_eq!(answer.json(), json!({ "success": true }));
        assert_cleared(&answer);
    }
    assert_ne!(app.calls("oauth2/revoke").await, 0);
    assert_eq!(browser.get("/auth/me").await.status, 401);
}
