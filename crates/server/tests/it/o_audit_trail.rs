//! The audit trail of a running server: every kind of event as OCSF has it, and nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use cogward_auth::audit::kinds::{self, Event, Refused};
use cogward_auth::audit::{Trail, Whose, is_plain};
use cogward_auth::passkey::Rules;
use cogward_session::{Quota, Record};
use cogward_testkit::{Browser, Builder, TestApp, assert_whole_trail, audit_events};
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::{Secrets, everything_there_is};
use crate::authenticator::{Algorithm, Authenticator};
use crate::support::{code, signed_in, tokens, totp};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const OTHER: &str = "0ther-Passw0rd";
const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
const VERIFY: &str = "/api/v1/auth/verify-otp";
const ORIGIN: &str = "http://localhost:3001";
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const PATIENCE: Duration = Duration::from_secs(60);

/// A server whose trail is a file.
pub(crate) struct Audited {
    pub(crate) app: TestApp,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Audited {
    pub(crate) async fn start(builder: Builder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let app = builder.start().await;
        app.auth.set_trail(trail(&path, &app));
        Self {
            app,
            path,
            _folder: folder,
        }
    }

    /// What is told once all is done, all of it as OCSF has it.
    pub(crate) async fn end(self) -> (String, Vec<Value>) {
        self.app.auth.drain().await;
        let trail = self.app.auth.trail().unwrap();
        assert_eq!(trail.end(PATIENCE).await, Some(0));
        let text = std::fs::read_to_string(&self.path).unwrap();
        let events = audit_events(&text);
        (text, events)
    }
}

fn trail(path: &Path, app: &TestApp) -> Trail {
    let path = path.to_owned();
    let whose = Whose {
        pool: &app.auth.pool().id,
        client: &app.auth.pool().client_id,
    };
    let open = move || -> std::io::Result<Box<dyn std::io::Write + Send>> {
        let mut options = std::fs::OpenOptions::new();
        Ok(Box::new(options.append(true).create(true).open(&path)?))
    };
    let clock = Arc::new(app.clock.clone());
    Trail::begin(Box::new(open), &whose, clock, &SystemRandom::new()).unwrap()
}

pub(crate) fn code_of(event: &Value) -> &str {
    event["metadata"]["event_code"].as_str().unwrap()
}

fn quick() -> Builder {
    TestApp::builder()
        .people()
        .admin()
        .policies()
        .settings(|it| {
            it.accounts.step = Duration::ZERO;
            it.accounts.quotas.attempts = Quota::new(1000, 1);
            it.accounts.quotas.messages = Quota::new(1000, 1);
            it.accounts.quotas.all_messages = Quota::new(1000, 1);
            it.passkeys = Rules {
                device_bound: true,
                ..Rules::default()
            };
        })
}

/// Those that need more than a browser, a clock and a pool: other tests have them.
const ELSEWHERE: [&str; 10] = [
    "authorization_unavailable",
    "context_forgotten",
    "keys_changed",
    "policies_refused",
    "policies_taken",
    "sessions_listed",
    "not_written",
    "sign_out_after_reset_failed",
    "events_lost",
    "trail_reopened",
];

#[tokio::test]
async fn every_event_of_a_running_server_is_one_of_ocsf_and_has_no_secret() {
    let audited = Audited::start(quick()).await;
    let app = &audited.app;
    let mut secrets = Secrets::default();
    everything_there_is(app, false, &mut secrets).await;
    sign_up_and_in(app, &mut secrets).await;
    own_account(app, &mut secrets).await;
    refusals(app).await;
    for (what, value) in [
        ("password", PASSWORD),
        ("password", OTHER),
        ("e-mail", "user@example.com"),
        ("e-mail", "admin@example.com"),
        ("e-mail", EMAIL),
        ("any token", "eyJraWQi"),
        ("any token", "eyJhbGci"),
    ] {
        secrets.add(what, value);
    }
    let (text, events) = audited.end().await;
    secrets.assert_unseen(&text);
    assert!(!text.contains('@'), "an address of e-mail");
    let told: BTreeSet<&str> = events.iter().map(code_of).collect();
    let all: BTreeSet<&str> = kinds::all().map(|kind| kind.code).collect();
    let missing: Vec<&str> = all.difference(&told).copied().collect();
    let mut elsewhere = ELSEWHERE.to_vec();
    elsewhere.sort_unstable();
    assert_eq!(missing, elsewhere);
    assert_eq!(code_of(&events[0]), "trail_begun");
    assert_eq!(code_of(events.last().unwrap()), "trail_ended");
    let known = events.iter().filter(|it| it["user"]["uid"].is_string());
    assert!(known.count() > 30);
    let by_reset =
        |it: &&Value| code_of(it) == "tokens_revoked" && it["status_detail"] == "another password";
    let by_reset: Vec<_> = events.iter().filter(by_reset).collect();
    assert_eq!(by_reset.len(), 1);
    assert!(by_reset[0]["user"]["uid"].is_string());
}

async fn sign_up_and_in(app: &TestApp, secrets: &mut Secrets) {
    let person = json!({
        "email": EMAIL, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        "accept_terms": true,
    });
    let mut browser = app.browser();
    assert_eq!(browser.post_json(REGISTER, &person).await.status, 200);
    assert_eq!(browser.post_json(REGISTER, &person).await.status, 200);
    let sent = code(app, EMAIL).await;
    for number in ["000000", &sent] {
        let body = json!({ "email": EMAIL, "code": number, "purpose": "email_verification" });
        browser.post_json(VERIFY, &body).await;
    }
    let ask = json!({ "email": EMAIL, "purpose": "password_reset" });
    let asked = browser.post_json("/api/v1/auth/request-otp", &ask).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let sent = code(app, EMAIL).await;
    let body = json!({
        "email": EMAIL, "code": sent, "purpose": "password_reset", "new_password": OTHER,
    });
    let reset = browser.post_json(VERIFY, &body).await;
    assert_eq!(reset.status, 200, "{}", reset.body);
    for password in [PASSWORD, OTHER] {
        let body = json!({ "email": EMAIL, "password": password, "session": false });
        let given = browser.post_json(LOGIN, &body).await;
        if given.status == 200 {
            let token = given.json()["access_token"].as_str().unwrap().to_owned();
            secrets.add("access token", &token);
        }
    }
    let body = json!({ "continuation": "made-up", "code": "123456" });
    browser
        .post_json("/api/v1/auth/login/continue", &body)
        .await;
}

async fn own_account(app: &TestApp, secrets: &mut Secrets) {
    app.local("settings", json!({ "mfa": "OPTIONAL" })).await;
    let mut here = signed_in(app, EMAIL, OTHER).await;
    let begun = here.post("/api/v1/auth/mfa/totp").await.json();
    secrets.add("TOTP secret", begun["secret"].as_str().unwrap());
    let number = totp(app, &begun["secret"]).await;
    let body = json!({ "code": number });
    let verified = here.post_json("/api/v1/auth/mfa/totp/verify", &body).await;
    assert_eq!(verified.status, 200, "{}", verified.body);
    let remove = here.request(Method::DELETE, "/api/v1/auth/mfa/totp");
    assert_eq!(here.send(remove).await.status, 200);
    // One that is synced, which the rules refuse.
    let options = here.post("/api/v1/auth/passkeys/options").await.json();
    let mut synced = Authenticator::new(Algorithm::Es256, ORIGIN);
    synced.flags |= BACKUP_ELIGIBLE;
    let made = synced.register(&options);
    let body = json!({ "credential": made });
    let passkey = here.post_json("/api/v1/auth/passkeys", &body).await;
    assert_eq!(passkey.status, 403);
    for (old, new) in [("wrong-Passw0rd", PASSWORD), (OTHER, PASSWORD)] {
        let body = json!({ "current_password": old, "new_password": new });
        here.post_json("/api/v1/auth/change-password", &body).await;
    }
    app.advance(3601).await;
    let late = here.post("/api/v1/auth/delete-account").await;
    assert_eq!(late.status, 403, "{}", late.body);
    let mut here = signed_in(app, EMAIL, PASSWORD).await;
    let gone = here.post("/api/v1/auth/delete-account").await;
    assert_eq!(gone.status, 200, "{}", gone.body);
}

async fn refusals(app: &TestApp) {
    let mut browser = app.browser();
    app.sign_in(&mut browser, "user@example.com").await;
    for question in [
        json!({ "action": "read:own" }),
        json!({ "action": "admin:delete-user", "context": { "targetUserId": "x" } }),
        json!({ "action": "none" }),
    ] {
        browser.post_json("/auth/authorize", &question).await;
    }
    assert_eq!(browser.get("/auth/permissions").await.status, 200);
    let forged = browser.request(Method::GET, "/auth/me");
    let forged = browser.send(forged.bearer_auth("no.such.token")).await;
    assert_eq!(forged.status, 401);
    let foreign = browser.request(Method::POST, "/auth/logout");
    let foreign = browser
        .send(foreign.header("origin", "https://evil.example"))
        .await;
    assert_eq!(foreign.status, 403);
    app.store.lie(|_, record| {
        let (identity, record) = (Box::default(), record.clone());
        Some(Record { identity, ..record })
    });
    assert_eq!(browser.get("/auth/me").await.status, 401);
}

/// Everything that a caller may have a word in.
const HOSTILE: &str =
    "a\r\n{\"x\":1}\u{1b}]0;t\u{7}\u{7f}\u{9b}2J\u{85}\u{2028}\u{202e}\\\",\"y\":\"z";

/// What Cognito lets a group be called.
const GROUP: &str = "\"},{\"class_uid\":3002,\"x\":\"\\u001b]0;t";

#[tokio::test]
async fn t181_nothing_that_a_caller_sends_forges_an_event() {
    let audited = Audited::start(quick()).await;
    let app = &audited.app;
    let group = json!({
        "username": "eve@example.com", "password": PASSWORD, "groups": [GROUP],
        "attributes": { "email": "eve@example.com" },
    });
    app.local("users", group).await;
    let mut browser = app.browser();
    let body = json!({ "email": "eve@example.com", "password": PASSWORD, "session": true });
    // What a header may hold at all.
    let agent = "x\u{9b}2J\t\"},{\"class_uid\":3002,\"x\":\"\\u001b]0;t\u{2028}".to_owned();
    let header = |text: &str| reqwest::header::HeaderValue::from_bytes(text.as_bytes()).unwrap();
    let request = browser.request(Method::POST, LOGIN);
    let request = request
        .header(
            "user-agent",
            header("Mozilla\t\"},{\"class_uid\":3002,\"x\":\"\\u001b]0;t"),
        )
        .header("x-request-id", header(&agent))
        .header("x-forwarded-for", header("127.0.0.1\t\"x"));
    let entered = browser.send(request.json(&body)).await;
    assert_eq!(entered.status, 200, "{}", entered.body);
    let id = entered.header("x-request-id").to_owned();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let resource = json!({ "id": HOSTILE, "type": HOSTILE, "owner": HOSTILE });
    let question = json!({ "action": "read:own", "resource": resource });
    browser.post_json("/auth/authorize", &question).await;
    for body in [
        json!({ "email": HOSTILE, "password": HOSTILE }),
        json!({ "email": "eve@example.com", "password": HOSTILE }),
        json!({ "continuation": HOSTILE, "code": HOSTILE }),
    ] {
        browser.post_json(LOGIN, &body).await;
        browser
            .post_json("/api/v1/auth/login/continue", &body)
            .await;
    }
    browser.get("/auth/login?return_to=//x%0d%0a%1b]0;t").await;
    browser
        .get("/auth/callback?state=%0a%7b&error=%1b%5b2J%0d%0a")
        .await;
    let (text, events) = audited.end().await;
    for line in text.split_terminator('\n') {
        assert!(line.chars().all(is_plain), "{line:?}");
    }
    assert_whole_trail(&events);
    let decided = events.iter().find(|it| code_of(it) == "decision").unwrap();
    assert_eq!(decided["resources"][0]["uid"], HOSTILE);
    assert_eq!(decided["resources"][0]["type"], HOSTILE);
    let entered = events
        .iter()
        .find(|it| code_of(it) == Event::SignedIn.kind().code);
    let entered = entered.unwrap();
    assert_eq!(entered["http_request"]["uid"], id);
    assert_eq!(
        entered["http_request"]["user_agent"],
        "Mozilla\t\"},{\"class_uid\":3002,\"x\":\"\\u001b]0;t"
    );
    assert_eq!(entered["src_endpoint"]["ip"], "127.0.0.1");
    let refused = Refused::SignIn.kind().code;
    assert!(events.iter().any(|it| code_of(it) == refused));
}

#[tokio::test]
async fn events_name_their_request_caller_and_proxy() {
    let builder = TestApp::builder().site(|site| {
        site.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let audited = Audited::start(builder).await;
    let app = &audited.app;
    let mut browser = app.browser();
    let pair = tokens(app, "user@example.com").await;
    let call = |browser: &mut Browser, path: &str| {
        let request = browser.request(Method::POST, path);
        request
            .header("x-l42-csrf", "1")
            .header("x-forwarded-for", "6.6.6.6, 203.0.113.9")
    };
    let request = call(&mut browser, "/auth/session").json(&pair);
    let entered = browser.send(request).await;
    assert_eq!(entered.status, 200, "{}", entered.body);
    let handle = app.session_id(&browser).lookup_key().handle().to_string();
    // Done behind the answer, a second later.
    app.store.fail("remove", 1);
    let request = call(&mut browser, "/auth/logout");
    let out = browser.send(request).await;
    assert_eq!(out.status, 200);
    let pool = app.auth.pool().id.clone();
    let (_, events) = audited.end().await;
    for (name, answer) in [("signed_in", &entered), ("signed_out", &out)] {
        let event = events.iter().find(|it| code_of(it) == name).unwrap();
        let id = answer.header("x-request-id");
        assert_eq!(event["http_request"]["uid"], id);
        assert_eq!(event["metadata"]["correlation_uid"], id);
        assert_eq!(event["src_endpoint"]["ip"], "203.0.113.9");
        assert_eq!(
            event["src_endpoint"]["intermediate_ips"],
            json!(["127.0.0.1"])
        );
        assert_eq!(event["session"]["uid"], handle);
        assert_eq!(event["user"]["domain"], pool);
    }
}
