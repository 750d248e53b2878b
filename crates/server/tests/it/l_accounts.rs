//! Threats of section L, and the life of an account on the application's own pages.

use std::time::{Duration, Instant};

use cogward_pool::CLIENT_SECRET;
use cogward_testkit::{Answer, Browser, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{claims, code, sessions_of, until};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const OTHER: &str = "0ther-Passw0rd";
const REGISTER: &str = "/api/v1/auth/register";
const REQUEST: &str = "/api/v1/auth/request-otp";
const VERIFY: &str = "/api/v1/auth/verify-otp";
const LOGIN: &str = "/api/v1/auth/login";
const CHECK: &str = "/api/v1/auth/check";

/// Answers come when they are ready.
async fn quick() -> TestApp {
    let builder = TestApp::builder().settings(|it| it.accounts.step = Duration::ZERO);
    builder.start().await
}

async fn open() -> TestApp {
    let hides_nothing = |it: &mut cogward_auth::Settings| it.accounts.hide_existing = false;
    TestApp::builder().settings(hides_nothing).start().await
}

fn person(email: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        "accept_terms": true,
    })
}

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    app.browser().post_json(path, &body).await
}

async fn messages(app: &TestApp, email: &str) -> usize {
    let mut inbox = Browser::new(app.upstream.base());
    let path = format!("/_local/messages?recipient={email}");
    inbox.get(&path).await.json().as_array().unwrap().len()
}

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

async fn verify(app: &TestApp, email: &str, code: &str) -> Answer {
    let body = json!({ "email": email, "code": code, "purpose": "email_verification" });
    post(app, VERIFY, body).await
}

async fn request(app: &TestApp, email: &str, purpose: &str) -> Answer {
    post(app, REQUEST, json!({ "email": email, "purpose": purpose })).await
}

async fn reset(app: &TestApp, email: &str, code: &str, password: &str) -> Answer {
    let body = json!({
        "email": email, "code": code, "purpose": "password_reset", "new_password": password,
    });
    post(app, VERIFY, body).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    post(app, LOGIN, json!({ "email": email, "password": password })).await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &body["error"]),
        (status, &json!(code)),
        "{body}"
    );
    assert!(body["message"].as_str().unwrap().len() > 5 && body["detail"] == body["message"]);
    assert!(!body["request_id"].as_str().unwrap().is_empty());
}

#[track_caller]
fn says(answer: &Answer, message: &str) {
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.json(), json!({ "message": message }));
}

#[tokio::test]
async fn an_account_lives_as_the_document_says() {
    for confidential in [false, true] {
        let mut builder = TestApp::builder().settings(|it| it.accounts.step = Duration::ZERO);
        if confidential {
            builder = builder.confidential();
        }
        let app = builder.start().await;
        says(&post(&app, REGISTER, person(EMAIL)).await, "OTP sent");
        refused(
            &login(&app, EMAIL, PASSWORD).await,
            403,
            "user_not_confirmed",
        );
        refused(&login(&app, EMAIL, OTHER).await, 401, "invalid_credentials");
        says(
            &request(&app, EMAIL, "email_verification").await,
            "OTP sent",
        );
        let sent = code(&app, EMAIL).await;
        refused(
            &verify(&app, EMAIL, wrong(&sent)).await,
            400,
            "invalid_code",
        );
        says(&verify(&app, EMAIL, &sent).await, "Signup complete");
        let tokens = login(&app, EMAIL, PASSWORD).await;
        assert!(tokens.set_cookies().is_empty());
        let tokens = tokens.json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 3600);
        assert!(tokens["access_token"].is_string() && tokens["refresh_token"].is_string());
        let id = claims(&tokens["id_token"]);
        assert_eq!(id["email"], EMAIL);
        assert_eq!(id["email_verified"], true);
        assert_eq!(
            (&id["given_name"], &id["family_name"]),
            (&json!("Ada"), &json!("Lovelace"))
        );

        says(&request(&app, EMAIL, "password_reset").await, "OTP sent");
        let sent = code(&app, EMAIL).await;
        let weak = reset(&app, EMAIL, &sent, "short").await;
        refused(&weak, 400, "password_policy");
        says(
            &reset(&app, EMAIL, &sent, OTHER).await,
            "Password reset complete",
        );
        refused(
            &login(&app, EMAIL, PASSWORD).await,
            401,
            "invalid_credentials",
        );
        assert_eq!(login(&app, EMAIL, OTHER).await.status, 200);
    }
}

