//! Amazon SES, by `SendEmail` of its API v2.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};
use url::Url;

pub use aws_credential_types::Credentials;

use crate::{Mail, Mailer, SendError, Sender};

/// Which SES, and as whom.
pub struct Options {
    /// Its AWS region.
    pub region: String,
    /// Where SES is, when it is not AWS's own.
    pub endpoint: Option<Url>,
    /// Fixed credentials; by default those of the process, as every AWS SDK finds them.
    pub credentials: Option<Credentials>,
    /// A mail that was not taken by then was not sent.
    pub limit: Duration,
}

/// Hands mails to Amazon SES.
pub struct SesMailer {
    client: Client,
    from: Sender,
}

impl SesMailer {
    /// Prepares a mailer; SES is not asked for anything yet.
    pub async fn new(options: Options, from: Sender) -> Self {
        // Tried again by the outbox.
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(options.region))
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(options.limit)
                    .build(),
            );
        if let Some(endpoint) = &options.endpoint {
            loader = loader.endpoint_url(endpoint.as_str());
        }
        if let Some(credentials) = options.credentials {
            loader = loader.credentials_provider(credentials);
        }
        let client = Client::new(&loader.load().await);
        Self { client, from }
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = message(mail).ok_or(SendError::Unmade)?;
        let to = Destination::builder()
            .to_addresses(mail.to.as_str())
            .build();
        let call = self.client.send_email();
        let sent = call
            .from_email_address(self.from.0.to_string())
            .destination(to)
            .content(EmailContent::builder().simple(message).build())
            .send();
        sent.await.map(drop).map_err(|error| failure(&error))
    }
}

impl fmt::Debug for SesMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SesMailer(..)")
    }
}

fn message(mail: &Mail) -> Option<Message> {
    let body = Body::builder()
        .text(content(&mail.text)?)
        .html(content(&mail.html)?);
    // RFC 3834 §5: no holiday answers this.
    let header = MessageHeader::builder()
        .name("Auto-Submitted")
        .value("auto-generated");
    let message = Message::builder()
        .subject(content(&mail.subject)?)
        .body(body.build());
    Some(message.headers(header.build().ok()?).build())
}

fn content(text: &str) -> Option<Content> {
    Content::builder().data(text).charset("UTF-8").build().ok()
}

/// By the name of the error alone: SES writes the recipient into what it says beside it.
fn failure(error: &SdkError<SendEmailError>) -> SendError {
    match error {
        SdkError::TimeoutError(_) => SendError::Late,
        SdkError::ServiceError(refused) => {
            let name = refused
                .err()
                .code()
                .unwrap_or("an error without a name")
                .to_owned();
            match (refused.raw().status().as_u16(), name.as_str()) {
                (429 | 500.., _) | (_, "TooManyRequestsException" | "ThrottlingException") => {
                    SendError::Busy(name)
                }
                (401 | 403, _) => SendError::Credentials(name),
                _ => SendError::Refused(name),
            }
        }
        SdkError::DispatchFailure(failed) => match failed.is_timeout() {
            true => SendError::Late,
            false => {
                SendError::Unreached("see that it, and credentials for it, can be found".to_owned())
            }
        },
        _ => SendError::Unreached("its answer was not understood".to_owned()),
    }
}
