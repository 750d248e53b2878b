//! What a fresh reader of the whole found, each with the test that would have told.

use std::sync::Arc;

use cogward_server::CallbackOrigins;
use cogward_session::Token;
use cogward_testkit::{Answer, Browser, FRONTEND, StoreKind, TestApp, TokenAnswer};
use reqwest::Method;
use reqwest::header::{COOKIE, HOST, HeaderValue};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;

use crate::audit::Log;
use crate::sign_ins::{BACKEND_PROXY, FAMILIES, Family, TOKEN_HANDLER, answer_well, only, sign_in};
use crate::support::{refresh_at_pool, token_calls, tokens, until};

const ALICE: &str = "user@example.com";
const SESSION: &str = "cogward_session";

async fn hand_over(browser: &mut Browser, pair: &Value) {
    let answer = browser.post_json("/auth/session", pair).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn tokens_handed_over_twice_do_not_revoke_themselves() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let app = TestApp::builder().store(store).start().await;
        let (mut browser, pair) = (app.browser(), tokens(&app, ALICE).await);
        hand_over(&mut browser, &pair).await;
        let mut old = browser.copy();
        hand_over(&mut browser, &pair).await;
        assert_eq!(old.get("/auth/me").await.status, 401, "the old session");
        assert_eq!(app.calls("oauth2/revoke").await, 0);
        app.advance(3601).await;
        assert_eq!(browser.get("/auth/me").await.status, 200, "it refreshes");
        // Another sign-in of the same person: nothing is left of this one.
        let (mut old, other) = (browser.copy(), tokens(&app, ALICE).await);
        hand_over(&mut browser, &other).await;
        assert_eq!(old.get("/auth/me").await.status, 401);
        assert_eq!(app.calls("oauth2/revoke").await, 1);
        let token = |pair: &Value| pair["refresh_token"].as_str().unwrap().to_owned();
        assert_eq!(refresh_at_pool(&app, &token(&pair)).await, 400);
        assert_eq!(refresh_at_pool(&app, &token(&other)).await, 200);
    }
}

/// A session at the fake Cognito whose next refresh gives another refresh token.
async fn about_to_rotate() -> (TestApp, Browser) {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    hand_over(&mut browser, &app.fake().pair("alice", |_, _| {})).await;
    let mut rotated = app.fake().pair("alice", |_, _| {});
    rotated["refresh_token"] = json!("the-newest");
    app.fake().answer(TokenAnswer::ok(&rotated));
    (app, browser)
}

#[tokio::test]
async fn sign_out_revokes_the_token_that_was_written_last() {
    for path in [
        "/auth/logout",
        "/api/v1/auth/logout",
        "/api/v1/auth/logout/all",
    ] {
        let (app, browser) = about_to_rotate().await;
        let hold = app.store.hold("remove");
        let (mut tab, mut other_tab) = (browser.copy(), browser.copy());
        let out = tokio::spawn(async move { tab.post(path).await });
        until("about to be removed", async || {
            app.store.calls("remove") == 1
        })
        .await;
        let refreshed = other_tab.post("/auth/refresh").await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
        drop(hold);
        assert_eq!(out.await.unwrap().status, 200);
        let revoked = app.fake().revocations();
        assert!(
            revoked.len() == 1 && revoked[0].contains("token=the-newest"),
            "{path}: {revoked:?}"
        );
    }
}

/// A removal whose caller was told "unavailable" may have been carried out.
#[tokio::test]
async fn sign_out_revokes_the_token_although_the_store_answered_too_late() {
    for path in ["/auth/logout", "/api/v1/auth/logout"] {
        let (log, _listening) = Log::listen();
        let app = TestApp::builder().fake().start().await;
        let mut browser = app.browser();
        hand_over(&mut browser, &app.fake().pair("alice", |_, _| {})).await;
        let key = app.session_id(&browser).lookup_key();
        let hold = app.store.hold("remove");
        app.store.fail("remove", 1);
        let mut tab = browser.copy();
        let out = tokio::spawn(async move { tab.post(path).await });
        until("about to be removed", async || {
            app.store.calls("remove") == 1
        })
        .await;
        app.store.behind().remove(&key).await.unwrap();
        drop(hold);
        assert_eq!(out.await.unwrap().status, 200);
        until("revoked", async || !app.fake().revocations().is_empty()).await;
        until("told", async || {
            let events = log.audited();
            events
                .iter()
                .any(|line| line["fields"]["event"] == "signed_out")
        })
        .await;
        app.auth.drain().await;
        assert_eq!(app.fake().revocations().len(), 1);
    }
}

