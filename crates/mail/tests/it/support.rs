use std::time::Duration;

use cogward_mail::smtp::{Credentials, Options, Tls};
use cogward_mail::{Address, Mail, Sender, SmtpMailer};
use serde_json::Value;

/// What a log must never have.
pub(crate) const PASSWORD: &str = "hunter2-of-the-mail";

/// Of a server on this machine.
pub(crate) fn options(port: u16, tls: Tls) -> Options {
    Options {
        host: "localhost".to_owned(),
        port,
        tls,
        credentials: None,
        authorities: None,
        limit: Duration::from_secs(20),
    }
}

/// As the user that the server knows, who believes its authority.
pub(crate) fn known(server: &cogward_services::Smtp, tls: Tls) -> Options {
    Options {
        credentials: Some(Credentials::new("cogward".to_owned(), PASSWORD.to_owned())),
        authorities: Some(server.authority().as_bytes().to_owned()),
        ..options(server.port(), tls)
    }
}

pub(crate) fn mailer(options: Options) -> SmtpMailer {
    SmtpMailer::new(options, sender()).unwrap()
}

pub(crate) fn sender() -> Sender {
    Sender::parse("Example <no-reply@example.com>").unwrap()
}

pub(crate) fn mail(to: &str) -> Mail {
    let to = Address::parse(to).unwrap();
    Mail::new(
        to,
        "Grüße",
        "Text.\n".to_owned(),
        "<p>Text.</p>\n".to_owned(),
    )
    .unwrap()
}

/// All values of a header.
pub(crate) fn header(mail: &Value, name: &str) -> Vec<String> {
    let headers = mail["headers"].as_array().unwrap().iter();
    let of_name = headers.filter(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name));
    of_name
        .map(|header| header[1].as_str().unwrap().to_owned())
        .collect()
}
