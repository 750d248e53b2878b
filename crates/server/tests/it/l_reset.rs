//! Another password by a code: what it ends, and codes of our own (threats 143 to 154).

use std::path::Path;
use std::time::Duration;

use cogward_auth::accounts::Reset;
use cogward_pool::POOL_ID;
use cogward_services::Smtp;
use cogward_session::{KeyRing, Quota, Secret};
use cogward_testkit::{Answer, Browser, Builder, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::audit::Log;
use crate::l_mail::outbox;
use crate::n_limits::trusting;
use crate::support::{code, pool_call, refresh_at_pool, totp, until};

const EMAIL: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const MAILED: &str = "mailed@example.com";
const PASSWORD: &str = "Passw0rd!";
const OTHER: &str = "0ther-Passw0rd";
const REQUEST: &str = "/api/v1/auth/request-otp";
const VERIFY: &str = "/api/v1/auth/verify-otp";
const LOGIN: &str = "/api/v1/auth/login";
const CHECK: &str = "/api/v1/auth/check";

fn quick() -> Builder {
    TestApp::builder().settings(|it| {
        it.accounts.step = Duration::ZERO;
        it.accounts.quotas.attempts = Quota::new(1000, 1);
        it.accounts.quotas.messages = Quota::new(1000, 1);
        it.accounts.quotas.all_messages = Quota::new(1000, 1);
    })
}

/// With codes of our own.
fn own(smtp: &Smtp, folder: &Path) -> Builder {
    let builder = quick().settings(|it| it.accounts.reset = Reset::Database);
    let builder = builder.people().data(folder.to_owned());
    builder.admin().outbox(outbox(smtp.port()))
}

async fn request(app: &TestApp, email: &str) -> Answer {
    let body = json!({ "email": email, "purpose": "password_reset" });
    app.browser().post_json(REQUEST, &body).await
}

async fn reset(app: &TestApp, email: &str, code: &str, password: &str) -> Answer {
    let body = json!({
        "email": email, "code": code, "purpose": "password_reset", "new_password": password,
    });
    app.browser().post_json(VERIFY, &body).await
}

async fn login(app: &TestApp, password: &str) -> Answer {
    let body = json!({ "email": EMAIL, "password": password });
    app.browser().post_json(LOGIN, &body).await
}

async fn session(app: &TestApp, password: &str) -> Browser {
    let mut browser = app.browser();
    let body = json!({ "email": EMAIL, "password": password, "session": true });
    let answer = browser.post_json(LOGIN, &body).await;
    assert_eq!(answer.json(), json!({ "success": true }), "{}", answer.body);
    browser
}

/// The codes that were mailed to an address, once there are so many.
async fn mailed(smtp: &Smtp, email: &str, count: usize) -> Vec<String> {
    let of = |mail: &Value| {
        let text = mail["text"].as_str()?.split_whitespace();
        let mut codes = text.filter(|word| word.len() == 8 && word.parse::<u32>().is_ok());
        (mail["to"] == json!([email])).then(|| codes.next().map(str::to_owned))?
    };
    let mut codes = Vec::new();
    until("the code is mailed", async || {
        codes = smtp.mails().iter().filter_map(of).collect();
        codes.len() >= count
    })
    .await;
    codes
}

async fn own_code(app: &TestApp, smtp: &Smtp, email: &str, count: usize) -> String {
    let answer = request(app, email).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    mailed(smtp, email, count).await.pop().unwrap()
}

fn wrong(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

#[track_caller]
fn done(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["message"], "Password reset complete");
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    let found = (answer.status.as_u16(), &body["error"]);
    assert_eq!(found, (status, &json!(code)), "{body}");
}

async fn bearer(app: &TestApp, access_token: &str) -> u16 {
    let mut client = app.browser();
    let request = client.request(reqwest::Method::GET, CHECK);
    let request = request.header("authorization", format!("Bearer {access_token}"));
    client.send(request).await.status.as_u16()
}

async fn with_authenticator(app: &TestApp, browser: &mut Browser) {
    app.local("settings", json!({ "mfa": "OPTIONAL" })).await;
    let begun = browser.post("/api/v1/auth/mfa/totp").await.json();
    let code = totp(app, &begun["secret"]).await;
    let path = "/api/v1/auth/mfa/totp/verify";
    let done = browser.post_json(path, &json!({ "code": code })).await;
    assert_eq!(done.status, 200, "{}", done.body);
}

async fn with_mail_codes(app: &TestApp, email: &str) {
    let settings = json!({ "mfa": "OPTIONAL", "mfa_factors": ["EMAIL_OTP", "SOFTWARE_TOKEN_MFA"] });
    app.local("settings", settings).await;
    let preference = json!({
        "UserPoolId": POOL_ID, "Username": email,
        "EmailMfaSettings": { "Enabled": true, "PreferredMfa": true },
    });
    let set = pool_call(app, "AdminSetUserMFAPreference", &preference).await;
    assert_eq!(set.status, 200, "{}", set.body);
}

/// Both back ends, and every way to find whose account it is.
#[tokio::test]
async fn t152_a_reset_ends_all_that_was_signed_in() {
    let smtp = Smtp::start();
    let folder = tempfile::tempdir().unwrap();
    let cognito = ["sign-in", "administrator"];
    for way in cognito.into_iter().chain(["own codes"]) {
        let app = match way {
            "sign-in" => quick(),
            "administrator" => quick().admin(),
            _ => own(&smtp, folder.path()),
        };
        let app = app.start().await;
        app.user(EMAIL, &[]).await;
        let mut browser = session(&app, PASSWORD).await;
        let mut others = app.browser();
        app.sign_in(&mut others, "user@example.com").await;
        let tokens = login(&app, PASSWORD).await.json();
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        assert_eq!(bearer(&app, &text("access_token")).await, 200, "{way}");

        let code = match way {
            "own codes" => own_code(&app, &smtp, EMAIL, 1).await,
            _ => {
                request(&app, EMAIL).await;
                code(&app, EMAIL).await
            }
        };
        done(&reset(&app, EMAIL, &code, OTHER).await);
        assert_eq!(browser.get(CHECK).await.status, 401, "{way}");
        assert_eq!(bearer(&app, &text("access_token")).await, 401, "{way}");
        let refreshed = refresh_at_pool(&app, &text("refresh_token")).await;
        assert_eq!(refreshed, 400, "{way}");
        assert_eq!(others.get(CHECK).await.status, 200, "{way}: another person");
        refused(&login(&app, PASSWORD).await, 401, "invalid_credentials");
        let mut anew = session(&app, OTHER).await;
        assert_eq!(anew.get(CHECK).await.status, 200, "{way}");
    }
}

#[tokio::test]
async fn t152_a_second_factor_is_asked_for_after_a_reset_and_hides_no_session() {
    let smtp = Smtp::start();
    for way in ["sign-in", "records", "administrator", "own codes"] {
        let folder = tempfile::tempdir().unwrap();
        let app = match way {
            "sign-in" => quick(),
            "records" => quick().people().data(folder.path().to_owned()),
            "administrator" => quick().admin(),
            _ => own(&smtp, folder.path()),
        };
        let app = app.start().await;
        app.user(EMAIL, &[]).await;
        let mut browser = session(&app, PASSWORD).await;
        with_authenticator(&app, &mut browser).await;
        if way == "records" {
            until("there is a record", async || {
                app.people().by_email(EMAIL).await.unwrap().is_some()
            })
            .await;
        }
        let code = match way {
            "own codes" => own_code(&app, &smtp, EMAIL, 1).await,
            _ => {
                request(&app, EMAIL).await;
                code(&app, EMAIL).await
            }
        };
        done(&reset(&app, EMAIL, &code, OTHER).await);
        assert_eq!(browser.get(CHECK).await.status, 401, "{way}");
        let step = login(&app, OTHER).await.json();
        assert_eq!(step["challenge"], "SOFTWARE_TOKEN_MFA", "{way}: {step}");
        assert!(step.get("access_token").is_none());
    }
}

#[tokio::test]
async fn t152_a_store_that_is_down_is_not_forgotten() {
    let app = quick().admin().start().await;
    app.user(EMAIL, &[]).await;
    let mut browser = session(&app, PASSWORD).await;
    request(&app, EMAIL).await;
    let code = code(&app, EMAIL).await;
    app.store.set_broken(true);
    done(&reset(&app, EMAIL, &code, OTHER).await);
    app.store.set_broken(false);
    until("the session is ended", async || {
        browser.get(CHECK).await.status == 401
    })
    .await;
}

#[tokio::test]
async fn t152_whose_account_it_is_may_stay_unknown_and_is_told() {
    let (log, _listening) = Log::listen();
    let app = quick().start().await;
    app.user(EMAIL, &[]).await;
    request(&app, EMAIL).await;
    let code = code(&app, EMAIL).await;
    app.fault("InitiateAuth", 500, "InternalErrorException", 1)
        .await;
    done(&reset(&app, EMAIL, &code, OTHER).await);
    let told = ("refused".to_owned(), "sign-out after a reset".to_owned());
    assert!(log.events().contains(&told), "{:?}", log.events());
    assert_eq!(login(&app, OTHER).await.status, 200);
}

/// Its tokens came before the reset, its session would after.
#[tokio::test]
async fn t152_a_sign_in_under_way_with_the_old_password_makes_no_session() {
    let app = quick().admin().start().await;
    app.user(EMAIL, &[]).await;
    request(&app, EMAIL).await;
    let code = code(&app, EMAIL).await;
    let held = app.store.hold("insert");
    let mut browser = app.browser();
    let body = json!({ "email": EMAIL, "password": PASSWORD, "session": true });
    let (late, ()) = tokio::join!(browser.post_json(LOGIN, &body), async {
        until("it is about to be kept", async || {
            app.store.calls("insert") > 0
        })
        .await;
        done(&reset(&app, EMAIL, &code, OTHER).await);
        drop(held);
    });
    refused(&late, 401, "invalid_credentials");
    assert_eq!(browser.get(CHECK).await.status, 401);
}

#[tokio::test]
async fn t143_a_code_is_of_one_purpose_and_one_person() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).start().await;
    for email in [EMAIL, BOB] {
        app.user(email, &[]).await;
    }
    let register = json!({
        "email": "new@example.com", "password": PASSWORD, "first_name": "A", "last_name": "B",
        "accept_terms": true,
    });
    let path = "/api/v1/auth/register";
    let answer = app.browser().post_json(path, &register).await;
    assert_eq!(answer.status, 200);
    let verification = code(&app, "new@example.com").await;
    refused(
        &reset(&app, "new@example.com", &verification, OTHER).await,
        400,
        "invalid_code",
    );
    let adas = own_code(&app, &smtp, EMAIL, 1).await;
    own_code(&app, &smtp, BOB, 1).await;
    for (email, purpose) in [
        ("new@example.com", "email_verification"),
        (EMAIL, "email_verification"),
    ] {
        let body = json!({ "email": email, "code": adas, "purpose": purpose });
        let answer = app.browser().post_json(VERIFY, &body).await;
        refused(&answer, 400, "invalid_code");
    }
    refused(&reset(&app, BOB, &adas, OTHER).await, 400, "invalid_code");
    assert_eq!(login(&app, PASSWORD).await.status, 200, "nothing changed");
    done(&reset(&app, " Ada@Example.com ", &adas, OTHER).await);
}

