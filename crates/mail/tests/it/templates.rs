//! Letters in words, and templates of one's own.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cogward_mail::smtp::Tls;
use cogward_mail::{Letter, Limits, Outbox, TemplateError, Templates};
use cogward_services::Smtp;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{header, mailer, options};

const LETTERS: [Letter<'static>; 3] = [
    Letter::PasswordResetCode {
        code: "314159",
        minutes: 10,
    },
    Letter::AddressTaken,
    Letter::PasswordChanged,
];

/// What arrives of each letter.
async fn sent(templates: impl Fn() -> Templates) -> Vec<Value> {
    let server = Smtp::start();
    for letter in LETTERS {
        let mailer = Arc::new(mailer(options(server.port(), Tls::None)));
        let outbox = Outbox::new(mailer, templates(), Limits::default());
        outbox.send("ada@example.com", &letter);
        outbox.drain().await;
    }
    server.mails()
}

fn built_in(app_name: &str) -> Templates {
    let url = "https://app.example.com/".parse().unwrap();
    Templates::new(app_name, Some(&url), None).unwrap()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn refused(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let error = Templates::new("App", None, Some(folder.path()))
        .err()
        .unwrap();
    assert!(!error.to_string().contains('\n'), "{error}");
    let place = folder.path().display().to_string();
    error.to_string().replace(&place, "DIR")
}

#[tokio::test]
async fn each_letter_says_what_it_is_for_in_text_and_html() {
    let mails = sent(|| built_in("Example")).await;
    let told = [
        ("Your code for another password at Example", "314159"),
        (
            "You have an account at Example already",
            "Somebody, perhaps you",
        ),
        (
            "Your password at Example was changed",
            "another password from now on",
        ),
    ];
    for (mail, (subject, told)) in mails.iter().zip(told) {
        assert_eq!(header(mail, "subject"), [subject]);
        for kind in ["text", "html"] {
            let text = mail[kind].as_str().unwrap();
            assert!(
                text.contains(told) && text.contains("Example"),
                "{kind}: {text}"
            );
        }
    }
    assert!(mails[0]["text"].as_str().unwrap().contains("10 minutes"));
    // Whoever does not expect a code shall not be led anywhere by its mail.
    assert!(
        !mails[0]["raw"]
            .as_str()
            .unwrap()
            .contains("app.example.com")
    );
    for mail in &mails[1..] {
        for kind in ["text", "html"] {
            assert!(
                mail[kind]
                    .as_str()
                    .unwrap()
                    .contains("https://app.example.com/")
            );
        }
    }
}

#[tokio::test]
async fn html_brings_nothing_from_elsewhere_and_runs_nothing() {
    for mail in sent(|| built_in("Example")).await {
        let html = mail["html"].as_str().unwrap().to_lowercase();
        for word in [
            "<script",
            "<img",
            "src=",
            "<link",
            "@import",
            "url(",
            "<form",
            "javascript:",
        ] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(html.contains("width=device-width"));
    }
}

#[tokio::test]
async fn a_name_of_the_application_is_text_and_nothing_else() {
    let name = "A <b>&\"C'\r\nBcc: eve@example.com\u{202e}";
    for mail in sent(|| built_in(name)).await {
        assert_eq!(mail["to"], serde_json::json!(["ada@example.com"]));
        assert!(header(&mail, "bcc").is_empty());
        let subject = header(&mail, "subject").remove(0);
        assert!(
            subject.contains("A <b>&\"C' Bcc: eve@example.com"),
            "{subject}"
        );
        let html = mail["html"].as_str().unwrap();
        assert!(html.contains("A &lt;b&gt;&amp;"), "{html}");
        assert!(!html.contains("<b>"));
    }
}

#[tokio::test]
async fn a_code_cannot_be_markup_either() {
    let server = Smtp::start();
    let mailer = Arc::new(mailer(options(server.port(), Tls::None)));
    let outbox = Outbox::new(mailer, built_in("App"), Limits::default());
    let code = "<i>1</i>\r\nBcc: eve@example.com";
    outbox.send(
        "ada@example.com",
        &Letter::PasswordResetCode { code, minutes: 1 },
    );
    outbox.drain().await;
    let mail = &server.mails()[0];
    assert!(header(mail, "bcc").is_empty());
    assert!(!mail["html"].as_str().unwrap().contains("<i>"));
}

#[tokio::test]
async fn files_in_a_folder_take_the_place_of_those_of_their_name() {
    let own = folder(&[
        ("password_reset_code.subject.txt", "{{ app_name }} fragt\n"),
        (
            "password_reset_code.html",
            "<p>{{ app_name }}: {{ code }}</p>",
        ),
        (
            "base.html",
            "<main>{% block heading %}{% endblock %}</main>",
        ),
        (".hidden", "{{ nothing"),
    ]);
    let own = own.path().to_owned();
    let mails = sent(|| Templates::new("App & Co", None, Some(Path::new(&own))).unwrap()).await;
    assert_eq!(header(&mails[0], "subject"), ["App & Co fragt"]);
    assert_eq!(
        mails[0]["html"].as_str().unwrap().trim(),
        "<p>App &amp; Co: 314159</p>"
    );
    assert!(mails[0]["text"].as_str().unwrap().contains("314159"));
    let taken = "<main>You have an account already</main>";
    assert_eq!(mails[1]["html"].as_str().unwrap().trim(), taken);
}

#[test]
fn a_template_that_does_not_render_is_refused_with_file_and_line() {
    let cases = [
        (
            "address_taken.txt",
            "one\n{{ name }",
            "DIR/address_taken.txt line 2: syntax error",
        ),
        (
            "address_taken.txt",
            "one\n\n{{ name }}",
            "DIR/address_taken.txt line 3: undefined value",
        ),
        (
            "address_taken.html",
            "{{ code }}",
            "DIR/address_taken.html line 1: undefined value",
        ),
        (
            "address_taken.html",
            "\n{% extends \"other.html\" %}",
            "template not found",
        ),
        (
            "password_reset_code.txt",
            "Hello",
            "DIR/password_reset_code.txt does not show code",
        ),
        (
            "password_reset_code.html",
            "Hello",
            "DIR/password_reset_code.html does not show code",
        ),
        (
            "password_rest_code.html",
            "{{ code }}",
            "DIR/password_rest_code.html is no template",
        ),
        (
            "password_changed.subject.txt",
            "a\nb",
            "DIR/password_changed.subject.txt",
        ),
        (
            "password_changed.subject.txt",
            " ",
            "DIR/password_changed.subject.txt",
        ),
    ];
    for (name, text, told) in cases {
        let refused = refused(&[(name, text)]);
        assert!(refused.contains(told), "{refused}");
    }
    let missing = Templates::new("App", None, Some(Path::new("/nowhere/at/all")))
        .err()
        .unwrap();
    assert!(matches!(missing, TemplateError::Read { .. }));
}
