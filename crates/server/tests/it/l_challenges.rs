//! Threat 154: what Cognito asks for between password and tokens is neither skipped nor handed over.

use cogward_pool::POOL_ID;
use cogward_testkit::{Answer, Browser, TestApp};
use serde_json::{Value, json};

use crate::support::{code, pool_call};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const OTHER: &str = "0ther-Passw0rd";
const LOGIN: &str = "/api/v1/auth/login";
const CONTINUE: &str = "/api/v1/auth/login/continue";
const CHECK: &str = "/api/v1/auth/check";

/// Signs in as far as the first step.
async fn first_step(browser: &mut Browser, email: &str) -> Value {
    let body = json!({ "email": email, "password": PASSWORD, "session": true });
    let answer = browser.post_json(LOGIN, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    assert!(body["challenge"].is_string() && browser.cookie("cogward_login").is_some());
    assert!(browser.cookie("cogward_session").is_none(), "not yet");
    for secret in ["Session", "USER_ID_FOR_SRP", "access_token"] {
        assert!(!answer.body.contains(secret), "{secret}: {body}");
    }
    body
}

async fn proceed(browser: &mut Browser, step: &Value, answer: Value) -> Answer {
    let mut body = answer;
    body["continuation"] = step["continuation"].clone();
    browser.post_json(CONTINUE, &body).await
}

async fn invited(app: &TestApp, email: &str) {
    let person = json!({
        "UserPoolId": POOL_ID, "Username": email, "TemporaryPassword": PASSWORD,
        "UserAttributes": [{ "Name": "email", "Value": email }],
    });
    assert_eq!(pool_call(app, "AdminCreateUser", &person).await.status, 200);
}

/// People whose second factor is a code by mail.
async fn with_mail_codes(app: &TestApp, emails: &[&str]) {
    let settings = json!({ "mfa": "OPTIONAL", "mfa_factors": ["EMAIL_OTP", "SOFTWARE_TOKEN_MFA"] });
    app.local("settings", settings).await;
    for email in emails {
        app.user(email, &[]).await;
        let preference = json!({
            "UserPoolId": POOL_ID, "Username": email,
            "EmailMfaSettings": { "Enabled": true, "PreferredMfa": true },
        });
        let set = pool_call(app, "AdminSetUserMFAPreference", &preference).await;
        assert_eq!(set.status, 200, "{}", set.body);
    }
}

fn wrong(code: &str) -> &'static str {
    if code.starts_with('0') {
        "111111"
    } else {
        "000000"
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &body["error"]),
        (status, &json!(code)),
        "{body}"
    );
    let session = answer
        .set_cookies()
        .iter()
        .any(|line| line.starts_with("cogward_session="));
    assert!(!session, "{:?}", answer.set_cookies());
}

#[tokio::test]
async fn a_first_password_is_chosen_and_the_session_begins() {
    for confidential in [false, true] {
        let builder = TestApp::builder();
        let builder = if confidential {
            builder.confidential()
        } else {
            builder
        };
        let app = builder.start().await;
        invited(&app, EMAIL).await;
        let mut browser = app.browser();
        let step = first_step(&mut browser, EMAIL).await;
        assert_eq!(step["challenge"], "NEW_PASSWORD_REQUIRED");
        let missing = proceed(&mut browser, &step, json!({ "code": "123456" })).await;
        refused(&missing, 400, "bad_request");
        let more = json!({ "new_password": OTHER, "attributes": { "custom:role": "admin" } });
        refused(
            &proceed(&mut browser, &step, more).await,
            400,
            "bad_request",
        );
        let weak = proceed(&mut browser, &step, json!({ "new_password": "short" })).await;
        refused(&weak, 400, "password_policy");
        let done = proceed(&mut browser, &step, json!({ "new_password": OTHER })).await;
        assert_eq!(done.json(), json!({ "success": true }));
        assert_eq!(browser.get(CHECK).await.status, 200);
        let again = proceed(&mut browser, &step, json!({ "new_password": PASSWORD })).await;
        refused(&again, 400, "invalid_continuation");
    }
}