#[tokio::test]
async fn two_session_cookies_are_none_and_both_are_ended() {
    type End = (&'static str, fn(&TestApp, &Browser) -> Value);
    let nothing: fn(&TestApp, &Browser) -> Value = |_, _| Value::Null;
    let ends: [End; 3] = [
        ("/auth/logout", nothing),
        ("/api/v1/auth/logout", nothing),
        ("/auth/session", |app, _| {
            app.fake().pair("carol", |_, _| {})
        }),
    ];
    for (path, body) in ends {
        for lines in [1, 2] {
            let (app, alice, bob) = two_sessions().await;
            let both = cookies(&alice, &bob, lines);
            for who in FAMILIES.map(|family| family.who) {
                let answer = send(&app, Method::GET, who, &both, None).await;
                assert_eq!(answer.status, 401, "{who}");
            }
            let body = body(&app, &alice);
            let answer = send(&app, Method::POST, path, &both, Some(body)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            assert_both_ended(alice, bob).await;
        }
    }
}

#[tokio::test]
async fn a_sign_in_ends_every_session_that_the_browser_had() {
    for family in FAMILIES {
        let (app, alice, bob) = two_sessions().await;
        let mut browser = app.browser();
        let start = family.begin(&mut browser).await;
        answer_well(&app, "carol", &start.nonce);
        let path = format!("{}?{}", family.callback, start.query());
        let mut request = browser.request(Method::GET, &path);
        for line in cookies(&alice, &bob, 1) {
            request = request.header(COOKIE, line);
        }
        family.assert_signed_in(&browser.send(request).await);
        assert_both_ended(alice, bob).await;
        assert_eq!(browser.get(family.who).await.status, 200);
    }
}

async fn two_sessions() -> (TestApp, Browser, Browser) {
    let app = TestApp::builder().fake().start().await;
    let (mut alice, mut bob) = (app.browser(), app.browser());
    hand_over(&mut alice, &app.fake().pair("alice", |_, _| {})).await;
    hand_over(&mut bob, &app.fake().pair("bob", |_, _| {})).await;
    (app, alice, bob)
}

/// Both session cookies, in one `Cookie` line or in two.
fn cookies(one: &Browser, other: &Browser, lines: usize) -> Vec<String> {
    let pair = |browser: &Browser| format!("{SESSION}={}", browser.cookie(SESSION).unwrap());
    match lines {
        1 => vec![format!("{}; {}", pair(one), pair(other))],
        _ => vec![pair(one), pair(other)],
    }
}

async fn send(
    app: &TestApp,
    method: Method,
    path: &str,
    cookies: &[String],
    body: Option<Value>,
) -> Answer {
    let mut browser = app.browser();
    let mut request = browser.request(method, path).header("x-l42-csrf", "1");
    for line in cookies {
        request = request.header(COOKIE, line);
    }
    if let Some(body) = body.filter(|body| !body.is_null()) {
        request = request.json(&body);
    }
    browser.send(request).await
}

async fn assert_both_ended(mut alice: Browser, mut bob: Browser) {
    assert_eq!(alice.get("/auth/me").await.status, 401, "the first");
    assert_eq!(bob.get("/auth/me").await.status, 401, "the second");
}

#[tokio::test]
async fn an_end_waits_for_a_rotated_token_to_be_written() {
    let (app, browser) = about_to_rotate().await;
    let hold = app.store.hold("replace");
    app.store.fail("replace", 2);
    let mut tab = browser.copy();
    let request = tokio::spawn(async move { tab.post("/auth/refresh").await });
    until("about to be written", async || {
        app.store.calls("replace") == 1
    })
    .await;
    // Nobody waits for it any more.
    request.abort();
    let _aborted = request.await;
    assert_eq!(app.auth.unfinished(), 1);
    let auth = Arc::clone(&app.auth);
    let drained = tokio::spawn(async move { auth.drain().await });
    tokio::task::yield_now().await;
    assert!(!drained.is_finished());
    drop(hold);
    drained.await.unwrap();
    assert_eq!((app.auth.unfinished(), app.store.calls("replace")), (0, 3));
    let kept = app.token_set(&browser).await.refresh_token;
    assert_eq!(kept.as_ref().map(Token::expose), Some("the-newest"));
}

#[tokio::test]
async fn an_end_waits_for_a_revocation() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let domain = format!("http://{}", listener.local_addr().unwrap());
    let app = TestApp::builder()
        .domain(domain.parse().unwrap())
        .start()
        .await;
    let mut browser = app.browser();
    hand_over(&mut browser, &tokens(&app, ALICE).await).await;
    let (asked, is_asked) = oneshot::channel();
    let (answer, is_answered) = oneshot::channel::<()>();
    let cognito = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let read = stream.read(&mut request).await.unwrap();
        asked.send(request[..read].to_vec()).unwrap();
        is_answered.await.unwrap();
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(ok).await.unwrap();
        stream
    });
    let request = tokio::spawn(async move { browser.post("/auth/logout").await });
    let revocation = String::from_utf8(is_asked.await.unwrap()).unwrap();
    assert!(
        revocation.starts_with("POST /oauth2/revoke "),
        "{revocation}"
    );
    request.abort();
    let _aborted = request.await;
    assert!(app.auth.unfinished() > 0);
    let auth = Arc::clone(&app.auth);
    let drained = tokio::spawn(async move { auth.drain().await });
    tokio::task::yield_now().await;
    assert!(!drained.is_finished());
    answer.send(()).unwrap();
    drained.await.unwrap();
    cognito.await.unwrap();
}

