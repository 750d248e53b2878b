//! A real server of mail, and some that lie.

use std::time::Duration;

use cogward_mail::smtp::{Credentials, Options, Tls};
use cogward_mail::{Mailer as _, SendError, SmtpMailer};
use cogward_services::{Smtp, free_ports};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{PASSWORD, header, known, mail, mailer, options, sender};

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let server = Smtp::start();
    let mailer = mailer(options(server.port(), Tls::None));
    mailer.send(&mail("ada@example.com")).await.unwrap();
    let mails = server.mails();
    let mail = &mails[0];
    assert_eq!(mail["from"], "no-reply@example.com");
    assert_eq!(mail["to"], serde_json::json!(["ada@example.com"]));
    assert_eq!(header(mail, "from"), ["Example <no-reply@example.com>"]);
    assert_eq!(header(mail, "to"), ["ada@example.com"]);
    assert_eq!(header(mail, "subject"), ["Grüße"]);
    assert_eq!(header(mail, "auto-submitted"), ["auto-generated"]);
    assert_eq!(header(mail, "date").len(), 1);
    let id = &header(mail, "message-id")[0];
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{id}");
    assert_eq!(mail["text"].as_str().unwrap().trim(), "Text.");
    assert_eq!(mail["html"].as_str().unwrap().trim(), "<p>Text.</p>");
    assert!(mail["raw"].as_str().unwrap().is_ascii());
}

#[tokio::test]
async fn with_starttls_the_password_is_told_encrypted_only() {
    let server = Smtp::start_starttls("cogward", PASSWORD);
    let mailer = mailer(known(&server, Tls::Starttls));
    mailer.send(&mail("ada@example.com")).await.unwrap();
    let mail = &server.mails()[0];
    assert_eq!(
        (&mail["tls"], &mail["signed_in"]),
        (&true.into(), &true.into())
    );
}

#[tokio::test]
async fn tls_from_the_first_byte() {
    let server = Smtp::start_tls("cogward", PASSWORD);
    let mailer = mailer(known(&server, Tls::Implicit));
    mailer.send(&mail("ada@example.com")).await.unwrap();
    let mail = &server.mails()[0];
    assert_eq!(
        (&mail["tls"], &mail["signed_in"]),
        (&true.into(), &true.into())
    );
}