#[tokio::test]
async fn a_session_login_gives_a_cookie_and_no_token() {
    let app = TestApp::start().await;
    app.user(EMAIL, &[]).await;
    let mut browser = app.browser();
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
    let answer = browser.post_json(LOGIN, &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({ "success": true }));
    let first = browser.cookie("cogward_session").unwrap().to_owned();
    let check = browser.get(CHECK).await.json();
    assert_eq!(check["authenticated"], true, "{check}");

    // Another sign-in of the same browser takes the place of the first.
    browser.post_json(LOGIN, &body).await;
    let second = browser.cookie("cogward_session").unwrap().to_owned();
    assert_ne!(first, second);
    let mut old = app.browser();
    old.set_cookie("cogward_session", &first);
    assert_eq!(old.get(CHECK).await.status, 401);
    assert_eq!(browser.get(CHECK).await.status, 200);
}

/// Once there are tokens, they are somebody's to revoke.
#[tokio::test]
async fn a_page_that_is_left_in_mid_sign_in_leaves_a_session() {
    let app = TestApp::builder().keys_later().start().await;
    let ada = app.user(EMAIL, &[]).await;
    let slow = json!({ "op": "jwks", "delay_ms": 400 });
    app.local("faults", slow).await;
    let mut leaving = app.browser();
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
    let left = tokio::spawn(async move { leaving.post_json(LOGIN, &body).await.status });
    until("the tokens came", async || app.calls("jwks").await > 0).await;
    left.abort();
    assert!(left.await.is_err(), "left before the answer");
    let kept = async || sessions_of(&app, ada["sub"].as_str().unwrap()).await;
    until("it is kept", async || kept().await == 1).await;
    assert_eq!(app.calls("oauth2/revoke").await, 0);
}

#[tokio::test]
async fn a_page_elsewhere_signs_nobody_in() {
    let app = TestApp::start().await;
    app.user(EMAIL, &[]).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let mut browser = app.browser();
        let request = browser.request(Method::POST, LOGIN).json(&body);
        let answer = browser.send(request.header(name, value)).await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert!(answer.set_cookies().is_empty());
    }
    let mut browser = app.browser();
    let form = browser
        .request(Method::POST, LOGIN)
        .header("content-type", "text/plain")
        .body(body.to_string());
    assert_eq!(browser.send(form).await.status, 415);
    assert_eq!(app.calls("InitiateAuth").await, 0);
}

#[tokio::test]
async fn a_deployment_can_forbid_tokens() {
    let sessions_only = |it: &mut cogward_auth::Settings| {
        it.accounts.tokens = false;
        it.accounts.session_by_default = true;
    };
    let app = TestApp::builder().settings(sessions_only).start().await;
    app.user(EMAIL, &[]).await;
    let answer = login(&app, EMAIL, PASSWORD).await;
    assert_eq!(answer.json(), json!({ "success": true }));
    assert_eq!(answer.set_cookies().len(), 1);
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": false });
    let asked = post(&app, LOGIN, body).await;
    refused(&asked, 400, "tokens_not_given");
    assert!(asked.set_cookies().is_empty());
    assert_eq!(app.calls("InitiateAuth").await, 1, "it was not even tried");
}

#[tokio::test]
async fn hidden_accounts_answer_alike() {
    let app = quick().await;
    app.user(EMAIL, &[]).await;
    let unknown = "nobody@example.com";
    let same = |one: Answer, other: Answer| {
        let bare = |answer: &Answer| {
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("request_id");
            (answer.status, body)
        };
        assert_eq!(bare(&one), bare(&other));
    };
    let before = messages(&app, EMAIL).await;
    same(
        post(&app, REGISTER, person(EMAIL)).await,
        post(&app, REGISTER, person("new@example.com")).await,
    );
    for purpose in ["email_verification", "password_reset"] {
        same(
            request(&app, EMAIL, purpose).await,
            request(&app, unknown, purpose).await,
        );
    }
    same(
        verify(&app, EMAIL, "123456").await,
        verify(&app, unknown, "123456").await,
    );
    same(
        reset(&app, EMAIL, "0", OTHER).await,
        reset(&app, unknown, "0", OTHER).await,
    );
    same(
        login(&app, EMAIL, OTHER).await,
        login(&app, unknown, OTHER).await,
    );
    // What fails for an account there is stays in the log.
    for kind in [
        "CodeDeliveryFailureException",
        "UserLambdaValidationException",
        "UnexpectedLambdaException",
        "LimitExceededException",
    ] {
        app.fault("ForgotPassword", 400, kind, 1).await;
        let failed = request(&app, &format!("{kind}@example.com"), "password_reset").await;
        says(&failed, "OTP sent");
    }
    // The only message that went out is the reset's.
    assert_eq!(messages(&app, EMAIL).await, before + 1);
}

