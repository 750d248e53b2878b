//! Of accounts and their mail.

use super::{Broken, when};
use crate::load::Config;
use crate::sections::accounts::{self, Reset};
use crate::sections::mail::{self, MailBackend, SmtpTls};
use crate::sections::people::Directory;
use crate::sections::stores;
use crate::setting::About;

pub(super) fn mail_in_the_clear(c: &Config) -> Broken {
    let smtp = &c.mail.smtp;
    let away = !smtp.host.is_empty() && !stores::is_loopback(&smtp.host);
    when(
        smtp.tls == SmtpTls::None && away,
        &mail::SMTP_TLS.about,
        || {
            "must encrypt what goes to another machine: use starttls or tls (none-anywhere lets whoever \
         listens read codes and password)"
            .to_owned()
        },
    )
}

pub(super) fn half_a_mail_user(c: &Config) -> Broken {
    let smtp = &c.mail.smtp;
    let without = |about: &About| format!("is of no use without {}", about.key);
    let (user, password) = (&mail::SMTP_USER.about, &mail::SMTP_PASSWORD.about);
    if c.mail.backend != MailBackend::Smtp {
        return Vec::new();
    }
    match (&smtp.user, &smtp.password) {
        (Some(_), None) => vec![(user, without(password))],
        (None, Some(_)) => vec![(password, without(user))],
        _ => Vec::new(),
    }
}

pub(super) fn own_codes_without_parts(c: &Config) -> Broken {
    let used = c.accounts.enabled && c.accounts.reset == Reset::Database;
    let missing = [
        (c.people.directory == Directory::None, "people.directory"),
        (c.mail.backend == MailBackend::None, "mail.backend"),
        (!c.accounts.admin, "accounts.admin"),
    ];
    let missing = missing.into_iter().filter(|(missing, _)| *missing);
    let missing: Vec<_> = missing.map(|(_, name)| name).collect();
    when(used && !missing.is_empty(), &accounts::RESET.about, || {
        format!("`database` needs {} to be set", missing.join(" and "))
    })
}
