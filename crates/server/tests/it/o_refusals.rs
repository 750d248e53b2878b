//! What is refused about an account is one event, whether or not accounts are a secret.

use std::time::Duration;

use cogward_testkit::{Answer, Browser, TestApp};
use serde_json::{Value, json};

use crate::o_audit_trail::{Audited, code_of};
use crate::support::{code, signed_in};

const ADA: &str = "ada@example.com";
const NEW: &str = "new@example.com";
const NOBODY: &str = "nobody@example.com";
const PASSWORD: &str = "Passw0rd!";
const REGISTER: &str = "/api/v1/auth/register";
const REQUEST: &str = "/api/v1/auth/request-otp";
const VERIFY: &str = "/api/v1/auth/verify-otp";
const CHANGE: &str = "/api/v1/auth/change-password";
const TOTP: &str = "/api/v1/auth/mfa/totp";

async fn app(hides: bool) -> Audited {
    let builder = TestApp::builder().settings(|it| {
        it.accounts.step = Duration::ZERO;
        it.accounts.hide_existing = hides;
    });
    let audited = Audited::start(builder).await;
    let app = &audited.app;
    app.local("settings", json!({ "mfa": "OPTIONAL" })).await;
    app.user(ADA, &[]).await;
    audited
}

fn person(email: &str, password: &str) -> Value {
    json!({
        "email": email, "password": password, "first_name": "Ada", "last_name": "Lovelace",
        "accept_terms": true,
    })
}

/// What is refused to a stranger, by the event that it is.
async fn refused_to_strangers(app: &TestApp) -> Vec<(Answer, &'static str)> {
    let mut browser = app.browser();
    let made = browser.post_json(REGISTER, &person(NEW, PASSWORD)).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let verify = |email: &str, code: &str| json!({ "email": email, "code": code, "purpose": "email_verification" });
    let ask = |email: &str, purpose: &str| json!({ "email": email, "purpose": purpose });
    let ask_reset = browser
        .post_json(REQUEST, &ask(ADA, "password_reset"))
        .await;
    assert_eq!(ask_reset.status, 200, "{}", ask_reset.body);
    let reset = json!({
        "email": ADA, "code": code(app, ADA).await, "purpose": "password_reset",
        "new_password": "lowercase-passw0rd",
    });
    let mut refused = Vec::new();
    for (path, body, event) in [
        (REGISTER, person(ADA, PASSWORD), "registration_refused"),
        (
            REGISTER,
            person("weak@example.com", "lowercase-passw0rd"),
            "registration_refused",
        ),
        (VERIFY, verify(NEW, "000000"), "code_refused"),
        (VERIFY, verify(NEW, "not a code"), "code_refused"),
        (VERIFY, verify(NOBODY, "000000"), "code_refused"),
        (REQUEST, ask(ADA, "email_verification"), "code_refused"),
        (VERIFY, reset, "password_change_refused"),
    ] {
        refused.push((browser.post_json(path, &body).await, event));
    }
    refused
}

async fn refused_to_ada(ada: &mut Browser) -> Vec<(Answer, &'static str)> {
    assert_eq!(ada.post(TOTP).await.status, 200);
    let mut refused = Vec::new();
    for number in ["000000", "not a code"] {
        let body = json!({ "code": number });
        let path = format!("{TOTP}/verify");
        refused.push((ada.post_json(&path, &body).await, "code_refused"));
    }
    for (old, new) in [
        ("wrong-Passw0rd", "0ther-Passw0rd"),
        (PASSWORD, "lowercase-passw0rd"),
    ] {
        let body = json!({ "current_password": old, "new_password": new });
        refused.push((
            ada.post_json(CHANGE, &body).await,
            "password_change_refused",
        ));
    }
    refused
}

#[tokio::test]
async fn each_refusal_about_an_account_is_one_event_whether_accounts_are_a_secret_or_not() {
    for hides in [true, false] {
        let audited = app(hides).await;
        let app = &audited.app;
        let mut ada = signed_in(app, ADA, PASSWORD).await;
        let sub = ada.get("/api/v1/auth/check").await.json()["user"]["id"].clone();
        let by_strangers = refused_to_strangers(app).await;
        let by_ada = refused_to_ada(&mut ada).await;
        let (text, events) = audited.end().await;
        assert!(!text.contains('@'), "an address of e-mail");
        let of = |(answer, code): &(Answer, &str)| {
            let id = answer.header("x-request-id");
            let of_it = |it: &&Value| it["metadata"]["correlation_uid"] == id;
            let told: Vec<_> = events.iter().filter(of_it).collect();
            let codes: Vec<_> = told.iter().map(|it| code_of(it)).collect();
            assert_eq!(codes, [*code], "hides: {hides}, {}", answer.body);
            told[0].clone()
        };
        for refused in &by_strangers {
            of(refused);
        }
        for refused in &by_ada {
            assert_eq!(of(refused)["user"]["uid"], sub);
        }
    }
}