/// An application behind a proxy on this machine, which says whom it speaks for.
async fn behind_a_proxy() -> TestApp {
    TestApp::builder()
        .fake()
        .site(|site| site.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
        .start()
        .await
}

async fn call_from(app: &TestApp, address: &str, method: &Method, path: &str) -> Answer {
    let mut browser = app.browser();
    let request = browser
        .request(method.clone(), path)
        .header("x-forwarded-for", address)
        .header("x-l42-csrf", "1");
    let request = match *method {
        Method::POST => request.json(&json!({ "access_token": "a", "id_token": "b" })),
        _ => request,
    };
    browser.send(request).await
}

#[tokio::test]
async fn one_address_cannot_begin_sign_ins_without_end() {
    let doors = [
        (Method::GET, "/auth/login"),
        (Method::GET, "/api/v1/auth/login"),
        (Method::POST, "/auth/session"),
    ];
    for (method, path) in &doors {
        let (log, _listening) = Log::listen();
        let app = behind_a_proxy().await;
        let greedy = "203.0.113.7";
        let mut refused = None;
        for _ in 0..5000 {
            let answer = call_from(&app, greedy, method, path).await;
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
        }
        let refused = refused.expect("no end of it");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
        let events = log.audited();
        let event = events.last().unwrap();
        assert_eq!(event["fields"]["event"], "refused");
        assert_eq!(event["span"]["request_id"], refused.header("x-request-id"));
        // All doors are one: the address has used up what it had.
        let writes = app.store.writes();
        for (method, path) in &doors {
            let mut statuses = Vec::new();
            for _ in 0..3 {
                let answer = call_from(&app, greedy, method, path).await;
                statuses.push(answer.status.as_u16());
            }
            // One more is granted every second.
            assert!(statuses.contains(&429), "{path}: {statuses:?}");
            let other = call_from(&app, "203.0.113.8", method, path).await;
            assert_ne!(other.status, 429, "{path} for another address");
        }
        assert!(app.store.writes() <= writes + 2 + 6);
    }
}

#[tokio::test]
async fn a_refresh_token_is_bounded() {
    let app = TestApp::builder().fake().start().await;
    let mut pair = app.fake().pair("alice", |_, _| {});
    for (length, status) in [(8192, 200), (8193, 400), (60_000, 400)] {
        pair["refresh_token"] = json!("r".repeat(length));
        let inserts = app.store.calls("insert");
        let answer = app.browser().post_json("/auth/session", &pair).await;
        assert_eq!(answer.status, status, "{length}: {}", answer.body);
        let inserted = app.store.calls("insert") - inserts;
        assert_eq!(inserted, usize::from(status == 200));
        if status == 400 {
            assert_eq!(
                answer.json(),
                json!({ "error": "refresh_token is too long" })
            );
            assert_eq!(answer.set_cookies(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_person_is_shown_a_page_and_a_script_json() {
    for (family, page) in [
        (BACKEND_PROXY, "/auth/error?reason="),
        (TOKEN_HANDLER, "/login?error="),
    ] {
        let app = TestApp::builder().fake().start().await;
        let mut browser = app.browser();
        for (query, status, kind) in [
            ("?return_to=https://evil.example", 400, "bad_request"),
            ("?return_to=/a&return_to=/b", 400, "bad_request"),
            ("?identity_provider=Nobody", 400, "bad_request"),
            ("", 503, "unavailable"),
        ] {
            app.store.set_broken(status == 503);
            let path = format!("{}{query}", family.login);
            let request = browser.request(Method::GET, &path);
            let seen = browser
                .send(request.header("sec-fetch-mode", "navigate"))
                .await;
            let expected = format!("{FRONTEND}{page}{kind}");
            assert_eq!(seen.status, 302, "{path}");
            assert_eq!(seen.header("location"), expected);
            assert_eq!(seen.set_cookies(), Vec::<String>::new());
            for mode in [None, Some("cors"), Some("no-cors")] {
                let request = browser.request(Method::GET, &path);
                let request = match mode {
                    Some(mode) => request.header("sec-fetch-mode", mode),
                    None => request,
                };
                let told = browser.send(request).await;
                assert_eq!(told.status, status, "{path} {mode:?}");
                assert_eq!(told.header("location"), "");
                assert!(told.json()["error"].is_string(), "{}", told.body);
            }
        }
    }
}

const DOMAINS: [&str; 2] = ["one.example.com:8443", "two.example.com"];

async fn with_domains() -> TestApp {
    TestApp::builder()
        .fake()
        .site(|site| {
            site.signed_out_url = "https://Home.example.com/bye".into();
            site.callback_origins = Some(CallbackOrigins {
                listed: DOMAINS
                    .map(|host| Url::parse(&format!("http://{host}")).unwrap())
                    .into(),
                any: false,
            });
        })
        .start()
        .await
}

async fn get_at(browser: &mut Browser, host: &str, path: &str) -> Answer {
    let request = browser.request(Method::GET, path).header(HOST, host);
    browser
        .send(request.header("sec-fetch-mode", "navigate"))
        .await
}

#[tokio::test]
async fn each_domain_has_its_own_pages() {
    let app = with_domains().await;
    let here = app.base.as_str().trim_start_matches("http://");
    let hosts = [
        (DOMAINS[0], "http://one.example.com:8443"),
        (DOMAINS[1], "http://two.example.com"),
        ("evil.example", FRONTEND),
        ("one.example.com", FRONTEND),
        ("two.example.com:8443", FRONTEND),
        (here.trim_end_matches('/'), FRONTEND),
    ];
    for (host, home) in hosts {
        for (family, page) in [
            (BACKEND_PROXY, "/auth/error?reason="),
            (TOKEN_HANDLER, "/login?error="),
        ] {
            let mut browser = app.browser();
            let bad = format!("{}?return_to=//x", family.login);
            let answer = get_at(&mut browser, host, &bad).await;
            let expected = format!("{home}{page}bad_request");
            assert_eq!(answer.header("location"), expected, "{host}");
            let bad = format!("{}?state=x&code=y", family.callback);
            let answer = get_at(&mut browser, host, &bad).await;
            let expected = format!("{home}{page}invalid_state");
            assert_eq!(answer.header("location"), expected, "{host}");
            let inside = sign_in_on(&app, host, family, "").await;
            assert!(
                inside.starts_with(&format!("{home}{}", family.inside)),
                "{host}: {inside}"
            );
            let inside = sign_in_on(&app, host, family, "?return_to=/deep?x=1").await;
            assert_eq!(inside, format!("{home}/deep?x=1"), "{host}");
        }
        let path = "/api/v1/auth/logout/redirect";
        let answer = get_at(&mut app.browser(), host, path).await;
        let to = Url::parse(answer.json()["url"].as_str().unwrap()).unwrap();
        let expected = match home {
            FRONTEND => "https://Home.example.com/bye",
            own => own,
        };
        assert_eq!(only(&to, "logout_uri"), expected, "{host}");
    }
}

/// Where a sign-in begun and ended on this host leads.
async fn sign_in_on(app: &TestApp, host: &str, family: Family, query: &str) -> String {
    let mut browser = app.browser();
    let begun = get_at(&mut browser, host, &format!("{}{query}", family.login)).await;
    assert_eq!(begun.status, 302, "{}", begun.body);
    let start = crate::sign_ins::Start::of(&begun);
    answer_well(app, "alice", &start.nonce);
    let path = format!("{}?{}", family.callback, start.query());
    let ended = get_at(&mut browser, host, &path).await;
    ended.header("location").to_owned()
}

/// The one audit event since the last look belongs to this answer's request.
#[track_caller]
fn assert_traced(log: &Log, seen: &mut usize, answer: &Answer, events: &[&str]) {
    let lines = log.audited();
    let new = &lines[std::mem::replace(seen, lines.len())..];
    let names: Vec<&str> = new
        .iter()
        .map(|line| line["fields"]["event"].as_str().unwrap())
        .collect();
    assert_eq!(names, events, "{}", answer.url);
    for line in new {
        assert_eq!(
            line["span"]["request_id"],
            answer.header("x-request-id"),
            "{line}"
        );
        assert_eq!(line["span"]["peer"], "127.0.0.1", "{line}");
    }
}

#[tokio::test]
async fn audit_events_name_their_request_and_peer() {
    let (log, _listening) = Log::listen();
    let mut seen = 0;
    let app = TestApp::start().await;
    for start in ["/auth/login", "/api/v1/auth/login"] {
        let mut browser = app.browser();
        let begun = browser.get(&format!("{start}?return_to=//x")).await;
        assert_traced(&log, &mut seen, &begun, &["refused"]);
        let entered = app.sign_in_at(&mut browser, start, ALICE).await;
        assert_traced(&log, &mut seen, &entered, &["signed_in"]);
        let entered = app.sign_in_at(&mut browser, start, ALICE).await;
        assert_traced(&log, &mut seen, &entered, &["signed_in", "replaced"]);
        let late = browser.get("/auth/callback?state=x&code=y").await;
        assert_traced(&log, &mut seen, &late, &["refused"]);
        let refreshed = browser.post("/auth/refresh").await;
        assert_traced(&log, &mut seen, &refreshed, &["refreshed"]);
        // Also where the request only wanted to read.
        app.advance(3601).await;
        let read = browser.get("/api/v1/auth/check").await;
        assert_traced(&log, &mut seen, &read, &["refreshed"]);
        app.advance(3601).await;
        app.fault("oauth2/token", 500, "server_error", 1).await;
        let postponed = browser.get("/auth/me").await;
        assert_traced(&log, &mut seen, &postponed, &["refresh_postponed"]);
        app.advance(11).await;
        app.fault("oauth2/token", 500, "server_error", 1).await;
        let postponed = browser.post("/api/v1/auth/refresh").await;
        assert_traced(&log, &mut seen, &postponed, &["refresh_postponed"]);
        for (method, header) in [
            (Method::POST, ("origin", "https://evil.example")),
            (Method::POST, ("content-type", "text/plain")),
        ] {
            let request = browser.request(method, "/api/v1/auth/logout");
            let refused = browser.send(request.header(header.0, header.1)).await;
            assert_eq!(refused.status, 403);
            assert_traced(&log, &mut seen, &refused, &["refused"]);
        }
        let request = browser.request(Method::GET, "/auth/me");
        let refused = browser.send(request.header("origin", "null")).await;
        assert_eq!(refused.status, 403);
        assert_traced(&log, &mut seen, &refused, &["refused"]);
        // Done behind the answer, a second later.
        app.store.fail("remove", 1);
        let out = browser.post("/auth/logout").await;
        assert_traced(&log, &mut seen, &out, &[]);
        app.auth.drain().await;
        assert_traced(&log, &mut seen, &out, &["signed_out"]);
    }
    let (mut one, mut other) = (app.browser(), app.browser());
    app.sign_in(&mut one, ALICE).await;
    app.sign_in(&mut other, ALICE).await;
    seen = log.audited().len();
    let out = one.post("/api/v1/auth/logout/all").await;
    let events = ["tokens_revoked", "revoked", "signed_out"];
    assert_traced(&log, &mut seen, &out, &events);
}

#[tokio::test]
async fn the_sign_out_address_is_sent_to_the_letter() {
    for letter in [
        "https://App.Example.com",
        "https://app.example.com/",
        "https://app.example.com:443/Bye?to=a%20b&c=%C3%BC",
    ] {
        let app = TestApp::builder()
            .fake()
            .site(move |site| site.signed_out_url = letter.into())
            .start()
            .await;
        let answer = app.browser().get("/api/v1/auth/logout/redirect").await;
        let to = Url::parse(answer.json()["url"].as_str().unwrap()).unwrap();
        assert_eq!(only(&to, "logout_uri"), letter);
    }
}

#[tokio::test]
async fn a_frontend_below_a_path_keeps_it() {
    for frontend in ["https://h.example/app", "https://h.example/app/"] {
        let app = TestApp::builder()
            .fake()
            .site(move |site| site.frontend = Url::parse(frontend).unwrap())
            .start()
            .await;
        let here = app.base.as_str().trim_start_matches("http://");
        let host = here.trim_end_matches('/');
        for family in FAMILIES {
            let inside = sign_in_on(&app, host, family, "").await;
            let expected = format!("https://h.example/app{}", family.inside);
            assert_eq!(inside.split('?').next(), Some(&*expected));
            let inside = sign_in_on(&app, host, family, "?return_to=/x").await;
            assert_eq!(inside, "https://h.example/x", "relative to the origin");
            let refused = app.browser().get(family.callback).await;
            let refused = refused.header("location");
            assert!(refused.starts_with("https://h.example/app/"), "{refused}");
        }
    }
}

#[tokio::test]
async fn what_the_router_refuses_is_told_as_the_family_does() {
    let app = TestApp::builder().fake().start().await;
    let mut browser = app.browser();
    sign_in(&app, BACKEND_PROXY, &mut browser, "alice").await;
    for (method, path, status, kind) in [
        (
            Method::DELETE,
            "/api/v1/auth/sessions/%ff",
            400,
            "bad_request",
        ),
        (
            Method::DELETE,
            "/api/v1/auth/sessions/%00",
            404,
            "not_found",
        ),
        (Method::DELETE, "/api/v1/auth/sessions/", 404, "not_found"),
        (Method::PUT, "/api/v1/auth/check", 405, "method_not_allowed"),
        (Method::GET, "/api/v1/%ff", 404, "not_found"),
    ] {
        let request = browser.request(method, path);
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.json()["error"], kind, "{path}: {}", answer.body);
        let id = answer.header("x-request-id");
        assert_eq!(answer.json()["request_id"], id, "{path}");
    }
    for (method, path, status) in [
        (Method::PUT, "/auth/me", 405),
        (Method::DELETE, "/auth/session", 405),
        (Method::GET, "/auth/%ff", 404),
    ] {
        let request = browser.request(method, path).header("x-l42-csrf", "1");
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{path}");
        let json = answer.json();
        let members: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(members, ["error"], "{path}: {}", answer.body);
    }
    assert_eq!(browser.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn signing_out_everywhere_is_not_guessed_at() {
    let app = TestApp::start().await;
    let (mut browser, mut other) = (app.browser(), app.browser());
    app.sign_in(&mut browser, ALICE).await;
    app.sign_in(&mut other, ALICE).await;
    let (writes, calls) = (app.store.writes(), token_calls(&app).await);
    let json = "application/json";
    for (kind, body) in [
        (Some(json), r#"{"other":true}"#),
        (Some(json), r#"{"others":true,"everybody":true}"#),
        (Some(json), r#"{"others":"true"}"#),
        (Some(json), r#"{"others":true"#),
        (Some(json), ""),
        (Some("text/plain"), r#"{"others":true}"#),
        (Some("application/x-www-form-urlencoded"), "others=true"),
        (Some("text/plain"), ""),
        (None, r#"{"others":true}"#),
    ] {
        let request = browser.request(Method::POST, "/api/v1/auth/logout/all");
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        let answer = browser.send(request.body(body)).await;
        let status = match kind {
            Some(kind) if kind == json => 400,
            _ => 415,
        };
        assert_eq!(answer.status, status, "{kind:?} {body}: {}", answer.body);
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        assert_eq!(app.store.writes(), writes, "{kind:?} {body}");
        assert_eq!(token_calls(&app).await, calls, "{kind:?} {body}");
    }
    let others = json!({ "others": true });
    let answer = browser.post_json("/api/v1/auth/logout/all", &others).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(browser.get("/auth/me").await.status, 200);
    assert_eq!(other.get("/auth/me").await.status, 401);
}

#[tokio::test]
async fn the_address_behind_proxies_is_the_first_that_is_not_ours() {
    let app = behind_a_proxy().await;
    let cases: [(&[&[u8]], &str); 10] = [
        (&[], "127.0.0.1"),
        (&[b"203.0.113.9"], "203.0.113.9"),
        (&[b"6.6.6.6, 203.0.113.9, 127.0.0.2"], "203.0.113.9"),
        (&[b"6.6.6.6", b"203.0.113.9"], "203.0.113.9"),
        (&[b"203.0.113.9", b"127.0.0.2, 127.0.0.3"], "203.0.113.9"),
        (&[b"203.0.113.9:4711", b"127.0.0.2:80"], "203.0.113.9"),
        (&[b"[2001:db8::7]:4711"], "2001:db8::7"),
        (&[b"::ffff:203.0.113.9"], "203.0.113.9"),
        (&[b"caf\xe9, 203.0.113.9"], "203.0.113.9"),
        (&[b"203.0.113.9, \xff\xfe", b"127.0.0.2"], "127.0.0.2"),
    ];
    for (lines, address) in cases {
        let mut browser = app.browser();
        let pair = app.fake().pair("alice", |_, _| {});
        let mut request = browser.request(Method::POST, "/auth/session");
        for line in lines {
            let value = HeaderValue::from_bytes(line).unwrap();
            request = request.header("x-forwarded-for", value);
        }
        let request = request.header("x-l42-csrf", "1").json(&pair);
        assert_eq!(browser.send(request).await.status, 200);
        let devices = browser.get("/api/v1/auth/sessions").await.json();
        assert_eq!(devices["sessions"][0]["address"], address, "{lines:?}");
    }
}