#[tokio::test]
async fn a_second_factor_may_be_mistyped_five_times() {
    let app = TestApp::start().await;
    with_mail_codes(&app, &[EMAIL]).await;
    let mut browser = app.browser();
    let step = first_step(&mut browser, EMAIL).await;
    assert_eq!(step["challenge"], "EMAIL_OTP");
    assert_eq!(step["parameters"]["CODE_DELIVERY_DELIVERY_MEDIUM"], "EMAIL");
    let sent = code(&app, EMAIL).await;
    refused(
        &proceed(&mut browser, &step, json!({ "code": wrong(&sent) })).await,
        400,
        "invalid_code",
    );
    let done = proceed(&mut browser, &step, json!({ "code": format!(" {sent} ") })).await;
    assert_eq!(done.json(), json!({ "success": true }));
    assert_eq!(browser.get(CHECK).await.status, 200);

    app.local(
        "settings",
        json!({ "limits": { "lockout": false, "attempts": false } }),
    )
    .await;
    let mut browser = app.browser();
    let step = first_step(&mut browser, EMAIL).await;
    let sent = code(&app, EMAIL).await;
    for _ in 0..5 {
        refused(
            &proceed(&mut browser, &step, json!({ "code": wrong(&sent) })).await,
            400,
            "invalid_code",
        );
    }
    let late = proceed(&mut browser, &step, json!({ "code": sent })).await;
    refused(&late, 400, "invalid_continuation");
}

#[tokio::test]
async fn a_step_is_of_one_browser_one_person_and_a_few_minutes() {
    let app = TestApp::start().await;
    with_mail_codes(&app, &[EMAIL, "bob@example.com"]).await;
    let mut ada = app.browser();
    let step = first_step(&mut ada, EMAIL).await;
    let sent = code(&app, EMAIL).await;

    // Without the cookie, and with another browser's.
    let answer = json!({ "code": sent });
    let bare = proceed(&mut app.browser(), &step, answer.clone()).await;
    refused(&bare, 400, "invalid_continuation");
    let mut bob = app.browser();
    let bobs = first_step(&mut bob, "bob@example.com").await;
    let his = code(&app, "bob@example.com").await;
    let stolen = proceed(&mut bob, &step, answer.clone()).await;
    refused(&stolen, 400, "invalid_continuation");
    // Whoever tried it has used it up: its browser begins again.
    refused(
        &proceed(&mut ada, &step, answer).await,
        400,
        "invalid_continuation",
    );

    // Ada's code does not finish Bob's sign-in; Bob's does, and he is Bob.
    let step = first_step(&mut ada, EMAIL).await;
    let hers = code(&app, EMAIL).await;
    if hers != his {
        refused(
            &proceed(&mut bob, &bobs, json!({ "code": hers })).await,
            400,
            "invalid_code",
        );
    }
    let done = proceed(&mut bob, &bobs, json!({ "code": his })).await;
    assert_eq!(done.status, 200);
    let me = bob.get("/auth/me").await.json();
    assert_eq!(me["email"], "bob@example.com", "{me}");

    app.advance(181).await;
    let late = proceed(&mut ada, &step, json!({ "code": hers })).await;
    refused(&late, 400, "invalid_continuation");
    assert_eq!(ada.get(CHECK).await.status, 401);
}

