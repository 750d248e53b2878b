use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;

use super::{SmtpMailer, Tls, failure};
use crate::SendError;

impl SmtpMailer {
    /// A connection that is as safe as it has to be, before anything is said on it.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let options = &self.options;
        let (place, us) = ((options.host.as_str(), options.port), ClientId::default());
        let implicit = self.tls.clone().filter(|_| options.tls == Tls::Implicit);
        let opened = AsyncSmtpConnection::connect_tokio1(place, None, &us, implicit, None);
        let mut connection = opened.await.map_err(|error| failure::of(&error))?;
        if let (Tls::Starttls, Some(tls)) = (options.tls, &self.tls) {
            if !connection.can_starttls() {
                return Err(SendError::NoStarttls);
            }
            let encrypted = connection.starttls(tls.clone(), &us).await;
            encrypted.map_err(|error| failure::of_starttls(&error))?;
        }
        if let Some(credentials) = &options.credentials {
            let known = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials);
            known
                .await
                .map_err(|error| failure::of_credentials(&error))?;
        }
        Ok(connection)
    }
}