#[tokio::test]
async fn open_deployments_say_what_is_wrong() {
    let app = open().await;
    app.local(
        "settings",
        json!({ "prevent_user_existence_errors": false }),
    )
    .await;
    app.user(EMAIL, &[]).await;
    let taken = post(&app, REGISTER, person(EMAIL)).await;
    refused(&taken, 409, "user_exists");
    assert_eq!(taken.json()["message"], "User already exists");
    let unknown = "nobody@example.com";
    refused(
        &request(&app, unknown, "password_reset").await,
        404,
        "user_not_found",
    );
    refused(
        &verify(&app, unknown, "123456").await,
        404,
        "user_not_found",
    );
    refused(
        &verify(&app, EMAIL, "123456").await,
        400,
        "already_confirmed",
    );
    post(&app, REGISTER, person("late@example.com")).await;
    let sent = code(&app, "late@example.com").await;
    app.advance(25 * 3600).await;
    refused(
        &verify(&app, "late@example.com", &sent).await,
        400,
        "expired_code",
    );
    // A password is never a way to find accounts.
    refused(
        &login(&app, unknown, PASSWORD).await,
        401,
        "invalid_credentials",
    );
}

#[tokio::test]
async fn what_depends_on_an_account_is_answered_in_steps() {
    let app = TestApp::start().await;
    app.user(EMAIL, &[]).await;
    let step = app.auth.settings().accounts.step;
    let mut taken = Vec::new();
    for email in [EMAIL, "nobody@example.com"] {
        let begun = Instant::now();
        request(&app, email, "password_reset").await;
        taken.push(begun.elapsed());
        let begun = Instant::now();
        login(&app, email, "Wr0ng-Passw0rd").await;
        taken.push(begun.elapsed());
        let begun = Instant::now();
        post(&app, REGISTER, person(email)).await;
        taken.push(begun.elapsed());
    }
    assert!(taken.iter().all(|taken| *taken >= step), "{taken:?}");
}

#[tokio::test]
async fn a_code_is_of_one_purpose_and_one_person() {
    let app = quick().await;
    for email in [EMAIL, "bob@example.com"] {
        post(&app, REGISTER, person(email)).await;
    }
    let ada = code(&app, EMAIL).await;
    // Alice's code says nothing of Bob, and nothing of a password.
    refused(
        &verify(&app, "bob@example.com", &ada).await,
        400,
        "invalid_code",
    );
    refused(&reset(&app, EMAIL, &ada, OTHER).await, 400, "invalid_code");
    says(&verify(&app, EMAIL, &ada).await, "Signup complete");
    refused(&verify(&app, EMAIL, &ada).await, 400, "invalid_code");
    request(&app, EMAIL, "password_reset").await;
    let reset_code = code(&app, EMAIL).await;
    refused(&verify(&app, EMAIL, &reset_code).await, 400, "invalid_code");
    // A password beside the wrong purpose, or none beside the right one, changes nothing.
    for body in [
        json!({ "email": EMAIL, "code": reset_code, "purpose": "email_verification", "new_password": OTHER }),
        json!({ "email": EMAIL, "code": reset_code, "purpose": "password_reset" }),
        json!({ "email": EMAIL, "code": reset_code, "purpose": "login" }),
    ] {
        refused(&post(&app, VERIFY, body).await, 400, "bad_request");
    }
    assert_eq!(login(&app, EMAIL, PASSWORD).await.status, 200);
    says(
        &reset(&app, EMAIL, &reset_code, OTHER).await,
        "Password reset complete",
    );
    refused(
        &reset(&app, EMAIL, &reset_code, PASSWORD).await,
        400,
        "invalid_code",
    );
}

#[tokio::test]
async fn one_of_many_same_codes_counts() {
    let app = quick().await;
    post(&app, REGISTER, person(EMAIL)).await;
    let sent = code(&app, EMAIL).await;
    let tries = (0..8).map(|_| verify(&app, EMAIL, &sent));
    let answers = futures_util::future::join_all(tries).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
}

