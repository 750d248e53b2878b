//! The audit log: one event for what happened, and no secret in any line.

use std::io::Write;
use std::sync::Arc;

use cogward_session::{Record, Token};
use cogward_testkit::{Browser, TestApp, hear};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Mutex;
use tracing_subscriber::EnvFilter;

use crate::support::{assert_kept, tokens, until};

const ALICE: &str = "user@example.com";
const BOB: &str = "admin@example.com";

/// Everything logged on this thread, which a test and its server share.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        hear(bytes);
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Starts to listen, until the guard is dropped.
    pub(crate) fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            // The pool is the world outside.
            .with_env_filter(EnvFilter::new("trace,cogward_pool=off"))
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The audit events so far, in order, whole.
    pub(crate) fn audited(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line["target"] == "cogward::audit")
            .collect()
    }

    /// The audit events so far, in order, as (name, session or what).
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        let events = self.audited().into_iter();
        events
            .map(|line| {
                let fields = &line["fields"];
                let of = fields.get("session").unwrap_or(&fields["what"]);
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                (text(&fields["event"]), text(of))
            })
            .collect()
    }

    /// The events since the last call of this, which passes them over.
    fn since(&self, seen: &mut usize) -> Vec<(String, String)> {
        let events = self.events();
        events[std::mem::replace(seen, events.len())..].to_vec()
    }
}

fn handle(app: &TestApp, browser: &Browser) -> String {
    app.session_id(browser).lookup_key().handle().to_string()
}

