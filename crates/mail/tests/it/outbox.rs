//! What goes on behind an answer.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cogward_mail::smtp::Tls;
use cogward_mail::{Letter, Limits, Outbox, Templates};
use cogward_services::{Smtp, free_ports};
use tracing::subscriber::DefaultGuard;

use crate::support::{PASSWORD, known, mailer, options};

const CODE: Letter<'static> = Letter::PasswordResetCode {
    code: "271828",
    minutes: 10,
};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything that is logged in this test, at every level.
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn quick() -> Limits {
    Limits {
        first_pause: Duration::from_millis(10),
        ..Limits::default()
    }
}

fn outbox(mailer: cogward_mail::SmtpMailer, limits: Limits) -> Outbox {
    let templates = Templates::new("Example", None, None).unwrap();
    Outbox::new(Arc::new(mailer), templates, limits)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not so in time: {what}");
}

#[tokio::test]
async fn a_mail_is_sent_once_and_to_one() {
    let server = Smtp::start();
    let outbox = outbox(mailer(options(server.port(), Tls::None)), quick());
    outbox.send("ada@example.com", &CODE);
    outbox.drain().await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], serde_json::json!(["ada@example.com"]));
    assert_eq!(outbox.unfinished(), 0);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_one_that_refuses_is_not() {
    let (log, _guard) = Log::start();
    let server = Smtp::start();
    let outbox = outbox(mailer(options(server.port(), Tls::None)), quick());
    outbox.send("busy3@example.com", &CODE);
    outbox.send("refused@example.com", &CODE);
    until("nothing is on its way", || outbox.unfinished() == 0).await;
    assert_eq!(server.mails()[0]["to"][0], "busy3@example.com");
    let text = log.text();
    let dropped: Vec<_> = text
        .lines()
        .filter(|line| line.contains("mail dropped"))
        .collect();
    assert_eq!(dropped.len(), 1, "{text}");
    assert!(
        dropped[0].contains("tries=1") && dropped[0].contains("550 5.1.1"),
        "{text}"
    );
    assert!(
        text.contains("mail sent") && text.contains("tries=4"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_comes_back_gets_what_waited() {
    let mut server = Smtp::start();
    let outbox = outbox(mailer(options(server.port(), Tls::None)), quick());
    server.kill();
    for number in 0..20 {
        outbox.send(&format!("ada{number}@example.com"), &CODE);
    }
    server.restart();
    until("all arrived", || server.mails().len() == 20).await;
}

#[tokio::test]
async fn what_nobody_takes_is_dropped_in_the_end_with_a_line_of_log() {
    let (log, _guard) = Log::start();
    let [port] = free_ports();
    let limits = Limits {
        patience: Duration::from_millis(200),
        ..quick()
    };
    let outbox = outbox(mailer(options(port, Tls::None)), limits);
    outbox.send("ada@example.com", &CODE);
    until("it is given up", || outbox.unfinished() == 0).await;
    let text = log.text();
    assert!(
        text.contains("mail dropped") && text.contains("a***@e***"),
        "{text}"
    );
    assert!(text.contains("connection refused"), "{text}");
    assert!(
        !text.contains("tries=1 ") || text.contains("tries=2"),
        "{text}"
    );
}

#[tokio::test]
async fn no_more_than_so_many_wait() {
    let (log, _guard) = Log::start();
    let [port] = free_ports();
    let limits = Limits {
        waiting: 3,
        ..Limits::default()
    };
    let outbox = outbox(mailer(options(port, Tls::None)), limits);
    for _ in 0..5 {
        outbox.send("ada@example.com", &CODE);
    }
    assert_eq!(outbox.unfinished(), 3);
    assert_eq!(log.text().matches("mail dropped: too many wait").count(), 2);
}

#[tokio::test]
async fn at_the_end_what_waits_is_tried_once_more() {
    let mut server = Smtp::start();
    let limits = Limits {
        first_pause: Duration::from_secs(3600),
        patience: Duration::from_secs(7200),
        ..Limits::default()
    };
    let (log, _guard) = Log::start();
    let outbox = outbox(mailer(options(server.port(), Tls::None)), limits);
    server.kill();
    outbox.send("ada@example.com", &CODE);
    outbox.send("busy9@example.com", &CODE);
    until("both were tried", || {
        log.text().matches("not sent yet").count() == 2
    })
    .await;
    server.restart();
    outbox.drain().await;
    assert_eq!(server.mails().len(), 1);
    assert!(log.text().contains("mail dropped"), "{}", log.text());
}

#[tokio::test]
async fn no_log_has_a_password_a_code_or_an_address() {
    let (log, _guard) = Log::start();
    let good = Smtp::start_starttls("cogward", PASSWORD);
    let strict = Smtp::start_starttls("cogward", "another");
    for server in [&good, &strict] {
        let outbox = outbox(mailer(known(server, Tls::Starttls)), quick());
        for to in [
            "ada@example.com",
            "refused-ada@example.com",
            "busy1-ada@example.com",
        ] {
            outbox.send(to, &CODE);
        }
        outbox.send("ada@example.com\r\nBcc: eve@example.com", &CODE);
        outbox.drain().await;
    }
    let text = log.text();
    assert!(
        text.contains("mail sent") && text.contains("mail dropped"),
        "{text}"
    );
    let encoded = ["aHVudGVyMi"];
    let plain = [PASSWORD, "271828", "ada@", "eve@", "example.com"];
    for secret in plain.into_iter().chain(encoded) {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