#[tokio::test]
async fn an_address_is_one_address() {
    let app = quick().await;
    for bad in [
        json!("v@x.com,a@y.com"),
        json!(["v@x.com", "a@y.com"]),
        json!("v\u{ff20}x.com"),
        json!("\"v@x.com\"@y.com"),
        json!("v@x.com\r\nBcc: a@y.com"),
        json!("аlice@x.com"),
        json!(format!("{}@x.com", "a".repeat(10_000))),
        json!(null),
        json!(7),
    ] {
        let mut body = person(EMAIL);
        body["email"] = bad.clone();
        let answer = post(&app, REGISTER, body).await;
        assert_eq!(answer.status, 400, "{bad}");
        let answer = post(
            &app,
            REQUEST,
            json!({ "email": bad, "purpose": "password_reset" }),
        )
        .await;
        assert_eq!(answer.status, 400, "{bad}");
    }
    for (field, bad) in [
        ("first_name", "Ada\r\nBcc: a@y.com"),
        ("last_name", ""),
        ("first_name", "<script>"),
    ] {
        let mut body = person(EMAIL);
        body[field] = bad.into();
        refused(&post(&app, REGISTER, body).await, 400, "invalid_name");
    }
    let mut body = person(EMAIL);
    body["accept_terms"] = false.into();
    refused(&post(&app, REGISTER, body).await, 400, "terms_not_accepted");
    assert_eq!(
        app.calls("SignUp").await + app.calls("ForgotPassword").await,
        0
    );
}

