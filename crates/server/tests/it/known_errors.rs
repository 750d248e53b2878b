//! Whatever goes wrong at whatever route: the answer is one of the documented errors, with the
//! challenge that goes with it.

use std::collections::{BTreeMap, BTreeSet};

use cogward_testkit::{Answer, Browser, FRONTEND, TestApp, known_error};
use reqwest::Method;

use crate::support::{operations, tokens};

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];
const JSON: &str = "application/json";

/// Who comes, and with what.
struct Caller<'a> {
    name: &'a str,
    headers: Vec<(&'a str, String)>,
    cookie: Option<String>,
}

/// What goes wrong besides.
const BODIES: [(&str, &str, &str); 5] = [
    ("", "", "1"),
    (JSON, "{}", "1"),
    (JSON, "[", "1"),
    ("text/plain", "{}", "1"),
    (JSON, "{}", ""),
];

#[derive(Default)]
struct Seen {
    /// By code, of which routes.
    codes: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Seen {
    /// Documented, and with a challenge exactly where one is due.
    fn add(&mut self, answer: &Answer, what: &str) {
        let status = answer.status.as_u16();
        if status < 400 {
            assert_eq!(answer.header("www-authenticate"), "", "{what}");
            return;
        }
        let code = known_error(answer).unwrap_or_else(|problem| panic!("{what}: {problem}"));
        let challenge = answer.header("www-authenticate");
        let due = match status {
            401 => challenge == "Cookie" || challenge.starts_with("Bearer "),
            _ if code.starts_with("bearer_") => challenge.starts_with("Bearer error="),
            _ => challenge.is_empty(),
        };
        assert!(
            due,
            "{what}: {status} {code} with the challenge {challenge:?}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        self.codes.entry(code).or_default().insert(what.to_owned());
    }
}

async fn callers(app: &TestApp) -> Vec<Caller<'static>> {
    let caller = |name, headers, cookie| Caller {
        name,
        headers,
        cookie,
    };
    let bearer = |token: &str| vec![("authorization", format!("Bearer {token}"))];
    let tokens = tokens(app, "user@example.com").await;
    let good = tokens["access_token"].as_str().unwrap();
    let (head, _) = good.rsplit_once('.').unwrap();
    let mut browser = app.browser();
    app.sign_in(&mut browser, "user@example.com").await;
    let session = browser.cookie("cogward_session").map(str::to_owned);
    let mut gone = app.browser();
    app.sign_in(&mut gone, "admin@example.com").await;
    let dead = gone.cookie("cogward_session").map(str::to_owned);
    assert_eq!(gone.post("/api/v1/auth/logout").await.status, 200);
    let elsewhere = |name, value: &str| vec![(name, value.to_owned())];
    vec![
        caller("nobody", vec![], None),
        caller("no cookie of ours", vec![], Some("v1.x.y".into())),
        caller("a dead session", vec![], dead),
        caller("a session", vec![], session.clone()),
        caller("a bearer", bearer(good), None),
        caller("a token cut short", bearer(head), None),
        caller("a token of nothing", bearer("a.b.c"), session.clone()),
        caller("no token", elsewhere("authorization", "Bearer"), None),
        caller(
            "two headers",
            [bearer("a"), bearer("b")].concat(),
            session.clone(),
        ),
        caller(
            "another origin",
            elsewhere("origin", "https://evil.example"),
            session.clone(),
        ),
        caller(
            "another site",
            elsewhere("sec-fetch-site", "cross-site"),
            session.clone(),
        ),
        caller(
            "another page",
            elsewhere("referer", "https://evil.example/x"),
            session,
        ),
        caller("the frontend", elsewhere("origin", FRONTEND), None),
    ]
}

async fn ask(
    app: &TestApp,
    caller: &Caller<'_>,
    method: &Method,
    path: &str,
    body: (&str, &str, &str),
) -> Answer {
    let mut browser: Browser = app.browser();
    if let Some(cookie) = &caller.cookie {
        browser.set_cookie("cogward_session", cookie);
    }
    let (kind, text, header) = body;
    let mut request = browser.request(method.clone(), path);
    for (name, value) in &caller.headers {
        request = request.header(*name, value);
    }
    if !kind.is_empty() {
        request = request.header("content-type", kind).body(text.to_owned());
    }
    if !header.is_empty() {
        request = request.header("x-l42-csrf", header);
    }
    browser.send(request).await
}

#[tokio::test]
async fn every_error_of_every_route_is_documented_and_every_401_says_what_would_help() {
    let app = TestApp::builder()
        .policies()
        .settings(|it| it.accounts.step = std::time::Duration::ZERO)
        .start()
        .await;
    let mut seen = Seen::default();
    let operations = operations(&app).await;
    let mut ends = Vec::new();
    for caller in callers(&app).await {
        for (method, path) in &operations {
            // They end the session that the others go on with.
            if caller.name == "a session" && path.contains("logout")
                || path.contains("delete-account")
            {
                ends.push(path);
                continue;
            }
            for body in BODIES {
                let answer = ask(&app, &caller, method, path, body).await;
                let what = format!("{method} {path} by {} with {body:?}", caller.name);
                seen.add(&answer, &what);
            }
        }
    }
    assert!(ends.len() >= 3, "{ends:?}");
    seen.assert_has(&[
        "not_authenticated",
        "session_ended",
        "bearer_malformed",
        "bearer_repeated",
        "bearer_invalid",
        "origin_refused",
        "cross_site_refused",
        "referer_refused",
        "form_refused",
        "csrf_header_missing",
        "not_found",
        "unsupported_media_type",
        "invalid_body",
        "invalid_action",
        "missing_tokens",
        "insufficient_scope",
    ]);
}

#[tokio::test]
async fn errors_of_addresses_and_methods_are_documented() {
    let app = TestApp::builder().fake().start().await;
    let (mut seen, operations) = (Seen::default(), operations(&app).await);
    let nobody = Caller {
        name: "",
        headers: vec![],
        cookie: None,
    };
    for (_, path) in &operations {
        for method in METHODS {
            let answer = ask(&app, &nobody, &method, path, BODIES[0]).await;
            seen.add(&answer, path);
        }
    }
    for path in ["/nothing", "/auth/nothing", "/api/v1/nothing"] {
        seen.add(
            &ask(&app, &nobody, &Method::GET, path, BODIES[0]).await,
            path,
        );
    }
    for path in [
        "/auth/login?return_to=//x",
        "/api/v1/auth/login?identity_provider=x",
        "/auth/login?return_to=a&return_to=b",
    ] {
        seen.add(
            &ask(&app, &nobody, &Method::GET, path, BODIES[0]).await,
            path,
        );
    }
    seen.assert_has(&[
        "not_found",
        "method_not_allowed",
        "return_path_refused",
        "unknown_identity_provider",
        "invalid_query",
    ]);
}

#[tokio::test]
async fn errors_of_a_store_that_fails_are_documented_at_every_route() {
    let app = TestApp::builder().policies().start().await;
    let mut seen = Seen::default();
    let mut browser = app.browser();
    app.sign_in(&mut browser, "user@example.com").await;
    let session = browser.cookie("cogward_session").map(str::to_owned);
    let caller = Caller {
        name: "a session",
        headers: vec![],
        cookie: session,
    };
    for (method, path) in operations(&app).await {
        if path.contains("logout") {
            continue;
        }
        app.store.panic_at("load");
        seen.add(&ask(&app, &caller, &method, &path, BODIES[1]).await, &path);
        // Some routes ask no store.
        let _panicked = browser.get("/api/v1/auth/check").await;
        app.store.set_broken(true);
        seen.add(&ask(&app, &caller, &method, &path, BODIES[1]).await, &path);
        app.store.set_broken(false);
    }
    seen.assert_has(&["internal_error", "unavailable"]);
    assert_eq!(
        browser.get("/api/v1/auth/check").await.status,
        200,
        "nobody was signed out"
    );
}

impl Seen {
    #[track_caller]
    fn assert_has(&self, codes: &[&str]) {
        let missing: Vec<_> = codes
            .iter()
            .filter(|code| !self.codes.contains_key(**code))
            .collect();
        assert!(
            missing.is_empty(),
            "{missing:?} was never answered, only {:?}",
            self.codes.keys()
        );
    }
}

/// The page names settings, and each is one.
#[test]
fn settings_that_the_page_of_errors_names_exist() {
    let settings = include_str!("../../../../docs/reference/configuration.md");
    let page = cogward_server::errors();
    let mut named = 0;
    for name in page.split('`').filter(|it| is_setting(it)) {
        assert!(settings.contains(&format!("### `{name}`")), "{name}");
        named += 1;
    }
    assert!(named >= 8, "{named}");
}

fn is_setting(text: &str) -> bool {
    let letters = |part: &str| {
        !part.is_empty() && part.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
    };
    matches!(text.split('.').collect::<Vec<_>>()[..], [a, b] if letters(a) && letters(b))
}
