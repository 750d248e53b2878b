//! `[mail]`

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::Section;
use crate::sections::aws::Aws;
use crate::sections::cognito::{self, Cognito};
use crate::sections::stores::{AwsCredentials, here};
use crate::setting::Setting;
use crate::sources::Mode;
use crate::value::choice;

choice! {
    /// Who takes Cogward's own mails.
    MailBackend {
        /// Nobody: none are sent.
        None = "none",
        /// An SMTP server.
        Smtp = "smtp",
        /// Amazon SES.
        Ses = "ses",
    }
}

choice! {
    /// How the connection to an SMTP server is encrypted.
    SmtpTls {
        /// By `STARTTLS`, or nothing is sent.
        Starttls = "starttls",
        /// From the first byte.
        Tls = "tls",
        /// Not at all, to this machine.
        None = "none",
        /// Not at all, to any.
        NoneAnywhere = "none-anywhere",
    }
}

/// Cogward's own mails.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who takes them.
    pub backend: MailBackend,
    /// The sender: an address, perhaps with a name; none only without a backend.
    pub from: Option<String>,
    /// A folder of templates in place of those that are built in.
    pub templates: Option<PathBuf>,
    /// A server that has not taken a mail by then did not.
    pub timeout: Duration,
    /// The SMTP server.
    pub smtp: Smtp,
    /// Amazon SES.
    pub ses: Ses,
}

/// An SMTP server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Its name; empty only for another backend.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// Who is known there.
    pub user: Option<String>,
    /// Belongs to the user.
    pub password: Option<Secret>,
    /// Certificates (PEM) that the server's is checked against, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// Amazon SES.
#[derive(Clone, Debug)]
pub struct Ses {
    /// Its AWS region.
    pub region: String,
    /// Where SES is, when it is not AWS's own.
    pub endpoint: Option<Url>,
    /// Credentials; without them AWS's SDK looks where it always does.
    pub credentials: Option<AwsCredentials>,
}

pub(crate) static SECTION: Section = Section {
    name: "mail",
    doc: "Mails that Cogward sends itself (docs/mail.md); Cognito's own come from Cognito.",
    settings: &[
        &BACKEND.about,
        &FROM.about,
        &TEMPLATES.about,
        &TIMEOUT.about,
        &SMTP_HOST.about,
        &SMTP_PORT.about,
        &SMTP_TLS.about,
        &SMTP_USER.about,
        &SMTP_PASSWORD.about,
        &SMTP_CA_FILE.about,
        &SES_REGION.about,
        &SES_ENDPOINT.about,
    ],
};

static BACKEND: Setting<MailBackend> = Setting::new(
    "mail.backend",
    "Who takes Cogward's own mails: an SMTP server, Amazon SES, or nobody; then none are sent.",
)
.default("none")
.example("none");
static FROM: Setting<String> = Setting::new(
    "mail.from",
    "Sender of the mails, which the server lets this one send as: an address, or a name and an \
     address. Without a name mails have that of `server.app_name`. Required by every backend but \
     `none`.",
)
.check(sender)
.example("Example <no-reply@example.com>");
static TEMPLATES: Setting<PathBuf> = Setting::new(
    "mail.templates",
    "Folder of templates, each in place of the built-in one of its name. They are tried at start.",
)
.example("/etc/cogward/mail");
static TIMEOUT: Setting<u32> = Setting::new(
    "mail.timeout_ms",
    "A server that has not taken a mail after so many milliseconds is asked again later.",
)
.default("15000")
.range(500, 120_000)
.example("15000");
pub(crate) static SMTP_HOST: Setting<String> = Setting::new(
    "mail.smtp_host",
    "Name of the SMTP server, for which its certificate must be. The `smtp` backend needs it.",
)
.check(host)
.example("smtp.example.com");
static SMTP_PORT: Setting<u16> = Setting::new("mail.smtp_port", "Port of the SMTP server.")
    .range(1, 65_535)
    .derived("587; 465 with `tls`, 25 without encryption")
    .example("587");