#[tokio::test]
async fn a_body_that_is_wrong_names_the_member_and_repeats_nothing() {
    let app = quick().await;
    let secret = "hunter2-Passw0rd";
    let without = |name: &str| {
        let mut body = person(EMAIL);
        body["password"] = secret.into();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let with = |name: &str, value: Value| {
        let mut body = without(name);
        body[name] = value;
        body
    };
    let purpose = json!({ "email": EMAIL, "purpose": secret });
    for (path, body, message) in [
        (REGISTER, without("accept_terms"), "accept_terms is missing"),
        (REGISTER, without("email"), "email is missing"),
        (
            REGISTER,
            with("accept_terms", secret.into()),
            "accept_terms must be a boolean",
        ),
        (
            REGISTER,
            with("password", json!([secret])),
            "password must be a string",
        ),
        (LOGIN, json!({ "password": secret }), "email is missing"),
        (
            REQUEST,
            purpose,
            "purpose must be `email_verification` or `password_reset`",
        ),
        // Without a password, something else would begin.
        (
            LOGIN,
            json!({ "email": EMAIL, "passwort": secret }),
            "passwort is not known here",
        ),
        (
            LOGIN,
            json!({ "email": EMAIL, "hunter2-password": secret }),
            "a member is not known here",
        ),
        (
            LOGIN,
            json!([secret]),
            "the body is not the JSON object expected here",
        ),
    ] {
        let answer = post(&app, path, body).await;
        refused(&answer, 400, "bad_request");
        assert_eq!(answer.json()["message"], message);
        assert!(!answer.body.contains("hunter2"), "{}", answer.body);
    }
    assert_eq!(
        app.calls("SignUp").await + app.calls("InitiateAuth").await,
        0
    );
}

#[tokio::test]
async fn one_person_is_one_account_and_one_budget() {
    let app = quick().await;
    post(&app, REGISTER, person("Ada@Example.COM")).await;
    says(
        &verify(&app, " ada@example.com ", &code(&app, EMAIL).await).await,
        "Signup complete",
    );
    assert_eq!(login(&app, "ADA@example.com", PASSWORD).await.status, 200);
    let spellings = ["ada@example.com", "Ada@Example.com", " ADA@EXAMPLE.COM "];
    let mut answers = Vec::new();
    for spelling in spellings.iter().cycle().take(5) {
        answers.push(request(&app, spelling, "password_reset").await);
    }
    let last = answers.last().unwrap();
    refused(last, 429, "too_many_requests");
    let wait: u32 = last.header("retry-after").parse().unwrap();
    assert!((1..=1201).contains(&wait), "{wait}");
    let sent = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(sent, 2, "registering took the first of three");
}

#[tokio::test]
async fn passwords_are_guessed_ten_times_and_the_owner_elsewhere_gets_in() {
    let proxies = |site: &mut cogward_server::Site| {
        site.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    };
    let builder = TestApp::builder().site(proxies);
    let builder = builder.settings(|it| it.accounts.step = Duration::ZERO);
    let app = builder.start().await;
    app.local("settings", json!({ "limits": { "lockout": false } }))
        .await;
    app.user(EMAIL, &[]).await;
    let from = async |address: &str, password: &str| {
        let mut browser = app.browser();
        let body = json!({ "email": EMAIL, "password": password });
        let request = browser.request(Method::POST, LOGIN).json(&body);
        browser
            .send(request.header("x-forwarded-for", address))
            .await
    };
    for _ in 0..10 {
        refused(&from("192.0.2.1", OTHER).await, 401, "invalid_credentials");
    }
    refused(&from("192.0.2.1", PASSWORD).await, 429, "too_many_requests");
    assert_eq!(app.calls("InitiateAuth").await, 10);
    assert_eq!(from("198.51.100.7", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn passwords_arrive_as_they_are_typed() {
    let app = quick().await;
    let long = format!("Pässw0rd!{}\u{1f600}", "x".repeat(64));
    let mut body = person(EMAIL);
    // `SignUp` takes no spaces; they are not dropped for it.
    body["password"] = format!(" {long} ").into();
    refused(
        &post(&app, REGISTER, body.clone()).await,
        400,
        "invalid_parameter",
    );
    body["password"] = long.clone().into();
    says(&post(&app, REGISTER, body).await, "OTP sent");
    says(
        &verify(&app, EMAIL, &code(&app, EMAIL).await).await,
        "Signup complete",
    );
    assert_eq!(login(&app, EMAIL, &long).await.status, 200);
    refused(
        &login(&app, EMAIL, &format!("{long} ")).await,
        401,
        "invalid_credentials",
    );
    let mut body = person("huge@example.com");
    body["password"] = "x".repeat(100 * 1024).into();
    assert_eq!(post(&app, REGISTER, body).await.status, 413);
}

#[tokio::test]
async fn what_cognito_says_goes_no_further() {
    let app = TestApp::builder().settings(|it| it.accounts.step = Duration::ZERO);
    let app = app.confidential().start().await;
    app.user(EMAIL, &[]).await;
    for (kind, status, code) in [
        ("UserLambdaValidationException", 400, "refused_by_policy"),
        ("InvalidPasswordException", 400, "password_policy"),
        (
            "PasswordHistoryPolicyViolationException",
            400,
            "password_used_before",
        ),
        ("UnexpectedLambdaException", 500, "internal_error"),
        ("InternalErrorException", 503, "unavailable"),
        ("SomethingNewException", 500, "internal_error"),
    ] {
        app.fault("SignUp", 400, kind, 1).await;
        let answer = post(&app, REGISTER, person(&format!("{kind}@example.com"))).await;
        refused(&answer, status, code);
        let text = answer.json().to_string();
        assert!(
            !text.contains("Exception") && !text.contains(CLIENT_SECRET),
            "{text}"
        );
    }
    app.fault("InitiateAuth", 400, "TooManyRequestsException", 3)
        .await;
    let answer = login(&app, EMAIL, PASSWORD).await;
    refused(&answer, 429, "too_many_requests");
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn a_fault_signs_nobody_in_and_keeps_no_token() {
    let app = TestApp::start().await;
    app.user(EMAIL, &[]).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
    app.store.set_broken(true);
    let answer = post(&app, LOGIN, body.clone()).await;
    refused(&answer, 503, "unavailable");
    assert!(answer.set_cookies().is_empty());
    app.store.set_broken(false);
    app.auth.drain().await;
    assert_eq!(
        app.calls("oauth2/revoke").await,
        1,
        "its refresh token is ended"
    );
    app.fault("InitiateAuth", 500, "InternalErrorException", 1)
        .await;
    refused(&post(&app, LOGIN, body).await, 503, "unavailable");
}

#[tokio::test]
async fn without_accounts_there_is_nothing() {
    let app = TestApp::builder().site(|site| site.accounts = false);
    let app = app.start().await;
    for path in [REGISTER, REQUEST, VERIFY, "/api/v1/auth/login/continue"] {
        assert_eq!(post(&app, path, json!({})).await.status, 404, "{path}");
    }
    assert_eq!(post(&app, LOGIN, json!({})).await.status, 405);
    let begun = app.browser().get(LOGIN).await;
    assert_eq!(
        begun.status, 302,
        "the hosted page's sign-in is still there"
    );
}
