//! SMTP (RFC 5321) to a submission server (RFC 6409).

mod connect;
mod failure;
mod message;

use std::fmt;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use lettre::address::Envelope;
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use parking_lot::Mutex;

pub use lettre::transport::smtp::authentication::Credentials;

use crate::{Mail, Mailer, SendError, Sender};

/// Servers close connections that say nothing for five minutes (RFC 5321 §4.5.3.2.7), and many
/// much earlier.
const IDLE: Duration = Duration::from_secs(30);
/// So many connections are kept for the next mail.
const KEPT: usize = 4;

/// Where mails are handed over, and how.
pub struct Options {
    /// Name or address of the server; its certificate has to be for it.
    pub host: String,
    /// 587 by RFC 6409, 465 with [`Tls::Implicit`] (RFC 8314).
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// User name and password; none are sent without.
    pub credentials: Option<Credentials>,
    /// Certificates (PEM) that the server's is checked against, in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// A mail that was not taken by then was not sent.
    pub limit: Duration,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// After `STARTTLS`; nothing is sent to a server that does not offer it.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all: whoever can listen reads everything.
    None,
}

/// The certificates of [`Options::authorities`] cannot be read, or the system has none.
#[derive(Debug, thiserror::Error)]
#[error("no certificates to check the mail server's against: {0}")]
pub struct AuthoritiesError(String);

/// Hands mails to a server by SMTP.
pub struct SmtpMailer {
    options: Options,
    tls: Option<TlsParameters>,
    from: Sender,
    rng: SystemRandom,
    kept: Mutex<Vec<Kept>>,
}

/// A connection on which the last mail was taken.
struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl SmtpMailer {
    /// Prepares a mailer; the server is not asked for anything yet.
    ///
    /// # Errors
    /// See [`AuthoritiesError`].
    pub fn new(options: Options, from: Sender) -> Result<Self, AuthoritiesError> {
        let tls = match options.tls {
            Tls::None => None,
            Tls::Starttls | Tls::Implicit => Some(parameters(&options)?),
        };
        Ok(Self {
            options,
            tls,
            from,
            rng: SystemRandom::new(),
            kept: Mutex::default(),
        })
    }

    async fn hand_over(&self, envelope: &Envelope, message: &[u8]) -> Result<(), SendError> {
        let mut connection = match self.take().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let taken = connection.send(envelope, message).await;
        taken.map_err(|error| failure::of(&error))?;
        self.keep(connection);
        Ok(())
    }

    /// One that still answers.
    async fn take(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Kept {
                mut connection,
                since,
            } = self.kept.lock().pop()?;
            if since.elapsed() < IDLE && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock();
        if kept.len() < KEPT {
            kept.push(Kept {
                connection,
                since: Instant::now(),
            });
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    /// A connection whose mail was not taken is closed: what comes on it would be the answer to
    /// something else.
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = message::of(mail, &self.from, &self.rng).ok_or(SendError::Unmade)?;
        let (envelope, bytes) = (message.envelope(), message.formatted());
        let handed_over = self.hand_over(envelope, &bytes);
        let limited = tokio::time::timeout(self.options.limit, handed_over);
        limited.await.unwrap_or(Err(SendError::Late))
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options {
            host, port, tls, ..
        } = &self.options;
        write!(f, "SmtpMailer({host}:{port}, {tls:?})")
    }
}

fn parameters(options: &Options) -> Result<TlsParameters, AuthoritiesError> {
    let told = |error: &dyn fmt::Display| AuthoritiesError(error.to_string());
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(pem) = &options.authorities {
        let authorities = Certificate::from_pem(pem).map_err(|error| told(&error))?;
        builder = builder.certificate_store(CertificateStore::None);
        builder = builder.add_root_certificate(authorities);
    }
    builder.build_rustls().map_err(|error| told(&error))
}
