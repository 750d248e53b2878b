use async_trait::async_trait;

use crate::Mail;

/// Hands mails to a server.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Returns when the server has taken the mail, or did not within the mailer's own limit; then
    /// it may have taken it all the same.
    async fn send(&self, mail: &Mail) -> Result<(), SendError>;
}

/// Why a mail was not handed over. Nothing that a server wrote stands in it but numbers and
/// the names of its errors: the rest may repeat the recipient.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No connection, or it ended too early.
    #[error("the mail server was not reached: {0}")]
    Unreached(String),
    /// No answer within the limit.
    #[error("the mail server did not answer in time")]
    Late,
    /// The server asks to try again later.
    #[error("the mail server is too busy ({0})")]
    Busy(String),
    /// The server offers no encryption, which is required.
    #[error("the mail server offers no STARTTLS: nothing was sent")]
    NoStarttls,
    /// The server did not show a certificate that counts.
    #[error("no TLS with the mail server: {0}")]
    Tls(String),
    /// User name and password, or AWS's credentials, do not count there.
    #[error("the mail server refused the credentials ({0})")]
    Credentials(String),
    /// The server does not take this mail, or none from here.
    #[error("the mail server refused the mail ({0})")]
    Refused(String),
    /// The mail could not be put together.
    #[error("the mail could not be put together")]
    Unmade,
}

impl SendError {
    /// Whether the same mail may be taken later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreached(_) | Self::Late | Self::Busy(_))
    }
}