#[tokio::test]
async fn t145_an_own_code_is_good_once_for_ten_minutes_and_until_the_next() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).start().await;
    app.user(EMAIL, &[]).await;
    let first = own_code(&app, &smtp, EMAIL, 1).await;
    let second = own_code(&app, &smtp, EMAIL, 2).await;
    refused(
        &reset(&app, EMAIL, &first, OTHER).await,
        400,
        "invalid_code",
    );
    // A password that is not good enough costs neither the code nor a try.
    for _ in 0..6 {
        let weak = reset(&app, EMAIL, &second, "short").await;
        refused(&weak, 400, "password_policy");
    }
    app.fault("AdminSetUserPassword", 500, "InternalErrorException", 1)
        .await;
    assert_eq!(reset(&app, EMAIL, &second, OTHER).await.status, 503);
    done(&reset(&app, EMAIL, &second, OTHER).await);
    refused(
        &reset(&app, EMAIL, &second, PASSWORD).await,
        400,
        "invalid_code",
    );
    let third = own_code(&app, &smtp, EMAIL, 3).await;
    app.clock.advance(600);
    refused(
        &reset(&app, EMAIL, &third, PASSWORD).await,
        400,
        "invalid_code",
    );
    assert_eq!(login(&app, OTHER).await.status, 200);
}

