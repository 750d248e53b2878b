//! The outbox, as the configuration has it.

use std::sync::Arc;

use cogward_config::{Config, MailBackend, SmtpTls};
use cogward_mail::smtp::{Credentials, Options, Tls};
use cogward_mail::{Limits, Mailer, Outbox, Sender, SmtpMailer, Templates};

use super::store::authorities;
use crate::failure::Failure;

/// None without a backend. The mail server is not asked for anything yet.
pub(crate) async fn outbox(config: &Config) -> Result<Option<Outbox>, Failure> {
    let Some(from) = sender(config)? else {
        return Ok(None);
    };
    let mailer: Arc<dyn Mailer> = match config.mail.backend {
        MailBackend::None => return Ok(None),
        MailBackend::Smtp => Arc::new(smtp(config, from)?),
        #[cfg(feature = "ses")]
        MailBackend::Ses => Arc::new(ses(config, from).await),
        #[cfg(not(feature = "ses"))]
        MailBackend::Ses => {
            return Err(Failure::new("this build cannot send by ses")
                .hint("build with `--features ses`, or choose another mail.backend"));
        }
    };
    let name = &config.server.app_name;
    let folder = config.mail.templates.as_deref();
    let templates = Templates::new(name, Some(&config.frontend.url), folder).map_err(|error| {
        Failure::from(error)
            .hint("mail.templates names the folder; docs/mail.md tells what is in it")
    })?;
    Ok(Some(Outbox::new(mailer, templates, Limits::default())))
}

/// Who takes mails, for the log.
pub(crate) fn describe(config: &Config) -> String {
    let mail = &config.mail;
    match mail.backend {
        MailBackend::None => "none".to_owned(),
        MailBackend::Smtp => format!("smtp {}:{}", mail.smtp.host, mail.smtp.port),
        MailBackend::Ses => {
            let place = mail.ses.endpoint.as_ref().map(ToString::to_string);
            format!("ses {}", place.as_ref().unwrap_or(&mail.ses.region))
        }
    }
}

fn sender(config: &Config) -> Result<Option<Sender>, Failure> {
    let Some(from) = &config.mail.from else {
        return Ok(None);
    };
    let sender = Sender::parse(from).map_err(|error| Failure::new(format!("mail.from {error}")))?;
    Ok(Some(sender.or_named(&config.server.app_name)))
}

fn smtp(config: &Config, from: Sender) -> Result<SmtpMailer, Failure> {
    let smtp = &config.mail.smtp;
    let known = smtp.user.as_ref().zip(smtp.password.as_ref());
    let options = Options {
        host: smtp.host.clone(),
        port: smtp.port,
        tls: match smtp.tls {
            SmtpTls::Starttls => Tls::Starttls,
            SmtpTls::Tls => Tls::Implicit,
            SmtpTls::None | SmtpTls::NoneAnywhere => Tls::None,
        },
        credentials: known
            .map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned())),
        authorities: authorities("mail.smtp_ca_file", smtp.ca_file.as_ref())?,
        limit: config.mail.timeout,
    };
    Ok(SmtpMailer::new(options, from)?)
}

#[cfg(feature = "ses")]
async fn ses(config: &Config, from: Sender) -> cogward_mail::SesMailer {
    use cogward_mail::ses::{Credentials, Options};

    let ses = &config.mail.ses;
    let credentials = ses.credentials.as_ref().map(|given| {
        let token = given.session_token.as_ref();
        Credentials::new(
            given.access_key_id.expose(),
            given.secret_access_key.expose(),
            token.map(|token| token.expose().to_owned()),
            None,
            "Cogward's configuration",
        )
    });
    let options = Options {
        region: ses.region.clone(),
        endpoint: ses.endpoint.clone(),
        credentials,
        limit: config.mail.timeout,
    };
    cogward_mail::SesMailer::new(options, from).await
}