#[tokio::test]
async fn nothing_goes_round_a_second_factor() {
    let app = TestApp::start().await;
    with_mail_codes(&app, &[EMAIL]).await;
    let mut browser = app.browser();
    let step = first_step(&mut browser, EMAIL).await;
    let continuation = step["continuation"].as_str().unwrap();
    assert_eq!(browser.get(CHECK).await.status, 401);
    for path in ["/auth/refresh", "/api/v1/auth/refresh"] {
        assert_ne!(browser.post(path).await.status, 200, "{path}");
    }
    // A continuation is no `state` of the hosted page's sign-in, and the other way round.
    let callback = format!("/api/v1/auth/callback?code=x&state={continuation}");
    browser.get(&callback).await;
    assert!(browser.cookie("cogward_session").is_none());
    let begun = browser.get(LOGIN).await;
    let state = begun.location();
    let state = state
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let answer = json!({ "continuation": state, "code": "123456" });
    refused(
        &browser.post_json(CONTINUE, &answer).await,
        400,
        "invalid_continuation",
    );
    // Many at once: one is asked of Cognito.
    let step = first_step(&mut browser, EMAIL).await;
    let before = app.calls("RespondToAuthChallenge").await;
    let sent = code(&app, EMAIL).await;
    let tries = (0..6).map(|_| {
        let mut copy = browser.copy();
        let (step, sent) = (step.clone(), sent.clone());
        async move {
            proceed(&mut copy, &step, json!({ "code": sent }))
                .await
                .status
        }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(app.calls("RespondToAuthChallenge").await, before + 1);
}

#[tokio::test]
async fn one_of_two_second_factors_is_chosen() {
    let app = TestApp::start().await;
    app.local(
        "settings",
        json!({ "mfa": "OPTIONAL", "mfa_factors": ["EMAIL_OTP", "SMS_MFA"] }),
    )
    .await;
    let person = json!({
        "username": EMAIL, "password": PASSWORD,
        "attributes": { "phone_number": "+15550100", "phone_number_verified": "true" },
    });
    app.local("users", person).await;
    let both = json!({
        "UserPoolId": POOL_ID, "Username": EMAIL,
        "EmailMfaSettings": { "Enabled": true }, "SMSMfaSettings": { "Enabled": true },
    });
    let set = pool_call(&app, "AdminSetUserMFAPreference", &both).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let mut browser = app.browser();
    let step = first_step(&mut browser, EMAIL).await;
    assert_eq!(step["challenge"], "SELECT_MFA_TYPE");
    let next = proceed(&mut browser, &step, json!({ "answer": "SMS_MFA" }))
        .await
        .json();
    assert_eq!(next["challenge"], "SMS_MFA", "{next}");
    assert_ne!(next["continuation"], step["continuation"]);
    let sent = code(&app, "%2B15550100").await;
    let done = proceed(&mut browser, &next, json!({ "code": sent })).await;
    assert_eq!(done.json(), json!({ "success": true }));
}

#[tokio::test]
async fn a_fault_signs_nobody_in_and_uses_no_step_up() {
    let app = TestApp::start().await;
    with_mail_codes(&app, &[EMAIL]).await;
    let mut browser = app.browser();
    let step = first_step(&mut browser, EMAIL).await;
    let sent = code(&app, EMAIL).await;
    app.store.set_broken(true);
    refused(
        &proceed(&mut browser, &step, json!({ "code": sent })).await,
        503,
        "unavailable",
    );
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    refused(
        &app.browser().post_json(LOGIN, &body).await,
        503,
        "unavailable",
    );
    app.store.set_broken(false);
    app.fault("RespondToAuthChallenge", 500, "InternalErrorException", 1)
        .await;
    let down = proceed(&mut browser, &step, json!({ "code": sent })).await;
    refused(&down, 503, "unavailable");
    let done = proceed(&mut browser, &step, json!({ "code": sent })).await;
    assert_eq!(done.status, 200, "the step was not used up");
}

#[tokio::test]
async fn one_of_several_second_factors_is_chosen() {
    let app = TestApp::start().await;
    let settings = json!({
        "mfa": "OPTIONAL", "mfa_factors": ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"],
    });
    app.local("settings", settings).await;
    let number = "+15555550100";
    let person = json!({
        "username": EMAIL, "password": PASSWORD,
        "attributes": { "phone_number": number, "phone_number_verified": "true" },
    });
    app.local("users", person).await;
    let preference = json!({
        "UserPoolId": POOL_ID, "Username": EMAIL,
        "EmailMfaSettings": { "Enabled": true }, "SMSMfaSettings": { "Enabled": true },
    });
    let set = pool_call(&app, "AdminSetUserMFAPreference", &preference).await;
    assert_eq!(set.status, 200, "{}", set.body);
    for (factor, recipient) in [("SMS_MFA", "%2B15555550100"), ("EMAIL_OTP", EMAIL)] {
        let mut browser = app.browser();
        let step = first_step(&mut browser, EMAIL).await;
        assert_eq!(step["challenge"], "SELECT_MFA_TYPE", "{step}");
        let can = step["parameters"]["MFAS_CAN_CHOOSE"].as_str().unwrap();
        assert!(can.contains(factor), "{can}");
        let chosen = proceed(&mut browser, &step, json!({ "answer": factor })).await;
        let chosen = chosen.json();
        assert_eq!(chosen["challenge"], factor, "{chosen}");
        // The step before is over.
        let again = proceed(&mut browser, &step, json!({ "answer": factor })).await;
        refused(&again, 400, "invalid_continuation");
        let sent = code(&app, recipient).await;
        let done = proceed(&mut browser, &chosen, json!({ "code": sent })).await;
        assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);
    }
}

/// The three functions of a riddle that may be answered wrongly once.
async fn riddles(app: &TestApp) {
    use axum::extract::Path;
    use axum::routing::post;
    let invoke = async |Path(name): Path<String>, body: String| {
        let mut event: Value = serde_json::from_str(&body).unwrap();
        let request = &event["request"];
        let rounds = request["session"].as_array().unwrap();
        let right = rounds.iter().any(|round| round["challengeResult"] == true);
        event["response"] = match name.as_str() {
            "define" => json!({
                "issueTokens": right, "failAuthentication": !right && rounds.len() > 1,
                "challengeName": "CUSTOM_CHALLENGE",
            }),
            "create" => json!({
                "publicChallengeParameters": { "riddle": "6 x 7" },
                "privateChallengeParameters": { "answer": "42" },
            }),
            _ => json!({ "answerCorrect": request["challengeAnswer"] == "42" }),
        };
        event.to_string()
    };
    let path = "/2015-03-31/functions/{name}/invocations";
    let router = axum::Router::new().route(path, post(invoke));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let url = |name: &str| format!("{base}{}", path.replace("{name}", name));
    let triggers = json!({ "triggers": {
        "define_auth_challenge": url("define"), "create_auth_challenge": url("create"),
        "verify_auth_challenge_response": url("verify"),
    } });
    app.local("settings", triggers).await;
}

#[tokio::test]
async fn what_the_pools_own_functions_ask_is_answered() {
    let app = TestApp::start().await;
    riddles(&app).await;
    app.user(EMAIL, &[]).await;
    let begin = json!({ "email": EMAIL, "preferred": "CUSTOM_CHALLENGE", "session": true });
    let mut browser = app.browser();
    let step = browser.post_json(LOGIN, &begin).await.json();
    assert_eq!(step["challenge"], "CUSTOM_CHALLENGE", "{step}");
    assert_eq!(step["parameters"], json!({ "riddle": "6 x 7" }));
    let next = proceed(&mut browser, &step, json!({ "answer": "41" })).await;
    let next = next.json();
    assert_eq!(next["challenge"], "CUSTOM_CHALLENGE", "{next}");
    assert_ne!(next["continuation"], step["continuation"]);
    let done = proceed(&mut browser, &next, json!({ "answer": "42" })).await;
    assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);
    assert_eq!(browser.get(CHECK).await.status, 200);

    let mut browser = app.browser();
    let step = browser.post_json(LOGIN, &begin).await.json();
    let step = proceed(&mut browser, &step, json!({ "answer": "41" })).await;
    let over = proceed(&mut browser, &step.json(), json!({ "answer": "41" })).await;
    refused(&over, 401, "invalid_credentials");
}
