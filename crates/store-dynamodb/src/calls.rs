use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use cogward_session::StoreError;
use tokio::time::Instant;

/// When a caller has waited long enough.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    /// DynamoDB's answer: the inner error is that it refuses, the outer one that there is no
    /// answer to go by.
    pub(crate) async fn ask<T, E: ProvideErrorMetadata + Error + Send + Sync + 'static>(
        self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Result<T, E>, CallError> {
        match tokio::time::timeout_at(self.0, call).await {
            Err(_) => Err(CallError::TimedOut),
            Ok(Ok(answer)) => Ok(Ok(answer)),
            Ok(Err(SdkError::ServiceError(error))) => match error.raw().status() {
                status if status.is_server_error() => Err(CallError::Failed(status.as_u16())),
                _ => Ok(Err(error.into_err())),
            },
            Ok(Err(error)) => Err(CallError::unanswered(error)),
        }
    }

    /// What has come of it by then.
    pub(crate) async fn limit<T>(
        self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let done = tokio::time::timeout_at(self.0, work).await;
        done.unwrap_or(Err(CallError::TimedOut))
    }

    /// Waits a little, unless it is too late.
    pub(crate) async fn pause(self, time: Duration) -> Result<(), CallError> {
        let pause = tokio::time::sleep(time);
        let waited = tokio::time::timeout_at(self.0, pause).await;
        waited.map_err(|_| CallError::TimedOut)
    }
}

/// Why a call has not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// It may have been carried out.
    #[error("dynamodb takes too long to answer")]
    TimedOut,
    /// It may have been carried out.
    #[error("dynamodb cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It was not sent.
    #[error("there are no AWS credentials for dynamodb")]
    Credentials(#[source] Box<dyn Error + Send + Sync>),
    /// The answer is none of DynamoDB's.
    #[error("what answers for dynamodb is something else")]
    Odd(#[source] Box<dyn Error + Send + Sync>),
    /// It may have been carried out.
    #[error("dynamodb fails with status {0}")]
    Failed(u16),
    /// It was not carried out.
    #[error("dynamodb refuses with {code}: {message}")]
    Refused { code: String, message: String },
    /// What stands there is nothing that Cogward wrote.
    #[error("dynamodb holds an item of an unknown format: it is wrong in `{0}`")]
    Garbage(&'static str),
}

impl CallError {
    /// What DynamoDB said. The first line alone: what follows a wrong signature is all that was
    /// signed, with the session token.
    pub(crate) fn refused(error: &impl ProvideErrorMetadata) -> Self {
        let message = error.message().and_then(|text| text.lines().next());
        Self::Refused {
            code: error.code().unwrap_or("an unknown error").to_owned(),
            message: message.unwrap_or("no reason given").to_owned(),
        }
    }

    fn unanswered<E: Error + Send + Sync + 'static>(error: SdkError<E, HttpResponse>) -> Self {
        let (timed_out, odd) = match &error {
            SdkError::TimeoutError(_) => (true, false),
            SdkError::DispatchFailure(failure) => (failure.is_timeout(), false),
            _ => (false, true),
        };
        let source = error.into_source().unwrap_or_else(Into::into);
        let credentials = causes(&*source).find_map(|error| error.downcast_ref());
        match credentials {
            Some(
                CredentialsError::CredentialsNotLoaded(_)
                | CredentialsError::InvalidConfiguration(_),
            ) => Self::Credentials(source),
            _ if timed_out => Self::TimedOut,
            _ if odd => Self::Odd(source),
            _ => Self::Unreachable(source),
        }
    }
}

impl From<CallError> for StoreError {
    fn from(error: CallError) -> Self {
        Self::unavailable(error)
    }
}

/// An error and what caused it, in one line.
pub(crate) fn in_words(error: &(dyn Error + 'static)) -> String {
    let words: Vec<_> = causes(error).map(ToString::to_string).collect();
    words.join(": ")
}

/// An error, and what caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}