#[tokio::test]
async fn t145_of_many_same_codes_one_counts() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).start().await;
    app.user(EMAIL, &[]).await;
    let code = own_code(&app, &smtp, EMAIL, 1).await;
    let tries = (0..20).map(|_| reset(&app, EMAIL, &code, OTHER));
    let answers = join_all(tries).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
    assert_eq!(app.calls("AdminSetUserPassword").await, 1);
}

#[tokio::test]
async fn t145_five_wrong_codes_are_all_and_another_code_brings_no_more() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).start().await;
    app.user(EMAIL, &[]).await;
    let first = own_code(&app, &smtp, EMAIL, 1).await;
    for _ in 0..4 {
        let answer = reset(&app, EMAIL, &wrong(&first), OTHER).await;
        refused(&answer, 400, "invalid_code");
    }
    let second = own_code(&app, &smtp, EMAIL, 2).await;
    let tries = (0..8).map(|_| reset(&app, EMAIL, &first, OTHER));
    for answer in join_all(tries).await {
        assert_ne!(answer.status, 200);
    }
    refused(
        &reset(&app, EMAIL, &second, OTHER).await,
        400,
        "invalid_code",
    );
    // Nothing is mailed that could not be tried; after an hour there is.
    assert_eq!(request(&app, EMAIL).await.status, 200);
    until("nothing is under way", async || app.auth.unfinished() == 0).await;
    app.advance(3600).await;
    let third = own_code(&app, &smtp, EMAIL, 3).await;
    assert_eq!(mailed(&smtp, EMAIL, 3).await.len(), 3);
    done(&reset(&app, EMAIL, &third, OTHER).await);
}

