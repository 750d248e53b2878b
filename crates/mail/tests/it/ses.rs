//! Amazon SES, as moto has it.

use std::time::Duration;

use cogward_mail::ses::{Credentials, Options};
use cogward_mail::{Mailer as _, SendError, SesMailer};
use cogward_services::{Ses, free_ports};

use crate::support::{mail, sender};

async fn mailer(endpoint: &str) -> SesMailer {
    let options = Options {
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint.parse().unwrap()),
        credentials: Some(Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "s3cret",
            None,
            None,
            "test",
        )),
        limit: Duration::from_secs(20),
    };
    SesMailer::new(options, sender()).await
}

#[tokio::test]
async fn ses_gets_one_mail_for_one_recipient() {
    let ses = Ses::start(&["no-reply@example.com"]);
    mailer(&ses.endpoint())
        .await
        .send(&mail("ada@example.com"))
        .await
        .unwrap();
    let mails = ses.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail["FromEmailAddress"], "Example <no-reply@example.com>");
    assert_eq!(
        mail["Destination"],
        serde_json::json!({ "ToAddresses": ["ada@example.com"] })
    );
    let message = &mail["Content"]["Simple"];
    assert_eq!(message["Subject"]["Data"], "Grüße");
    assert_eq!(message["Body"]["Text"]["Data"], "Text.\n");
    assert_eq!(message["Body"]["Html"]["Data"], "<p>Text.</p>\n");
    assert_eq!(message["Headers"][0]["Value"], "auto-generated");
}

#[tokio::test]
async fn an_address_that_ses_does_not_send_from_is_told_without_the_recipient() {
    let ses = Ses::start(&[]);
    let refused = mailer(&ses.endpoint())
        .await
        .send(&mail("ada@example.com"))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the mail server refused the mail (MessageRejected)"
    );
    assert!(!refused.is_transient());
}

#[tokio::test]
async fn ses_that_is_not_there_may_be_there_later() {
    let [port] = free_ports();
    let mailer = mailer(&format!("http://127.0.0.1:{port}")).await;
    let unreached = mailer.send(&mail("ada@example.com")).await.unwrap_err();
    assert!(matches!(unreached, SendError::Unreached(_)), "{unreached}");
    assert!(unreached.is_transient());
    assert!(!format!("{unreached} {unreached:?} {mailer:?}").contains("s3cret"));
}
