//! Records of people follow their accounts, and decide nothing.

use std::path::Path;
use std::time::Duration;

use cogward_people::Person;
use cogward_testkit::TestApp;
use serde_json::{Value, json};

use crate::audit::Log;
use crate::support::{claims, code, pool_call, signed_in, tokens, until};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const REGISTER: &str = "/api/v1/auth/register";
const VERIFY: &str = "/api/v1/auth/verify-otp";
const LOGIN: &str = "/api/v1/auth/login";

async fn start(folder: &Path) -> TestApp {
    let builder = TestApp::builder().settings(|it| it.accounts.step = Duration::ZERO);
    builder.people().data(folder.to_owned()).start().await
}

async fn register(app: &TestApp, email: &str) {
    let body = json!({
        "email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        "accept_terms": true,
    });
    let answer = app.browser().post_json(REGISTER, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn verify(app: &TestApp, email: &str) {
    let code = code(app, email).await;
    let body = json!({ "email": email, "code": code, "purpose": "email_verification" });
    let answer = app.browser().post_json(VERIFY, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn login(app: &TestApp, email: &str, session: bool) -> Value {
    let body = json!({ "email": email, "password": PASSWORD, "session": session });
    let answer = app.browser().post_json(LOGIN, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The record with this address, once it is so.
async fn record(app: &TestApp, email: &str, is: impl Fn(&Person) -> bool) -> Person {
    let mut found = None;
    until("the record is so", async || {
        found = app.people().by_email(email).await.unwrap();
        found.as_ref().is_some_and(&is)
    })
    .await;
    found.unwrap()
}

#[tokio::test]
async fn a_record_lives_with_its_account() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path()).await;
    let now = app.auth.now();
    register(&app, " Ada@Example.com ").await;
    let ada = record(&app, EMAIL, |_| true).await;
    let expected = Person {
        sub: ada.sub.clone(),
        email: Some(EMAIL.to_owned()),
        email_verified: false,
        given_name: Some("Ada".to_owned()),
        family_name: Some("Lovelace".to_owned()),
        terms_accepted_at: ada.terms_accepted_at.filter(|at| *at >= now),
        created_at: ada.terms_accepted_at.unwrap(),
        last_signed_in_at: None,
    };
    assert_eq!(ada, expected);
    verify(&app, EMAIL).await;
    record(&app, EMAIL, |it| it.email_verified).await;
    let given = login(&app, EMAIL, false).await;
    let first = record(&app, EMAIL, |it| it.last_signed_in_at.is_some()).await;
    assert_eq!(claims(&given["id_token"])["sub"], ada.sub);
    app.advance(100).await;
    login(&app, EMAIL, true).await;
    let second = record(&app, EMAIL, |it| {
        it.last_signed_in_at > first.last_signed_in_at
    });
    let second = second.await;
    let unchanged = Person {
        last_signed_in_at: first.last_signed_in_at,
        ..second
    };
    assert_eq!(unchanged, first);
    assert_eq!(app.people().page(None, 9).await.unwrap().len(), 1);
    cogward_auth::people::forget(&app.auth, &ada.sub);
    until("it is gone", async || {
        app.people().by_sub(&ada.sub).await.unwrap().is_none()
    })
    .await;
}

#[tokio::test]
async fn every_way_to_sign_in_makes_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path()).await;
    app.sign_in(&mut app.browser(), "user@example.com").await;
    let user = record(&app, "user@example.com", |_| true).await;
    assert!(user.email_verified && user.last_signed_in_at.is_some());
    assert_eq!(user.terms_accepted_at, None);

    let handed = tokens(&app, "admin@example.com").await;
    let mut browser = app.browser();
    let answer = browser.post_json("/auth/session", &handed).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let admin = record(&app, "admin@example.com", |_| true).await;
    assert_eq!(claims(&handed["id_token"])["sub"], admin.sub);
}

#[tokio::test]
async fn a_refused_registration_leaves_no_record_and_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path()).await;
    app.user(EMAIL, &[]).await;
    register(&app, EMAIL).await;
    login(&app, EMAIL, false).await;
    let ada = record(&app, EMAIL, |_| true).await;
    register(&app, EMAIL).await;
    login(&app, "admin@example.com", false).await;
    record(&app, "admin@example.com", |_| true).await;
    assert_eq!(app.people().by_sub(&ada.sub).await.unwrap(), Some(ada));
    assert_eq!(app.people().page(None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_record_follows_what_cognito_tells() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path()).await;
    register(&app, EMAIL).await;
    verify(&app, EMAIL).await;
    login(&app, EMAIL, false).await;
    let ada = record(&app, EMAIL, |it| it.last_signed_in_at.is_some()).await;
    let change = json!({
        "UserPoolId": cogward_pool::POOL_ID, "Username": ada.sub,
        "UserAttributes": [
            { "Name": "email", "Value": "King@Example.com" },
            { "Name": "email_verified", "Value": "true" },
            { "Name": "family_name", "Value": "King" },
        ],
    });
    let changed = pool_call(&app, "AdminUpdateUserAttributes", &change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    app.advance(1).await;
    login(&app, "king@example.com", true).await;
    let king = record(&app, "king@example.com", |_| true).await;
    assert_eq!(king.sub, ada.sub);
    assert_eq!(king.family_name.as_deref(), Some("King"));
    assert_eq!(app.people().by_email(EMAIL).await.unwrap(), None);
}

#[tokio::test]
async fn a_directory_that_is_down_fails_nothing_and_is_made_good() {
    let (log, _listening) = Log::listen();
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path()).await;
    app.user("bob@example.com", &[]).await;
    let (file, away) = (folder.path().join("users.db"), folder.path().join("away"));
    std::fs::rename(&file, &away).unwrap();
    app.people().ping().await.unwrap_err();

    register(&app, EMAIL).await;
    verify(&app, EMAIL).await;
    login(&app, "bob@example.com", false).await;
    login(&app, "bob@example.com", true).await;
    app.sign_in(&mut app.browser(), "user@example.com").await;
    let told = |what: &str| {
        let event = ("not_written".to_owned(), what.to_owned());
        log.events().iter().filter(|it| **it == event).count()
    };
    until("all is told", async || {
        told("sign-in") == 3 && told("verification") == 1
    })
    .await;
    for line in log.text().lines() {
        assert!(!line.contains(PASSWORD), "{line}");
    }

    std::fs::rename(&away, &file).unwrap();
    // The terms would be lost, so that this is tried again.
    let ada = record(&app, EMAIL, |_| true).await;
    assert!(ada.terms_accepted_at.is_some() && !ada.email_verified);
    assert_eq!(told("sign-up"), 0);
    login(&app, EMAIL, false).await;
    record(&app, EMAIL, |it| it.email_verified).await;
    login(&app, "bob@example.com", true).await;
    record(&app, "bob@example.com", |it| it.email_verified).await;
}

#[tokio::test]
async fn a_deleted_account_leaves_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path()).await;
    app.user(EMAIL, &[]).await;
    let mut browser = signed_in(&app, EMAIL, PASSWORD).await;
    record(&app, EMAIL, |_| true).await;
    let done = browser.post("/api/v1/auth/delete-account").await;
    assert_eq!(done.status, 200, "{}", done.body);
    until("the record is gone", async || {
        app.people().by_email(EMAIL).await.unwrap().is_none()
    })
    .await;
}
