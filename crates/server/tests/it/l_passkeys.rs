//! Passkeys on the application's own pages, and which of them a deployment allows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_auth::passkey::Rules;
use cogward_testkit::{Answer, Browser, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::authenticator::{Algorithm, Authenticator};
use crate::support::{code, refused, signed_in};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const ORIGIN: &str = "http://localhost:3001";
const LOGIN: &str = "/api/v1/auth/login";
const CONTINUE: &str = "/api/v1/auth/login/continue";
const PASSKEYS: &str = "/api/v1/auth/passkeys";
const OPTIONS: &str = "/api/v1/auth/passkeys/options";
const VALIDATE: &str = "/auth/validate-credential";
/// Of the test's authenticator.
const MODEL: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
const BACKUP_ELIGIBLE: u8 = 1 << 3;

async fn with_rules(rules: Rules) -> (TestApp, Browser) {
    let app = TestApp::builder().settings(|it| it.passkeys = rules);
    let app = app.start().await;
    app.user(EMAIL, &[]).await;
    let browser = signed_in(&app, EMAIL, PASSWORD).await;
    (app, browser)
}

fn only(model: &str) -> Rules {
    Rules {
        models: vec![model.parse().unwrap()],
        device_bound: false,
    }
}

async fn made(browser: &mut Browser, authenticator: &mut Authenticator) -> Value {
    let options = browser.post(OPTIONS).await;
    assert_eq!(options.status, 200, "{}", options.body);
    authenticator.register(&options.json())
}

async fn register(browser: &mut Browser, credential: &Value) -> Answer {
    let body = json!({ "credential": credential });
    browser.post_json(PASSKEYS, &body).await
}

async fn begin(browser: &mut Browser, email: &str) -> Answer {
    let body = json!({ "email": email, "preferred": "WEB_AUTHN", "session": true });
    browser.post_json(LOGIN, &body).await
}

fn asked(step: &Value) -> Value {
    assert_eq!(step["challenge"], "WEB_AUTHN", "{step}");
    let options = &step["parameters"]["CREDENTIAL_REQUEST_OPTIONS"];
    serde_json::from_str(options.as_str().unwrap()).unwrap()
}

async fn answer(browser: &mut Browser, step: &Value, credential: &Value) -> Answer {
    let body = json!({ "continuation": step["continuation"], "credential": credential });
    browser.post_json(CONTINUE, &body).await
}

#[tokio::test]
async fn a_passkey_is_registered_signed_in_with_and_taken_away() {
    let (app, mut here) = with_rules(Rules::default()).await;
    let mut key = Authenticator::new(Algorithm::Es256, ORIGIN);
    let credential = made(&mut here, &mut key).await;
    let done = register(&mut here, &credential).await;
    assert_eq!(done.json(), json!({ "message": "Passkey registered" }));
    refused(
        &register(&mut here, &credential).await,
        400,
        "passkey_expired",
    );
    let listed = here.get(PASSKEYS).await.json();
    let listed = listed["passkeys"].as_array().unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0]["created_at"].as_i64().unwrap() > 0);

    let mut browser = app.browser();
    let step = begin(&mut browser, EMAIL).await.json();
    let assertion = key.sign_in(&asked(&step));
    let done = answer(&mut browser, &step, &assertion).await;
    assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);
    let session = browser.get("/auth/token").await.json();
    assert_eq!(session["auth_method"], "passkey", "{session}");
    refused(
        &answer(&mut browser, &step, &assertion).await,
        400,
        "invalid_continuation",
    );
    // An assertion is for the step that asked for it.
    let next = begin(&mut browser, EMAIL).await.json();
    let replayed = answer(&mut browser, &next, &assertion).await;
    refused(&replayed, 401, "invalid_credentials");

    // A person who signed in with it needs no password to take it away.
    let id = listed[0]["id"].as_str().unwrap();
    let mut delete = async |id: &str| {
        let request = browser.request(Method::DELETE, &format!("{PASSKEYS}/{id}"));
        browser.send(request).await
    };
    refused(&delete("bm9uZQ").await, 404, "passkey_not_found");
    assert_eq!(
        delete(id).await.json(),
        json!({ "message": "Passkey removed" })
    );
    assert_eq!(here.get(PASSKEYS).await.json(), json!({ "passkeys": [] }));
    let gone = begin(&mut app.browser(), EMAIL).await.json();
    assert_ne!(gone["challenge"], "WEB_AUTHN", "{gone}");
}

