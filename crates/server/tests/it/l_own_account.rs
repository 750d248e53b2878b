//! What a person who is signed in does to the account: another password, an authenticator app,
//! its end.

use cogward_testkit::{Browser, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{pool_call, refresh_at_pool, refused, signed_in, tokens, totp, until};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const OTHER: &str = "0ther-Passw0rd";
const LOGIN: &str = "/api/v1/auth/login";
const CONTINUE: &str = "/api/v1/auth/login/continue";
const CHECK: &str = "/api/v1/auth/check";
const CHANGE: &str = "/api/v1/auth/change-password";
const DELETE: &str = "/api/v1/auth/delete-account";
const MFA: &str = "/api/v1/auth/mfa";
const TOTP: &str = "/api/v1/auth/mfa/totp";
const VERIFY: &str = "/api/v1/auth/mfa/totp/verify";

async fn app() -> TestApp {
    let app = TestApp::start().await;
    app.local("settings", json!({ "mfa": "OPTIONAL" })).await;
    app.user(EMAIL, &[]).await;
    app
}

async fn status(browser: &mut Browser) -> u16 {
    browser.get(CHECK).await.status.as_u16()
}

fn change(old: &str, new: &str) -> Value {
    json!({ "current_password": old, "new_password": new })
}

async fn password_is(app: &TestApp, password: &str) -> bool {
    let body = json!({ "email": EMAIL, "password": password });
    app.browser().post_json(LOGIN, &body).await.status == 200
}

#[tokio::test]
async fn another_password_ends_all_sessions_and_begins_one() {
    let app = app().await;
    let mut here = signed_in(&app, EMAIL, PASSWORD).await;
    let mut elsewhere = signed_in(&app, EMAIL, PASSWORD).await;
    let handed = tokens(&app, EMAIL).await;
    let before = app.session_id(&here).lookup_key();

    let wrong = here.post_json(CHANGE, &change(OTHER, OTHER)).await;
    refused(&wrong, 403, "wrong_password");
    let weak = here.post_json(CHANGE, &change(PASSWORD, "short")).await;
    refused(&weak, 400, "password_policy");
    assert_eq!(status(&mut elsewhere).await, 200);

    let done = here.post_json(CHANGE, &change(PASSWORD, OTHER)).await;
    assert_eq!(done.json(), json!({ "message": "Password changed" }));
    assert_eq!(
        (status(&mut here).await, status(&mut elsewhere).await),
        (200, 401)
    );
    assert!(password_is(&app, OTHER).await && !password_is(&app, PASSWORD).await);
    assert_ne!(app.session_id(&here).lookup_key(), before, "a new session");
    let refresh = handed["refresh_token"].as_str().unwrap();
    assert_eq!(
        refresh_at_pool(&app, refresh).await,
        400,
        "ended at Cognito"
    );
    // Tokens that were issued before count no longer, and sessions cannot be made of them.
    let adopted = app.browser().post_json("/auth/session", &handed).await;
    assert_eq!(adopted.status, 403, "{}", adopted.body);
}

#[tokio::test]
async fn a_store_that_is_down_ends_the_other_sessions_when_it_is_back() {
    let app = app().await;
    let mut here = signed_in(&app, EMAIL, PASSWORD).await;
    let mut elsewhere = signed_in(&app, EMAIL, PASSWORD).await;
    app.store.fail("list", 2);
    let done = here.post_json(CHANGE, &change(PASSWORD, OTHER)).await;
    assert_eq!(
        done.status, 200,
        "the password is another one already: {}",
        done.body
    );
    assert!(
        here.cookie("cogward_session").is_none(),
        "he signs in again"
    );
    until("ended", async || status(&mut elsewhere).await == 401).await;
}

#[tokio::test]
async fn another_password_of_who_has_a_second_factor_asks_for_it() {
    let app = app().await;
    let mut here = signed_in(&app, EMAIL, PASSWORD).await;
    let begun = here.post(TOTP).await.json();
    let code = totp(&app, &begun["secret"]).await;
    let body = json!({ "code": code });
    assert_eq!(here.post_json(VERIFY, &body).await.status, 200);
    app.advance(60).await;
    let step = here.post_json(CHANGE, &change(PASSWORD, OTHER)).await;
    assert!(here.cookie("cogward_session").is_none());
    let step = step.json();
    assert_eq!(step["challenge"], "SOFTWARE_TOKEN_MFA", "{step}");
    let code = totp(&app, &begun["secret"]).await;
    let body = json!({ "continuation": step["continuation"], "code": code });
    let done = here.post_json(CONTINUE, &body).await;
    assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);
    assert_eq!(status(&mut here).await, 200);
}

