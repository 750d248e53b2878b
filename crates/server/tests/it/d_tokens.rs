//! Threats D: a session from tokens, and tokens from a session.

use cogward_pool::SECRET_CLIENT_ID;
use cogward_testkit::{Answer, Browser, FRONTEND, StoreKind, TestApp, holds_a_token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{operations, refresh_at_pool, token_calls, tokens, tokens_of_confidential};

const ALICE: &str = "user@example.com";
const BOB: &str = "admin@example.com";

/// The pair with single members changed.
fn pair(of: &Value, changes: &[(&str, &Value)]) -> Value {
    let mut pair = of.clone();
    for (name, value) in changes {
        pair[*name] = (*value).clone();
    }
    pair
}

async fn adopt(browser: &mut Browser, tokens: &Value) -> Answer {
    let answer = browser.post_json("/auth/session", tokens).await;
    assert_eq!(answer.json(), json!({ "success": true }), "{}", answer.body);
    answer
}

#[tokio::test]
async fn t43_a_mismatched_pair_is_refused() {
    let app = TestApp::builder().audience(SECRET_CLIENT_ID).start().await;
    let (alice, bob) = (tokens(&app, ALICE).await, tokens(&app, BOB).await);
    let again = tokens(&app, ALICE).await;
    let elsewhere = tokens_of_confidential(&app, ALICE).await;
    // Every token here is good by itself.
    for good in [&alice, &bob, &again, &elsewhere] {
        adopt(&mut app.browser(), good).await;
    }
    let mut browser = app.browser();
    adopt(&mut browser, &alice).await;
    let writes = app.store.writes();
    let name = "access_token";
    let mixed = [
        pair(&alice, &[(name, &bob[name])]),
        pair(&alice, &[(name, &elsewhere[name])]),
        pair(&elsewhere, &[(name, &alice[name])]),
        pair(&alice, &[(name, &again[name])]),
        pair(&alice, &[(name, &alice["id_token"])]),
        pair(&alice, &[("id_token", &alice[name])]),
    ];
    for (number, mixed) in mixed.iter().enumerate() {
        let mut with_session = browser.copy();
        for browser in [&mut app.browser(), &mut with_session] {
            let answer = browser.post_json("/auth/session", mixed).await;
            assert_eq!(answer.status, 403, "pair {number}: {}", answer.body);
            assert_eq!(answer.json()["error"], "Token verification failed");
            assert_eq!(answer.set_cookies(), Vec::<String>::new());
        }
    }
    assert_eq!(app.store.writes(), writes);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn t44_a_swapped_refresh_token_ends_the_session_and_never_changes_who_it_is() {
    let app = TestApp::start().await;
    let (alice, bob) = (tokens(&app, ALICE).await, tokens(&app, BOB).await);
    let swapped = pair(&alice, &[("refresh_token", &bob["refresh_token"])]);
    for ask in ["refresh", "token"] {
        let mut browser = app.browser();
        adopt(&mut browser, &swapped).await;
        assert_eq!(browser.get("/auth/me").await.json()["email"], ALICE);
        let mut thief = browser.copy();
        let answer = match ask {
            "refresh" => browser.post("/auth/refresh").await,
            _ => {
                app.advance(3601).await;
                browser.get("/auth/token").await
            }
        };
        assert_eq!(answer.status, 401, "{ask}: {}", answer.body);
        assert_eq!(browser.cookie("cogward_session"), None, "{ask}");
        let after = thief.get("/auth/me").await;
        assert_eq!(after.status, 401, "{ask}: {}", after.body);
    }
}

#[tokio::test]
async fn t46_new_tokens_make_a_new_session_in_place_of_the_old() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let app = TestApp::builder().store(store).start().await;
        let (alice, bob) = (tokens(&app, ALICE).await, tokens(&app, BOB).await);
        let mut browser = app.browser();
        adopt(&mut browser, &alice).await;
        let mut old = browser.copy();
        let refresh_token = app.token_set(&old).await.refresh_token.unwrap();
        adopt(&mut browser, &bob).await;
        assert_ne!(
            browser.cookie("cogward_session"),
            old.cookie("cogward_session")
        );
        let me = browser.get("/auth/me").await.json();
        assert_eq!(
            (&me["email"], &me["groups"]),
            (&json!(BOB), &json!(["admin"]))
        );
        assert_eq!(old.get("/auth/me").await.status, 401);
        let key = app.session_id(&old).lookup_key();
        let row = app.store.behind().load(&key, app.auth.now()).await.unwrap();
        assert!(row.is_none(), "the old row is gone");
        // Nobody can use what the old session held.
        assert_eq!(refresh_at_pool(&app, refresh_token.expose()).await, 400);
    }
}