#[tokio::test]
async fn what_to_sign_in_by_is_chosen_where_there_is_a_choice() {
    let (app, _) = with_rules(Rules::default()).await;
    let factors = json!({ "first_factors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"] });
    app.local("settings", factors).await;
    let mut browser = app.browser();
    let body = json!({ "email": EMAIL, "session": true });
    let step = browser.post_json(LOGIN, &body).await.json();
    assert_eq!(step["challenge"], "SELECT_CHALLENGE", "{step}");
    let offered = step["options"].as_array().unwrap();
    assert!(offered.contains(&json!("PASSWORD")) && offered.contains(&json!("EMAIL_OTP")));
    let chosen = json!({ "continuation": step["continuation"], "answer": "EMAIL_OTP" });
    let step = browser.post_json(CONTINUE, &chosen).await.json();
    assert_eq!(step["challenge"], "EMAIL_OTP", "{step}");
    let sent = code(&app, EMAIL).await;
    let body = json!({ "continuation": step["continuation"], "code": sent });
    let done = browser.post_json(CONTINUE, &body).await;
    assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);

    let mut browser = app.browser();
    let body = json!({ "email": EMAIL, "session": true });
    let step = browser.post_json(LOGIN, &body).await.json();
    let with_password = |password: &str| {
        json!({
            "continuation": step["continuation"], "answer": "PASSWORD", "password": password,
        })
    };
    let wrong = browser
        .post_json(CONTINUE, &with_password("Wr0ng-one!"))
        .await;
    refused(&wrong, 401, "invalid_credentials");
    let step = browser.post_json(LOGIN, &body).await.json();
    let right = json!({
        "continuation": step["continuation"], "answer": "PASSWORD", "password": PASSWORD,
    });
    let done = browser.post_json(CONTINUE, &right).await;
    assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);
    let odd = json!({ "email": EMAIL, "preferred": "PASSWORD_SRP" });
    refused(&browser.post_json(LOGIN, &odd).await, 400, "bad_request");
}

#[tokio::test]
async fn codes_that_are_chosen_on_the_way_in_are_messages_too() {
    let (app, _) = with_rules(Rules::default()).await;
    let factors = json!({ "first_factors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"] });
    app.local("settings", factors).await;
    let mut browser = app.browser();
    let body = json!({ "email": EMAIL, "preferred": "WEB_AUTHN", "session": true });
    // What sends nothing costs nothing.
    for left in [3, 2, 1] {
        let step = browser.post_json(LOGIN, &body).await.json();
        assert_eq!(step["challenge"], "SELECT_CHALLENGE", "{left}: {step}");
        let chosen = json!({ "continuation": step["continuation"], "answer": "EMAIL_OTP" });
        let sent = browser.post_json(CONTINUE, &chosen).await;
        assert_eq!(sent.status, 200, "{left}: {}", sent.body);
    }
    let calls = app.calls("RespondToAuthChallenge").await;
    let begun = browser.post_json(LOGIN, &body).await;
    let late = match begun.status.as_u16() {
        200 => {
            let continuation = &begun.json()["continuation"];
            let chosen = json!({ "continuation": continuation, "answer": "EMAIL_OTP" });
            browser.post_json(CONTINUE, &chosen).await
        }
        _ => begun,
    };
    refused(&late, 429, "too_many_requests");
    assert_eq!(app.calls("RespondToAuthChallenge").await, calls);
}

/// Threat 142, as far as Cognito keeps it: it is not told either that an address is unverified.
#[tokio::test]
async fn who_begins_without_a_password_gets_a_step_whoever_it_is() {
    let (app, _) = with_rules(Rules::default()).await;
    let unconfirmed = json!({
        "email": "new@example.com", "password": PASSWORD, "first_name": "New", "last_name": "One",
        "accept_terms": true,
    });
    let registered = app
        .browser()
        .post_json("/api/v1/auth/register", &unconfirmed)
        .await;
    assert_eq!(registered.status, 200);
    let nobody = begin(&mut app.browser(), "nobody@example.com").await;
    let new = begin(&mut app.browser(), "new@example.com").await;
    assert_ne!(new.json()["error"], "user_not_confirmed", "{}", new.body);
    let known = begin(&mut app.browser(), EMAIL).await;
    for answer in [nobody, known] {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.json()["continuation"].is_string(), "{}", answer.body);
    }
}