#[tokio::test]
async fn t142_who_can_have_no_code_is_answered_as_who_can() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).start().await;
    app.user(EMAIL, &[]).await;
    app.user("off@example.com", &[]).await;
    let off = json!({ "UserPoolId": POOL_ID, "Username": "off@example.com" });
    pool_call(&app, "AdminDisableUser", &off).await;
    let invited = json!({
        "UserPoolId": POOL_ID, "Username": "invited@example.com", "TemporaryPassword": PASSWORD,
        "UserAttributes": [{ "Name": "email", "Value": "invited@example.com" },
            { "Name": "email_verified", "Value": "true" }],
    });
    pool_call(&app, "AdminCreateUser", &invited).await;
    // Whoever has the mailbox would have both factors.
    app.user(MAILED, &[]).await;
    with_mail_codes(&app, MAILED).await;
    let known = request(&app, EMAIL).await;
    for none in [
        "nobody@example.com",
        "off@example.com",
        "invited@example.com",
        MAILED,
    ] {
        let answer = request(&app, none).await;
        assert_eq!(
            (answer.status, &answer.body),
            (known.status, &known.body),
            "{none}"
        );
        refused(
            &reset(&app, none, "12345678", OTHER).await,
            400,
            "invalid_code",
        );
    }
    mailed(&smtp, EMAIL, 1).await;
    app.auth.drain().await;
    assert_eq!(smtp.mails().len(), 1);
}