#[track_caller]
fn assert_events(found: &[(String, String)], expected: &[(&str, &str)]) {
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn one_event_for_each_sign_in_refresh_and_sign_out() {
    let (log, _listening) = Log::listen();
    let mut seen = 0;
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let first = handle(&app, &browser);
    assert_events(&log.since(&mut seen), &[("signed_in", &first)]);

    for _ in 0..3 {
        assert_eq!(browser.get("/auth/token").await.status, 200);
        assert_eq!(browser.post("/auth/refresh").await.status, 200);
    }
    assert_events(&log.since(&mut seen), &[("refreshed", &first)]);

    app.advance(3601).await;
    app.fault("oauth2/token", 500, "server_error", 1).await;
    assert_kept(&browser.get("/auth/me").await);
    assert_eq!(browser.get("/auth/me").await.status, 200);
    let events = [("refresh_postponed", first.as_str()), ("refreshed", &first)];
    assert_events(&log.since(&mut seen), &events);

    // The same browser signs in again.
    let pair = tokens(&app, BOB).await;
    assert_eq!(browser.post_json("/auth/session", &pair).await.status, 200);
    let second = handle(&app, &browser);
    let events = [("signed_in", second.as_str()), ("replaced", &first)];
    assert_events(&log.since(&mut seen), &events);

    // Signed out by several tabs at once, and again.
    let hold = app.store.hold("remove");
    let outs = (0..5).map(|_| {
        let mut tab = browser.copy();
        async move { tab.post("/auth/logout").await }
    });
    let outs = futures_util::future::join_all(outs);
    let removes = app.store.calls("remove");
    let release = async {
        until("all there", async || {
            app.store.calls("remove") == removes + 5
        })
        .await;
        drop(hold);
    };
    let (outs, ()) = tokio::join!(outs, release);
    assert!(outs.iter().all(|out| out.status == 200));
    assert_eq!(browser.post("/auth/logout").await.status, 200);
    assert_events(&log.since(&mut seen), &[("signed_out", &second)]);
}

#[tokio::test]
async fn one_event_for_each_session_ended_from_elsewhere() {
    let (log, _listening) = Log::listen();
    let mut seen = 0;
    let app = TestApp::start().await;
    let mut browsers = [app.browser(), app.browser(), app.browser()];
    for browser in &mut browsers {
        app.sign_in(browser, ALICE).await;
    }
    let [one, two, three] = [0, 1, 2].map(|number| handle(&app, &browsers[number]));
    log.since(&mut seen);
    let path = format!("/api/v1/auth/sessions/{two}");
    let request = browsers[0].request(Method::DELETE, &path);
    assert_eq!(browsers[0].send(request).await.status, 200);
    assert_events(&log.since(&mut seen), &[("revoked", &two)]);
    assert_eq!(
        browsers[0].post("/api/v1/auth/logout/all").await.status,
        200
    );
    let events = [
        ("tokens_revoked", one.as_str()),
        ("revoked", &three),
        ("signed_out", &one),
    ];
    assert_events(&log.since(&mut seen), &events);

    let mut browser = app.browser();
    app.sign_in(&mut browser, BOB).await;
    let four = handle(&app, &browser);
    log.since(&mut seen);
    app.advance(3601).await;
    app.fault("oauth2/token", 400, "invalid_grant", 1).await;
    assert_eq!(browser.get("/auth/me").await.status, 401);
    assert_events(&log.since(&mut seen), &[("refresh_refused", &four)]);

    app.sign_in(&mut browser, BOB).await;
    let five = handle(&app, &browser);
    log.since(&mut seen);
    app.store.lie(|_, record| {
        let (identity, record) = (Box::default(), record.clone());
        Some(Record { identity, ..record })
    });
    assert_eq!(browser.get("/auth/me").await.status, 401);
    assert_events(&log.since(&mut seen), &[("unreadable", &five)]);
}

#[tokio::test]
async fn one_event_for_each_refusal() {
    let (log, _listening) = Log::listen();
    let mut seen = 0;
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let callback = app
        .callback_url(&mut browser.copy(), "/auth/login", ALICE)
        .await;
    let (mut mixed, bob) = (tokens(&app, ALICE).await, tokens(&app, BOB).await);
    mixed["access_token"] = bob["access_token"].clone();
    let forged = json!({ "access_token": "x", "id_token": "y" });
    log.since(&mut seen);
    for path in [
        "/auth/callback?state=unknown&code=x",
        "/auth/callback?state=a&state=b&code=x",
        "/api/v1/auth/callback",
        callback.as_str(),
        "/auth/login?return_to=https://evil.example",
        "/api/v1/auth/login?identity_provider=Evil",
    ] {
        browser.get(path).await;
        assert_events(&log.since(&mut seen), &[("refused", "sign-in")]);
    }
    for pair in [&mixed, &forged] {
        assert_eq!(browser.post_json("/auth/session", pair).await.status, 403);
        assert_events(&log.since(&mut seen), &[("refused", "session")]);
    }
    for (method, path, header) in [
        (
            Method::POST,
            "/auth/logout",
            ("origin", "https://evil.example"),
        ),
        (Method::POST, "/auth/logout", ("x-l42-csrf", "0")),
        (
            Method::POST,
            "/api/v1/auth/refresh",
            ("sec-fetch-site", "cross-site"),
        ),
        (
            Method::POST,
            "/api/v1/auth/logout",
            ("content-type", "text/plain"),
        ),
        (Method::GET, "/auth/token", ("origin", "null")),
    ] {
        let request = browser.request(method, path).header(header.0, header.1);
        assert_eq!(browser.send(request).await.status, 403, "{path}");
        assert_events(&log.since(&mut seen), &[("refused", "request")]);
    }
    // Who only has no session was refused nothing that is worth a line.
    assert_eq!(app.browser().get("/auth/me").await.status, 401);
    assert_eq!(browser.get("/auth/me").await.status, 200);
    assert_events(&log.since(&mut seen), &[]);
}

/// What must stand in no line: by name, to say which one did.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(String, String)>);

impl Secrets {
    pub(crate) fn add(&mut self, what: &str, value: &str) {
        assert!(
            value.len() >= 8,
            "{what} is too short to be looked for: {value:?}"
        );
        self.0.push((what.to_owned(), value.to_owned()));
        // What holds a signature is as bad as the whole.
        if let Some((_, signature)) = value.rsplit_once('.').filter(|(_, end)| end.len() > 30) {
            self.0
                .push((format!("{what}'s signature"), signature.to_owned()));
        }
    }

    async fn add_session(&mut self, app: &TestApp, browser: &Browser) {
        for name in ["cogward_session", "cogward_login"] {
            if let Some(value) = browser.cookie(name) {
                self.add(name, value);
            }
        }
        let set = app.token_set(browser).await;
        let expose = |token: &Token| token.expose().to_owned();
        self.add("access token", &expose(&set.access_token));
        self.add("ID token", &expose(&set.id_token));
        if let Some(token) = &set.refresh_token {
            self.add("refresh token", &expose(token));
        }
    }

    #[track_caller]
    pub(crate) fn assert_unseen(&self, log: &str) {
        for line in log.lines() {
            for (what, value) in &self.0 {
                assert!(!line.contains(value.as_str()), "{what} in the log: {line}");
            }
        }
    }
}

#[tokio::test]
async fn no_secret_stands_in_any_line_of_the_log() {
    let (log, listening) = Log::listen();
    let mut secrets = Secrets::default();
    for rotation in [false, true] {
        let app = TestApp::builder()
            .confidential()
            .settings(|settings| settings.refresh_rotation = rotation)
            .start()
            .await;
        app.local("settings", json!({ "refresh_rotation": rotation }))
            .await;
        everything_there_is(&app, rotation, &mut secrets).await;
    }
    secrets.add("client secret", cogward_pool::CLIENT_SECRET);
    secrets.add("password", "Passw0rd!");
    secrets.add("e-mail", ALICE);
    secrets.add("e-mail", BOB);
    secrets.add("any token", "eyJraWQi");
    secrets.add("any token", "eyJhbGci");
    drop(listening);
    assert!(log.events().len() > 20, "{}", log.events().len());
    assert!(secrets.0.len() > 60, "{}", secrets.0.len());
    secrets.assert_unseen(&log.text());
}

/// Sign-ins, calls and sign-outs of both families, with what goes well and what does not.
pub(crate) async fn everything_there_is(app: &TestApp, rotation: bool, secrets: &mut Secrets) {
    let (refresh, dead) = match rotation {
        true => ("GetTokensFromRefreshToken", "NotAuthorizedException"),
        false => ("oauth2/token", "invalid_grant"),
    };
    for start in ["/auth/login", "/api/v1/auth/login"] {
        let mut browser = app.browser();
        let callback = app.callback_url(&mut browser, start, ALICE).await;
        for (name, value) in callback.query_pairs() {
            secrets.add(&name, &value);
        }
        secrets.add("login cookie", browser.cookie("cogward_login").unwrap());
        // Somebody else's browser, the right one, and once more.
        app.browser().get(callback.as_str()).await;
        browser.get(callback.as_str()).await;
        app.sign_in_at(&mut browser, start, ALICE).await;
        secrets.add_session(app, &browser).await;
        for (status, kind) in [(500, "server_error"), (429, "TooManyRequestsException")] {
            app.advance(3601).await;
            app.fault(refresh, status, kind, 1).await;
            assert_kept(&browser.get("/auth/me").await);
            assert_eq!(browser.get("/auth/me").await.status, 200);
            secrets.add_session(app, &browser).await;
        }
        hand_over_and_end(app, &mut browser, secrets).await;
        app.sign_in_at(&mut browser, start, BOB).await;
        secrets.add_session(app, &browser).await;
        app.advance(3601).await;
        app.fault(refresh, 400, dead, 1).await;
        assert_eq!(browser.get("/auth/me").await.status, 401);
        app.sign_in_at(&mut browser, start, BOB).await;
        secrets.add_session(app, &browser).await;
        app.store.panic_at("load");
        assert_eq!(browser.get("/auth/me").await.status, 500);
        assert_eq!(browser.post("/api/v1/auth/logout").await.status, 200);
    }
}

async fn hand_over_and_end(app: &TestApp, browser: &mut Browser, secrets: &mut Secrets) {
    let (mut other, pair) = (app.browser(), token_pair(browser).await);
    assert_eq!(other.post_json("/auth/session", &pair).await.status, 200);
    secrets.add_session(app, &other).await;
    app.advance(3601).await;
    let late = app.browser().post_json("/auth/session", &pair).await;
    assert_eq!(late.status, 403, "{}", late.body);
    assert_eq!(
        other.get("/auth/token").await.status,
        401,
        "no refresh token"
    );
    app.store.set_broken(true);
    assert_kept(&browser.get("/auth/me").await);
    app.store.set_broken(false);
    for path in ["profile", "auth/sessions", "auth/check"] {
        let path = format!("/api/v1/{path}");
        assert_eq!(browser.get(&path).await.status, 200, "{path}");
    }
    secrets.add_session(app, browser).await;
    app.fault("oauth2/revoke", 500, "server_error", 1).await;
    let out = browser.post("/api/v1/auth/logout/all").await;
    assert_eq!(out.status, 200, "{}", out.body);
    assert_eq!(other.post("/auth/logout").await.status, 200);
}

async fn token_pair(browser: &mut Browser) -> Value {
    let both = browser.get("/auth/token").await.json();
    json!({ "access_token": both["access_token"], "id_token": both["id_token"] })
}