#[tokio::test]
async fn a_connection_is_used_again_and_replaced_when_it_broke() {
    let mut server = Smtp::start();
    let mailer = mailer(options(server.port(), Tls::None));
    for _ in 0..3 {
        mailer.send(&mail("ada@example.com")).await.unwrap();
    }
    let mails = server.mails();
    assert!(mails.iter().all(|mail| mail["port"] == mails[0]["port"]));
    server.kill();
    server.restart();
    mailer.send(&mail("bob@example.com")).await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_a_stranger_or_for_another_name_is_refused() {
    let (server, other) = (
        Smtp::start_starttls("cogward", PASSWORD),
        Smtp::start_tls("cogward", PASSWORD),
    );
    let strange = Options {
        authorities: known(&other, Tls::Starttls).authorities,
        ..known(&server, Tls::Starttls)
    };
    let of_the_system = Options {
        authorities: None,
        ..known(&server, Tls::Starttls)
    };
    let misnamed = Options {
        host: "127.0.0.2".to_owned(),
        ..known(&server, Tls::Starttls)
    };
    let implicit = Options {
        host: "127.0.0.2".to_owned(),
        ..known(&other, Tls::Implicit)
    };
    for options in [strange, of_the_system, misnamed, implicit] {
        let refused = mailer(options)
            .send(&mail("ada@example.com"))
            .await
            .unwrap_err();
        assert!(matches!(refused, SendError::Tls(_)), "{refused}");
        assert!(!refused.is_transient());
    }
    assert_eq!((server.mails().len(), other.mails().len()), (0, 0));
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let server = Smtp::start();
    let mailer = mailer(known(&server, Tls::Starttls));
    let refused = mailer.send(&mail("ada@example.com")).await.unwrap_err();
    assert!(matches!(refused, SendError::NoStarttls), "{refused}");
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn a_server_that_takes_starttls_back_learns_nothing() {
    for (answer, what) in [
        ("454 4.7.0 not now\r\n", "no starttls"),
        ("220 go on\r\n250 injected\r\n", "no tls"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mailer = SmtpMailer::new(
            Options {
                credentials: Some(Credentials::new("cogward".into(), PASSWORD.into())),
                limit: Duration::from_secs(5),
                ..options(port, Tls::Starttls)
            },
            sender(),
        )
        .unwrap();
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"220 hello\r\n").await.unwrap();
            let mut heard = Vec::new();
            let mut answers = ["250-hello\r\n250 STARTTLS\r\n", answer, "221 bye\r\n"].into_iter();
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut chunk).await {
                heard.extend_from_slice(&chunk[..read]);
                let Some(answer) = answers.next() else { break };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            String::from_utf8_lossy(&heard).into_owned()
        });
        let refused = mailer.send(&mail("ada@example.com")).await.unwrap_err();
        let told = refused.to_string().to_lowercase();
        assert!(told.contains(what), "{told}");
        let heard = heard.await.unwrap();
        assert!(
            !heard.contains("AUTH") && !heard.contains("ada@"),
            "{heard}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Smtp::start_starttls("cogward", "another password");
    let mailer = mailer(known(&server, Tls::Starttls));
    let refused = mailer.send(&mail("ada@example.com")).await.unwrap_err();
    assert!(
        matches!(&refused, SendError::Credentials(code) if code == "535 5.7.8"),
        "{refused}"
    );
    assert!(!format!("{refused} {refused:?} {mailer:?}").contains(PASSWORD));
}

#[tokio::test]
async fn what_a_server_says_of_a_recipient_is_not_repeated() {
    let server = Smtp::start();
    let mailer = mailer(options(server.port(), Tls::None));
    let refused = mailer
        .send(&mail("refused-ada@example.com"))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the mail server refused the mail (550 5.1.1)"
    );
    assert!(!refused.is_transient());
    let busy = mailer
        .send(&mail("busy1-ada@example.com"))
        .await
        .unwrap_err();
    assert_eq!(busy.to_string(), "the mail server is too busy (451 4.7.1)");
    assert!(busy.is_transient());
    mailer.send(&mail("busy1-ada@example.com")).await.unwrap();
}

#[tokio::test]
async fn a_server_that_stops_answering_is_given_up_and_its_late_answer_counts_for_nothing() {
    let server = Smtp::start();
    let mailer = mailer(Options {
        limit: Duration::from_millis(300),
        ..options(server.port(), Tls::None)
    });
    mailer.send(&mail("ada@example.com")).await.unwrap();
    server.pause();
    for _ in 0..2 {
        let late = mailer.send(&mail("bob@example.com")).await.unwrap_err();
        assert!(matches!(late, SendError::Late), "{late}");
        assert!(late.is_transient());
    }
    server.resume();
    // Not the answer to what was asked before.
    let refused = mailer.send(&mail("refused@example.com")).await;
    assert!(
        matches!(refused, Err(SendError::Refused(_) | SendError::Late)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn nobody_there_or_somebody_who_speaks_no_smtp() {
    let [port] = free_ports();
    let nobody = mailer(options(port, Tls::None))
        .send(&mail("ada@example.com"))
        .await;
    let nobody = nobody.unwrap_err();
    assert!(nobody.is_transient());
    assert!(
        nobody.to_string().contains("connection refused"),
        "{nobody}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _gone = stream.write_all(b"HTTP/1.1 400 no\r\n\r\n").await;
        }
    });
    let strange = mailer(options(port, Tls::None))
        .send(&mail("ada@example.com"))
        .await;
    let strange = strange.unwrap_err().to_string();
    assert!(strange.contains("does not speak smtp"), "{strange}");
}

#[test]
fn authorities_that_are_no_certificates_are_refused_at_start() {
    let options = Options {
        authorities: Some(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
        ),
        ..options(25, Tls::Starttls)
    };
    SmtpMailer::new(options, sender()).unwrap_err();
}