#[tokio::test]
async fn a_page_that_is_left_has_changed_the_password_with_all_that_follows() {
    let app = app().await;
    let here = signed_in(&app, EMAIL, PASSWORD).await;
    let mut elsewhere = signed_in(&app, EMAIL, PASSWORD).await;
    let slow = json!({ "op": "ChangePassword", "delay_ms": 400, "times": 1 });
    app.local("faults", slow).await;
    let asked = app.calls("ChangePassword").await;
    let mut leaving = here.copy();
    let body = change(PASSWORD, OTHER);
    let left = tokio::spawn(async move { leaving.post_json(CHANGE, &body).await.status });
    until("it is under way", async || {
        app.calls("ChangePassword").await > asked
    })
    .await;
    left.abort();
    until("ended", async || status(&mut elsewhere).await == 401).await;
    assert!(password_is(&app, OTHER).await);
}

#[tokio::test]
async fn a_password_is_not_guessed_in_a_session_that_was_found() {
    let app = app().await;
    let mut here = signed_in(&app, EMAIL, PASSWORD).await;
    let lenient = json!({ "limits": { "lockout": false, "attempts": false } });
    app.local("settings", lenient).await;
    let mut last = 0;
    for _ in 0..12 {
        let tried = here.post_json(CHANGE, &change("Gue55-wrong", OTHER)).await;
        last = tried.status.as_u16();
    }
    assert_eq!(last, 429);
    assert!(!password_is(&app, OTHER).await);
}

#[tokio::test]
async fn an_account_is_deleted_soon_after_a_sign_in_and_never_later() {
    let app = app().await;
    let mut here = signed_in(&app, EMAIL, PASSWORD).await;
    let mut elsewhere = signed_in(&app, EMAIL, PASSWORD).await;
    refused(
        &app.browser().post(DELETE).await,
        401,
        "authentication_required",
    );
    app.advance(601).await;
    refused(&here.post(DELETE).await, 403, "reauthentication_required");
    assert_eq!(app.calls("DeleteUser").await, 0);

    // Signing in again in the same browser, and all is well.
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
    assert_eq!(here.post_json(LOGIN, &body).await.status, 200);
    app.fault("DeleteUser", 500, "InternalErrorException", 1)
        .await;
    refused(&here.post(DELETE).await, 503, "unavailable");
    assert_eq!(
        (status(&mut here).await, status(&mut elsewhere).await),
        (200, 200)
    );
    let done = here.post(DELETE).await;
    assert_eq!(done.json(), json!({ "message": "Account deleted" }));
    assert!(here.cookie("cogward_session").is_none());
    assert_eq!(
        (status(&mut here).await, status(&mut elsewhere).await),
        (401, 401)
    );
    let gone = json!({ "UserPoolId": cogward_pool::POOL_ID, "Username": EMAIL });
    assert_eq!(pool_call(&app, "AdminGetUser", &gone).await.status, 400);
    assert!(!password_is(&app, PASSWORD).await);
}

/// Signs in with the app's next code.
async fn with_app(app: &TestApp, secret: &Value) -> Browser {
    let mut browser = app.browser();
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
    let step = browser.post_json(LOGIN, &body).await.json();
    assert_eq!(step["challenge"], "SOFTWARE_TOKEN_MFA", "{step}");
    let code = totp(app, secret).await;
    let right = json!({ "continuation": step["continuation"], "code": code });
    let done = browser.post_json(CONTINUE, &right).await;
    assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);
    browser
}

