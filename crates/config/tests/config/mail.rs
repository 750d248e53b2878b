//! `[mail]`

use cogward_config::{MailBackend, SmtpTls};

use crate::{least, production, told, with};

const SMTP: [(&str, &str); 3] = [
    ("COGWARD_MAIL_BACKEND", "smtp"),
    ("COGWARD_MAIL_FROM", "Example <no-reply@example.com>"),
    ("COGWARD_MAIL_SMTP_HOST", "smtp.example.com"),
];

fn smtp(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    SMTP.iter().chain(more).copied().collect()
}

#[test]
fn mail_is_off_until_somebody_takes_it() {
    assert_eq!(with(least(), &[]).unwrap().mail.backend, MailBackend::None);
    let config = with(production(), &smtp(&[])).unwrap();
    let mail = &config.mail;
    assert_eq!((mail.smtp.tls, mail.smtp.port), (SmtpTls::Starttls, 587));
    let implicit = with(least(), &smtp(&[("COGWARD_MAIL_SMTP_TLS", "tls")]));
    assert_eq!(implicit.unwrap().mail.smtp.port, 465);
    let ses = [
        ("COGWARD_MAIL_BACKEND", "ses"),
        ("COGWARD_MAIL_FROM", "a@example.com"),
    ];
    let config = with(least(), &ses).unwrap();
    assert_eq!(config.mail.ses.region, "eu-west-1");
}

#[test]
fn what_a_backend_needs_is_told() {
    let text = told(with(least(), &[("COGWARD_MAIL_BACKEND", "smtp")]));
    assert!(
        text.contains("MAIL_FROM: is required by mail.backend"),
        "{text}"
    );
    assert!(
        text.contains("MAIL_SMTP_HOST: is required by mail.backend smtp"),
        "{text}"
    );
    for (name, value, problem) in [
        (
            "COGWARD_MAIL_FROM",
            "a@x.com, b@x.com",
            "must be an address",
        ),
        (
            "COGWARD_MAIL_FROM",
            "a@x.com> <b@x.com",
            "must be an address",
        ),
        ("COGWARD_MAIL_FROM", "Example", "must be an address"),
        (
            "COGWARD_MAIL_SMTP_HOST",
            "smtp://smtp.example.com",
            "without scheme",
        ),
        (
            "COGWARD_MAIL_SMTP_TLS",
            "maybe",
            "must be starttls or tls or none",
        ),
        (
            "COGWARD_MAIL_SMTP_USER",
            "me",
            "of no use without mail.smtp_password",
        ),
        (
            "COGWARD_MAIL_SMTP_PASSWORD",
            "secret",
            "of no use without mail.smtp_user",
        ),
    ] {
        let text = told(with(least(), &smtp(&[(name, value)])));
        assert!(text.contains(problem), "{name}={value}: {text}");
    }
}

#[test]
fn mail_leaves_this_machine_encrypted_unless_somebody_says_otherwise() {
    let text = told(with(least(), &smtp(&[("COGWARD_MAIL_SMTP_TLS", "none")])));
    assert!(
        text.contains("must encrypt what goes to another machine"),
        "{text}"
    );
    for host in ["localhost", "127.0.0.1", "::1"] {
        let local = [
            ("COGWARD_MAIL_SMTP_TLS", "none"),
            ("COGWARD_MAIL_SMTP_HOST", host),
        ];
        assert_eq!(
            with(production(), &smtp(&local)).unwrap().mail.smtp.port,
            25
        );
    }
    let anyway = with(
        production(),
        &smtp(&[("COGWARD_MAIL_SMTP_TLS", "none-anywhere")]),
    );
    let warnings = anyway.unwrap().warnings().join("\n");
    assert!(
        warnings.contains("MAIL_SMTP_TLS") && warnings.contains("has no TLS"),
        "{warnings}"
    );
    assert!(
        with(production(), &smtp(&[]))
            .unwrap()
            .warnings()
            .is_empty()
    );
}

#[test]
fn in_production_ses_is_reached_encrypted_and_with_a_whole_key() {
    let ses = |more| {
        let all = [
            ("COGWARD_MAIL_BACKEND", "ses"),
            ("COGWARD_MAIL_FROM", "a@example.com"),
            more,
        ];
        told(with(production(), &all))
    };
    let plain = ses(("COGWARD_MAIL_SES_ENDPOINT", "http://ses.example.com"));
    assert!(plain.contains("must use https"), "{plain}");
    let half = ses(("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"));
    assert!(half.contains("AWS_SECRET_ACCESS_KEY"), "{half}");
}
