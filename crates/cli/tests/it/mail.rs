//! Mail of the whole program, as it is configured.

use cogward_services::{Ses, Smtp};
use serde_json::{Value, json};

use crate::process::{Dev, Server, cogward, text};

const PASSWORD: &str = "hunter2-of-the-mail";

/// Registers with the address of a user, and stops the server: then mails are sent, or dropped.
async fn register_taken(server: Server) -> String {
    let body = json!({
        "email": "user@example.com", "password": "Passw0rd!", "first_name": "Ada",
        "last_name": "Lovelace", "accept_terms": true,
    });
    let mut browser = server.browser();
    let answer = browser.post_json("/api/v1/auth/register", &body).await;
    assert_eq!(answer.json(), json!({ "message": "OTP sent" }));
    server.logged("mail sent").await;
    let log = server.log();
    server.stop().await;
    log
}

#[tokio::test]
async fn the_owner_of_a_taken_address_is_mailed_by_smtp() {
    let smtp = Smtp::start_starttls("cogward", PASSWORD);
    let dev = Dev::new();
    let path = |name: &str| dev.folder.path().join(name);
    std::fs::write(path("ca.pem"), smtp.authority()).unwrap();
    std::fs::write(path("password"), format!("{PASSWORD}\n")).unwrap();
    std::fs::create_dir(path("templates")).unwrap();
    let subject = path("templates/address_taken.subject.txt");
    std::fs::write(subject, "{{ app_name }}: there is an account").unwrap();
    let port = smtp.port().to_string();
    let env = [
        ("COGWARD_MAIL_BACKEND", "smtp"),
        ("COGWARD_MAIL_FROM", "no-reply@example.com"),
        ("COGWARD_MAIL_SMTP_HOST", "localhost"),
        ("COGWARD_MAIL_SMTP_PORT", &port),
        ("COGWARD_MAIL_SMTP_USER", "cogward"),
        ("COGWARD_MAIL_SMTP_PASSWORD_FILE", "password"),
        ("COGWARD_MAIL_SMTP_CA_FILE", "ca.pem"),
        ("COGWARD_MAIL_TEMPLATES", "templates"),
        ("COGWARD_SERVER_APP_NAME", "Example"),
        ("LOG_LEVEL", "trace"),
    ];
    let log = register_taken(dev.start(&env).await).await;
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    let headers = mails[0]["headers"].as_array().unwrap();
    let has = |name: &str, value: &str| headers.contains(&json!([name, value]));
    assert!(has("From", "Example <no-reply@example.com>"), "{headers:?}");
    assert!(
        has("Subject", "Example: there is an account"),
        "{headers:?}"
    );
    assert_eq!(mails[0]["signed_in"], true);
    let link = format!("http://localhost:{}/", dev.port);
    assert!(mails[0]["text"].as_str().unwrap().contains(&link));
    assert!(log.contains("u***@e***") && !log.contains(PASSWORD));
}

#[cfg(feature = "ses")]
#[tokio::test]
async fn the_owner_of_a_taken_address_is_mailed_by_ses() {
    let ses = Ses::start(&["no-reply@example.com"]);
    let endpoint = ses.endpoint();
    let env = [
        ("COGWARD_MAIL_BACKEND", "ses"),
        ("COGWARD_MAIL_FROM", "no-reply@example.com"),
        ("COGWARD_MAIL_SES_ENDPOINT", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", PASSWORD),
    ];
    let log = register_taken(Dev::new().start(&env).await).await;
    let to = |mail: &Value| mail["Destination"]["ToAddresses"].clone();
    let sent: Vec<_> = ses.mails().iter().map(to).collect();
    assert_eq!(sent, [json!(["user@example.com"])]);
    assert!(!log.contains(PASSWORD));
}

#[test]
fn a_template_that_does_not_render_is_told_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let templates = folder.path().join("templates");
    std::fs::create_dir(&templates).unwrap();
    std::fs::write(templates.join("address_taken.txt"), "one\n{{ nmae }}\n").unwrap();
    let env = [
        ("COGWARD_MAIL_BACKEND", "smtp"),
        ("COGWARD_MAIL_FROM", "no-reply@example.com"),
        ("COGWARD_MAIL_SMTP_HOST", "localhost"),
        ("COGWARD_MAIL_TEMPLATES", "templates"),
    ];
    let [port, pool] = crate::process::free_ports().map(|port: u16| port.to_string());
    let args = ["dev", "--port", &port, "--pool-port", &pool];
    let output = cogward(folder.path(), &args).envs(env).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("templates/address_taken.txt line 2: undefined value"),
        "{said}"
    );
    assert!(said.contains("docs/mail.md"), "{said}");
}