#[tokio::test]
async fn t47_a_declared_method_is_a_label_and_no_more() {
    let app = TestApp::start().await;
    let alice = tokens(&app, ALICE).await;
    let mut plain = app.browser();
    adopt(&mut plain, &alice).await;
    for method in ["passkey", "password", "direct"] {
        let mut browser = app.browser();
        adopt(
            &mut browser,
            &pair(&alice, &[("auth_method", &json!(method))]),
        )
        .await;
        assert_eq!(
            browser.get("/auth/token").await.json()["auth_method"],
            method
        );
        for path in ["/auth/me", "/api/v1/auth/check"] {
            let (declared, undeclared) = (browser.get(path).await, plain.get(path).await);
            assert_eq!(declared.json(), undeclared.json(), "{path}");
        }
    }
    for unknown in [
        json!("mfa"),
        json!("PASSKEY"),
        json!(""),
        json!(["passkey"]),
    ] {
        let body = pair(&alice, &[("auth_method", &unknown)]);
        let answer = app.browser().post_json("/auth/session", &body).await;
        assert_eq!(answer.status, 400, "{unknown}: {}", answer.body);
    }
}

fn json_tricks(good: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let text = good.to_string();
    let with = |name: &str, value: Value| pair(good, &[(name, &value)]).to_string().into_bytes();
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let nested = |depth| {
        let token = deep(depth);
        format!(
            r#"{{"id_token":{},"access_token":{token}}}"#,
            good["id_token"]
        )
        .into_bytes()
    };
    let utf16 = |unit: u16| unit.to_le_bytes();
    let duplicate = text.replacen('{', r#"{"access_token":"x","#, 1);
    let escaped = text.replacen('{', r#"{"access\u005ftoken":"x","#, 1);
    vec![
        ("the same member twice", duplicate.into_bytes()),
        ("the same member twice, once escaped", escaped.into_bytes()),
        ("array", with("access_token", json!([good["access_token"]]))),
        ("number", with("access_token", json!(1))),
        ("null", with("access_token", Value::Null)),
        ("object", with("id_token", json!({ "x": good["id_token"] }))),
        ("empty", with("id_token", json!(""))),
        ("1 MB", with("refresh_token", json!("x".repeat(1 << 20)))),
        ("depth 100 000", nested(100_000)),
        ("depth 20 000", nested(20_000)),
        ("UTF-16", text.encode_utf16().flat_map(utf16).collect()),
        ("BOM", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("trailing data", format!("{text}{text}").into_bytes()),
        ("trailing comma", text.replacen('}', ",}", 1).into_bytes()),
        ("a bare string", good["id_token"].to_string().into_bytes()),
        ("an array of it", format!("[{text}]").into_bytes()),
        ("nothing", Vec::new()),
        ("a raw NUL", text.replacen("ey", "ey\0", 1).into_bytes()),
        (
            "not UTF-8",
            [&text.as_bytes()[..20], b"\xff\xfe", &text.as_bytes()[20..]].concat(),
        ),
    ]
}

#[tokio::test]
async fn t49_json_tricks_make_no_session() {
    let app = TestApp::start().await;
    let alice = tokens(&app, ALICE).await;
    let mut browser = app.browser();
    adopt(&mut browser, &alice).await;
    let writes = app.store.writes();
    for (trick, body) in json_tricks(&alice) {
        let request = browser
            .request(Method::POST, "/auth/session")
            .header("x-l42-csrf", "1")
            .header("content-type", "application/json")
            .body(body);
        let answer = browser.send(request).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 413), "{trick}: {status}");
        assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{trick}");
        assert!(!answer.body.contains("ey"), "{trick}: {}", answer.body);
    }
    assert_eq!(app.store.writes(), writes);
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn t50_tokens_are_not_read_across_origins() {
    let app = TestApp::builder()
        .site(|site| site.allowed_origins = vec!["https://app.example.com".parse().unwrap()])
        .start()
        .await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let writes = app.store.writes();
    let foreign = [
        "https://evil.example",
        "null",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://evil-app.example.com",
        "https://sub.app.example.com",
        "https://example.com",
        "https://app.example.com:444",
        "http://localhost:3002",
        "http://127.0.0.1:3000",
        "",
    ];
    for origin in foreign {
        let request = browser.request(Method::GET, "/auth/token");
        refused(
            &browser.send(request.header("origin", origin)).await,
            origin,
        );
    }
    for site in ["cross-site", "same-site", "Same-Origin", "anything"] {
        let request = browser.request(Method::GET, "/auth/token");
        refused(
            &browser.send(request.header("sec-fetch-site", site)).await,
            site,
        );
        // The foreign page's word about itself changes nothing.
        let request = browser.request(Method::GET, "/auth/token");
        let request = request.header("sec-fetch-site", "same-origin");
        refused(
            &browser.send(request.header("origin", foreign[0])).await,
            site,
        );
    }
    assert_eq!(app.store.writes(), writes);
    for (name, value) in [
        ("origin", FRONTEND),
        ("origin", "https://app.example.com"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ] {
        let request = browser.request(Method::GET, "/auth/token");
        let answer = browser.send(request.header(name, value)).await;
        assert_eq!(answer.status, 200, "{value}");
    }
}

#[track_caller]
fn refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 403, "{what}: {}", answer.body);
    for name in [
        "access-control-allow-origin",
        "access-control-allow-credentials",
    ] {
        assert_eq!(answer.header(name), "", "{what}");
    }
    assert!(!holds_a_token(&answer.body), "{what}");
    assert_eq!(answer.set_cookies(), Vec::<String>::new(), "{what}");
}

#[tokio::test]
async fn t52_without_the_family_no_token_comes_out() {
    let app = TestApp::builder()
        .site(|site| site.token_handler = None)
        .start()
        .await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    for path in [
        "token", "session", "refresh", "logout", "me", "login", "callback", "",
    ] {
        for method in [Method::GET, Method::POST] {
            let request = browser.request(method.clone(), &format!("/auth/{path}"));
            let answer = browser.send(request.header("x-l42-csrf", "1")).await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
    let held = app.token_set(&browser).await;
    let mut operations = operations(&app).await;
    // What ends the session comes last.
    operations.sort_by_key(|(_, path)| path.contains("logout"));
    for (method, path) in operations {
        let request = browser.request(method.clone(), &path);
        let answer = browser.send(request).await;
        assert!(answer.status.as_u16() < 500, "{method} {path}");
        let text = format!("{} {:?}", answer.body, answer.headers);
        assert!(!holds_a_token(&text), "{method} {path}");
        let refresh_token = held.refresh_token.as_ref().unwrap().expose();
        assert!(!text.contains(refresh_token), "{method} {path}");
    }
}

#[tokio::test]
async fn t53_tokens_cannot_be_embedded() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let calls = token_calls(&app).await;
    for dest in ["script", "image", "style", "embed", "empty"] {
        for site in ["cross-site", "same-origin"] {
            let request = browser
                .request(Method::GET, "/auth/token?callback=steal&jsonp=steal")
                .header("sec-fetch-dest", dest)
                .header("sec-fetch-mode", "no-cors")
                .header("sec-fetch-site", site);
            let answer = browser.send(request).await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.json().is_object(), "{}", answer.body);
            assert!(!answer.body.contains("steal"));
            let foreign = site == "cross-site";
            assert_eq!(answer.status, if foreign { 403 } else { 200 }, "{dest}");
        }
    }
    assert_eq!(token_calls(&app).await, calls);
}