/// A hash is slow, and of names that nobody has there is no end.
#[tokio::test(flavor = "multi_thread")]
async fn one_place_does_not_take_the_time_for_everybodys_codes() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).site(trusting).start().await;
    app.user(EMAIL, &[]).await;
    let code = own_code(&app, &smtp, EMAIL, 1).await;
    let from = async |address: &str, email: &str, code: &str| {
        let body = json!({
            "email": email, "code": code, "purpose": "password_reset", "new_password": OTHER,
        });
        let mut browser = app.browser();
        let request = browser.request(reqwest::Method::POST, VERIFY).json(&body);
        browser
            .send(request.header("x-forwarded-for", address))
            .await
    };
    let attack = (0..100).map(|number| {
        let from = &from;
        async move { from("192.0.2.1", &format!("{number}@example.com"), "12345678").await }
    });
    let attack = join_all(attack).await;
    let hashed = attack.iter().filter(|it| it.status == 400).count();
    assert!((1..60).contains(&hashed), "{hashed}");
    let away = attack.iter().find(|it| it.status == 429).unwrap();
    refused(away, 429, "too_many_requests");
    assert!(away.header("retry-after").parse::<u32>().unwrap() > 0);
    done(&from("198.51.100.7", EMAIL, &code).await);
}

#[tokio::test]
async fn t146_a_code_is_nowhere_but_in_its_mail() {
    let (log, _listening) = Log::listen();
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).start().await;
    app.user(EMAIL, &[]).await;
    let code = own_code(&app, &smtp, EMAIL, 1).await;
    done(&reset(&app, EMAIL, &code, OTHER).await);
    let text = log.text();
    for secret in [code.as_str(), OTHER] {
        assert!(!text.contains(secret));
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|it| it == secret.as_bytes());
            assert!(!found);
        }
    }
}

#[tokio::test]
async fn an_own_code_outlives_a_change_of_keys() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let secrets = [
        "an old secret for tests, thirty-two",
        "a new secret for tests, thirty-two",
    ];
    let app = own(&smtp, folder.path())
        .secrets(&secrets[..1])
        .start()
        .await;
    app.user(EMAIL, &[]).await;
    let code = own_code(&app, &smtp, EMAIL, 1).await;
    let ring = |texts: &[&str]| {
        let secrets: Vec<_> = texts
            .iter()
            .map(|&text| Secret::from(text.to_owned()))
            .collect();
        KeyRing::new(&secrets, &[]).unwrap()
    };
    app.auth.set_ring(ring(&secrets[1..]));
    refused(&reset(&app, EMAIL, &code, OTHER).await, 400, "invalid_code");
    app.auth.set_ring(ring(&[secrets[1], secrets[0]]));
    done(&reset(&app, EMAIL, &code, OTHER).await);
}

#[tokio::test]
async fn without_its_parts_an_own_code_is_an_error_for_everybody_alike() {
    let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
    let app = own(&smtp, folder.path()).start().await;
    app.user(EMAIL, &[]).await;
    let code = own_code(&app, &smtp, EMAIL, 1).await;
    let (file, away) = (folder.path().join("users.db"), folder.path().join("away"));
    std::fs::rename(&file, &away).unwrap();
    for email in [EMAIL, "nobody@example.com"] {
        assert_eq!(request(&app, email).await.status, 503, "{email}");
    }
    assert_eq!(reset(&app, EMAIL, &code, OTHER).await.status, 503);
    std::fs::rename(&away, &file).unwrap();
    app.fault("AdminGetUser", 500, "InternalErrorException", 2)
        .await;
    for email in [EMAIL, "nobody@example.com"] {
        assert_eq!(request(&app, email).await.status, 503, "{email}");
    }
    done(&reset(&app, EMAIL, &code, OTHER).await);
}
