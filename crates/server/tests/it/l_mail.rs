//! What people are mailed beside what Cognito mails them.

use std::sync::Arc;
use std::time::Duration;

use cogward_mail::smtp::{Options, Tls};
use cogward_mail::{Limits, Outbox, Sender, SmtpMailer, Templates};
use cogward_services::{Smtp, free_ports};
use cogward_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::code;

const OWNER: &str = "user@example.com";

pub(crate) fn outbox(port: u16) -> Outbox {
    let options = Options {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        credentials: None,
        authorities: None,
        limit: Duration::from_secs(20),
    };
    let from = Sender::parse("no-reply@example.com")
        .unwrap()
        .or_named("Test");
    let mailer = Arc::new(SmtpMailer::new(options, from).unwrap());
    Outbox::new(
        mailer,
        Templates::new("Test", None, None).unwrap(),
        Limits::default(),
    )
}

async fn mailing(port: u16) -> TestApp {
    let builder = TestApp::builder().settings(|it| it.accounts.step = Duration::ZERO);
    builder.outbox(outbox(port)).start().await
}

async fn register(app: &TestApp, email: &str, first_name: &str) -> Answer {
    let body = json!({
        "email": email, "password": "Passw0rd!", "first_name": first_name, "last_name": "Evil",
        "accept_terms": true,
    });
    app.browser()
        .post_json("/api/v1/auth/register", &body)
        .await
}

/// Of an application that sends no more.
async fn drained(app: TestApp, server: &Smtp) -> Vec<Value> {
    app.auth.drain().await;
    drop(app);
    server.mails()
}

#[tokio::test]
async fn the_owner_of_a_taken_address_is_told_and_whoever_tried_is_not() {
    let server = Smtp::start();
    let app = mailing(server.port()).await;
    let taken = register(&app, " User@Example.com ", "Click-https://evil.example").await;
    let new = register(&app, "new@example.com", "Ada").await;
    assert_eq!((taken.status.as_u16(), &taken.body), (200, &new.body));
    let mails = drained(app, &server).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert_eq!(mail["to"], json!([OWNER]));
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("tried to register"), "{text}");
    let raw = mail["raw"].as_str().unwrap();
    assert!(!raw.contains("evil") && !raw.contains("Evil"), "{raw}");
}

#[tokio::test]
async fn nobody_is_mailed_where_a_taken_address_is_told() {
    let server = Smtp::start();
    let hides_nothing = |it: &mut cogward_auth::Settings| it.accounts.hide_existing = false;
    let builder = TestApp::builder()
        .settings(hides_nothing)
        .outbox(outbox(server.port()));
    let app = builder.start().await;
    assert_eq!(register(&app, OWNER, "Ada").await.status, 409);
    assert!(drained(app, &server).await.is_empty());
}

#[tokio::test]
async fn notices_come_out_of_the_budget_of_messages() {
    let server = Smtp::start();
    let app = mailing(server.port()).await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(register(&app, OWNER, "Ada").await.status.as_u16());
    }
    assert_eq!(answers, [200, 200, 200, 429, 429, 429]);
    assert_eq!(drained(app, &server).await.len(), 3);
}

#[tokio::test]
async fn a_mail_server_that_is_away_changes_no_answer() {
    let [port] = free_ports();
    let app = mailing(port).await;
    let taken = register(&app, OWNER, "Ada").await;
    assert_eq!(
        (taken.status.as_u16(), taken.json()),
        (200, json!({ "message": "OTP sent" }))
    );
    app.auth.drain().await;
    assert_eq!(app.auth.unfinished(), 0);
}

#[tokio::test]
async fn who_chose_another_password_is_told() {
    let server = Smtp::start();
    let app = mailing(server.port()).await;
    let body = json!({ "email": OWNER, "purpose": "password_reset" });
    app.browser()
        .post_json("/api/v1/auth/request-otp", &body)
        .await;
    let code = code(&app, OWNER).await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for (code, status) in [(wrong, 400), (&code, 200)] {
        let body = json!({
            "email": OWNER, "code": code, "purpose": "password_reset",
            "new_password": "0ther-Passw0rd",
        });
        let answer = app
            .browser()
            .post_json("/api/v1/auth/verify-otp", &body)
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let mails = drained(app, &server).await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0]["text"]
            .as_str()
            .unwrap()
            .contains("has another password")
    );
}

#[tokio::test]
async fn who_changed_the_password_signed_in_is_told() {
    let server = Smtp::start();
    let app = mailing(server.port()).await;
    let mut browser = app.browser();
    let login = json!({ "email": OWNER, "password": "Passw0rd!", "session": true });
    browser.post_json("/api/v1/auth/login", &login).await;
    for (old, status) in [("Gue55-wrong", 403), ("Passw0rd!", 200)] {
        let body = json!({ "current_password": old, "new_password": "0ther-Passw0rd" });
        let answer = browser
            .post_json("/api/v1/auth/change-password", &body)
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let mails = drained(app, &server).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], json!([OWNER]));
}