#[tokio::test]
async fn only_passkeys_that_are_allowed_are_registered() {
    let stranger = "ee882879-721c-4913-9775-3dfcce97072a";
    for (rules, backups, allowed) in [
        (only(MODEL), false, true),
        (only(stranger), false, false),
        (
            Rules {
                models: vec![],
                device_bound: true,
            },
            false,
            true,
        ),
        (
            Rules {
                models: vec![],
                device_bound: true,
            },
            true,
            false,
        ),
        (Rules::default(), true, true),
    ] {
        let (_app, mut browser) = with_rules(rules).await;
        let mut key = Authenticator::new(Algorithm::Es256, ORIGIN);
        if backups {
            key.flags |= BACKUP_ELIGIBLE;
        }
        let credential = made(&mut browser, &mut key).await;
        let judged = validate(&mut browser, &credential["response"]).await;
        let registered = register(&mut browser, &credential).await;
        if allowed {
            let device = json!({
                "aaguid": MODEL, "backup_eligible": backups, "backup_state": false,
                "user_verified": true,
            });
            assert_eq!(judged.json(), json!({ "allowed": true, "device": device }));
            assert_eq!(registered.status, 200, "{}", registered.body);
        } else {
            assert_eq!(judged.status, 403);
            assert_eq!(judged.json()["allowed"], false, "{}", judged.body);
            assert!(
                judged.json()["reason"]
                    .as_str()
                    .unwrap()
                    .contains("not allowed")
            );
            refused(&registered, 403, "passkey_not_allowed");
            assert_eq!(
                browser.get(PASSKEYS).await.json(),
                json!({ "passkeys": [] })
            );
        }
    }
}

async fn validate(browser: &mut Browser, response: &Value) -> Answer {
    let body = json!({
        "attestation_object": response["attestationObject"],
        "client_data_json": response["clientDataJSON"],
    });
    browser.post_json(VALIDATE, &body).await
}

#[tokio::test]
async fn what_is_no_new_passkey_is_not_judged() {
    let (app, mut browser) = with_rules(only(MODEL)).await;
    let mut key = Authenticator::new(Algorithm::Es256, ORIGIN);
    let credential = made(&mut browser, &mut key).await;
    let good = &credential["response"];
    let stranger = validate(&mut app.browser(), good).await;
    assert_eq!(stranger.status, 401);
    let object = URL_SAFE_NO_PAD.decode(good["attestationObject"].as_str().unwrap());
    let object = object.unwrap();
    let text = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
    let get = json!({ "type": "webauthn.get", "challenge": "", "origin": ORIGIN }).to_string();
    let mut bad = vec![
        (text(b""), good["clientDataJSON"].clone()),
        (json!("not base64url!"), good["clientDataJSON"].clone()),
        (
            text(&[object.as_slice(), &[0]].concat()),
            good["clientDataJSON"].clone(),
        ),
        (text(&vec![0xA1; 20_000]), good["clientDataJSON"].clone()),
        (good["attestationObject"].clone(), text(get.as_bytes())),
        (good["attestationObject"].clone(), text(b"{}")),
    ];
    bad.extend(
        (0..object.len())
            .step_by(7)
            .map(|end| (text(&object[..end]), good["clientDataJSON"].clone())),
    );
    for (object, data) in bad {
        let response = json!({ "attestationObject": object, "clientDataJSON": data });
        let answer = validate(&mut browser, &response).await;
        assert_eq!(
            answer.status,
            400,
            "{:.200}: {}",
            response.to_string(),
            answer.body
        );
    }
    assert_eq!(validate(&mut browser, good).await.status, 200);
    refused(
        &register(&mut browser, &json!({ "response": {} })).await,
        400,
        "bad_request",
    );
}