pub(crate) static SMTP_TLS: Setting<SmtpTls> = Setting::new(
    "mail.smtp_tls",
    "`starttls`: encrypted before anything is said, and nothing is sent where that is not offered. \
     `tls`: encrypted from the first byte. `none`: not encrypted, to this machine only. \
     `none-anywhere`: not encrypted, so that whoever can listen between reads codes and password.",
)
.default("starttls")
.example("tls");
pub(crate) static SMTP_USER: Setting<String> =
    Setting::new("mail.smtp_user", "User name at the SMTP server.").example("cogward");
pub(crate) static SMTP_PASSWORD: Setting<Secret> =
    Setting::new("mail.smtp_password", "Password of that user.");
static SMTP_CA_FILE: Setting<PathBuf> = Setting::new(
    "mail.smtp_ca_file",
    "Certificates (PEM) of the authority that signed the SMTP server's, when it is not one the \
     system trusts.",
)
.example("/etc/cogward/smtp-ca.pem");
static SES_REGION: Setting<String> = Setting::new("mail.ses_region", "AWS region of SES.")
    .derived("`AWS_REGION`, else `cognito.region`")
    .check(cognito::region)
    .example("us-east-1");
pub(crate) static SES_ENDPOINT: Setting<Url> =
    Setting::new("mail.ses_endpoint", "Address of SES when not AWS's own.")
        .example("http://localhost:5000");

pub(crate) fn load(r: &mut Reader<'_>, cognito: &Cognito, aws: &Aws) -> Mail {
    let backend = r.value(&BACKEND);
    let from = r.given(&FROM);
    let smtp = smtp(r, backend);
    let needed = backend != MailBackend::None && r.mode() != Mode::Pool;
    if needed && from.is_none() {
        r.missing_because(&FROM.about, "is required by mail.backend");
    }
    let here = here(r);
    Mail {
        backend,
        from,
        templates: r.given(&TEMPLATES),
        timeout: Duration::from_millis(r.value(&TIMEOUT).into()),
        smtp,
        ses: Ses {
            region: r.or(&SES_REGION, || {
                here.unwrap_or_else(|| cognito.region.clone())
            }),
            endpoint: r.given(&SES_ENDPOINT),
            credentials: aws.credentials(),
        },
    }
}

fn smtp(r: &mut Reader<'_>, backend: MailBackend) -> Smtp {
    let host = r.given(&SMTP_HOST);
    if backend == MailBackend::Smtp && host.is_none() && r.mode() != Mode::Pool {
        r.missing_because(&SMTP_HOST.about, "is required by mail.backend smtp");
    }
    let tls = r.value(&SMTP_TLS);
    Smtp {
        host: host.unwrap_or_default(),
        port: r.or(&SMTP_PORT, || match tls {
            SmtpTls::Starttls => 587,
            SmtpTls::Tls => 465,
            SmtpTls::None | SmtpTls::NoneAnywhere => 25,
        }),
        tls,
        user: r.given(&SMTP_USER),
        password: r.given(&SMTP_PASSWORD),
        ca_file: r.given(&SMTP_CA_FILE),
    }
}

/// `a@example.com` or `Name <a@example.com>`; the mailer reads it again.
fn sender(text: &str) -> Result<(), String> {
    let address = match text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
    {
        Some((_, address)) => address,
        None => text,
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"(),:;<>[\\]".contains(&byte);
    let parts: Vec<_> = address.split('@').collect();
    let good = parts.len() == 2 && parts.iter().all(|part| !part.is_empty());
    match good && address.bytes().all(plain) {
        true => Ok(()),
        false => Err("must be an address, or `Name <address>`".to_owned()),
    }
}

fn host(text: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b".-:".contains(&b);
    match text.bytes().all(good) {
        true => Ok(()),
        false => Err("must be the name or address of a server, without scheme and path".to_owned()),
    }
}