#[tokio::test]
async fn an_authenticator_app_is_set_up_asked_for_and_taken_away() {
    let app = app().await;
    let mut here = signed_in(&app, EMAIL, PASSWORD).await;
    assert_eq!(
        here.get(MFA).await.json(),
        json!({ "enabled": [], "preferred": null })
    );
    let begun = here.post(TOTP).await.json();
    let uri = begun["uri"].as_str().unwrap();
    let secret = begun["secret"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/") && uri.contains(secret),
        "{uri}"
    );
    assert!(uri.contains("ada%40example.com"), "{uri}");
    assert!(begun["qr_svg"].as_str().unwrap().starts_with("<svg "));
    let wrong = here.post_json(VERIFY, &json!({ "code": "000000" })).await;
    refused(&wrong, 400, "invalid_code");
    // Until its first code was right it is not asked for.
    signed_in(&app, EMAIL, PASSWORD).await;

    let code = totp(&app, &begun["secret"]).await;
    let body = json!({ "code": code, "device_name": "Phone" });
    let done = here.post_json(VERIFY, &body).await;
    assert_eq!(
        done.json(),
        json!({ "message": "Authenticator app in use" })
    );
    let factors = json!({
        "enabled": ["SOFTWARE_TOKEN_MFA"], "preferred": "SOFTWARE_TOKEN_MFA",
    });
    assert_eq!(here.get(MFA).await.json(), factors);
    app.advance(60).await;
    let mut browser = with_app(&app, &begun["secret"]).await;

    // Who finds a browser signed in since long changes nothing.
    app.advance(601).await;
    for (method, path, body) in [
        (Method::POST, TOTP, Value::Null),
        (Method::POST, VERIFY, json!({ "code": "000000" })),
        (Method::DELETE, TOTP, Value::Null),
    ] {
        let mut request = browser.request(method.clone(), path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let late = browser.send(request).await;
        refused(&late, 403, "reauthentication_required");
    }
    let mut browser = with_app(&app, &begun["secret"]).await;
    let request = browser.request(Method::DELETE, TOTP);
    let gone = browser.send(request).await;
    assert_eq!(
        gone.json(),
        json!({ "message": "Authenticator app removed" })
    );
    signed_in(&app, EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn who_has_no_second_factor_where_one_is_wanted_sets_it_up_on_the_way_in() {
    for confidential in [false, true] {
        let builder = TestApp::builder();
        let app = match confidential {
            true => builder.confidential().start().await,
            false => builder.start().await,
        };
        let wanted = json!({ "mfa": "ON", "mfa_factors": ["SOFTWARE_TOKEN_MFA"] });
        app.local("settings", wanted).await;
        app.user(EMAIL, &[]).await;
        let mut browser = app.browser();
        let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
        // The very first sign-in of an account goes without.
        let first = browser.post_json(LOGIN, &body).await.json();
        let step = match first["challenge"].is_string() {
            true => first,
            false => app.browser().post_json(LOGIN, &body).await.json(),
        };
        assert_eq!(step["challenge"], "MFA_SETUP", "{step}");
        let mut browser = app.browser();
        let step = browser.post_json(LOGIN, &body).await.json();
        let secret = &step["totp"]["secret"];
        let proceed = |code: &str| json!({ "continuation": step["continuation"], "code": code, "device_name": "Phone" });
        let missing = json!({ "continuation": step["continuation"] });
        let missing = browser.post_json(CONTINUE, &missing).await;
        refused(&missing, 400, "bad_request");
        let wrong = browser.post_json(CONTINUE, &proceed("000000")).await;
        refused(&wrong, 400, "invalid_code");
        let code = totp(&app, secret).await;
        // Another browser does not finish it.
        let foreign = app.browser().post_json(CONTINUE, &proceed(&code)).await;
        refused(&foreign, 400, "invalid_continuation");
        let done = browser.post_json(CONTINUE, &proceed(&code)).await;
        assert_eq!(done.json(), json!({ "success": true }), "{}", done.body);
        assert_eq!(status(&mut browser).await, 200);
        app.advance(60).await;
        with_app(&app, secret).await;
    }
}

#[tokio::test]
async fn refresh_tokens_of_a_deleted_account_are_dead() {
    let app = app().await;
    let mut here = signed_in(&app, EMAIL, PASSWORD).await;
    let handed = tokens(&app, EMAIL).await;
    let refresh = handed["refresh_token"].as_str().unwrap();
    assert_eq!(refresh_at_pool(&app, refresh).await, 200);
    assert_eq!(here.post(DELETE).await.status, 200);
    assert_eq!(refresh_at_pool(&app, refresh).await, 400);
}
