use std::io;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, Region};

use crate::calls::causes;
use crate::open::OpenError;
use crate::options::Options;

/// Two ways to ask the same DynamoDB over the same connections.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    /// For what may be asked twice.
    pub(crate) reads: Client,
    /// For what must not be done twice.
    pub(crate) writes: Client,
    pub(crate) region: String,
}

/// Nothing is asked of DynamoDB yet.
pub(crate) async fn connect(options: &Options) -> Result<Clients, OpenError> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(retries())
        .timeout_config(timeouts(options.call_limit));
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(credentials) = &options.credentials {
        loader = loader.credentials_provider(credentials.0.clone());
    }
    if let Some(endpoint) = &options.endpoint {
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(OpenError::Endpoint);
        }
        loader = loader.endpoint_url(endpoint.as_str());
    }
    let shared = loader.load().await;
    let region = shared.region().ok_or(OpenError::Region)?.to_string();
    let writes = Builder::from(&shared).retry_classifier(UnlessDone).build();
    Ok(Clients {
        reads: Client::new(&shared),
        writes: Client::from_conf(writes),
        region,
    })
}

/// DynamoDB answers within milliseconds, so that waiting a second before asking again, as the
/// SDK does by itself, would be most of the caller's time.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500))
}

/// Half of the caller's time for one attempt, so that there is time for another, or for
/// putting right what a first step did.
fn timeouts(call_limit: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(call_limit / 2)
        .operation_attempt_timeout(call_limit / 2)
        .build()
}

/// Does not let a write be repeated that may have been carried out: asked a second time,
/// DynamoDB would say that its condition does not hold, or that there is nothing to remove.
#[derive(Debug)]
struct UnlessDone;

impl ClassifyRetry for UnlessDone {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let failed = matches!(context.output_or_error(), Some(Err(_)));
        if !failed || is_refusal(context) || was_not_sent(context) {
            RetryAction::NoActionIndicated
        } else {
            RetryAction::RetryForbidden
        }
    }

    fn name(&self) -> &'static str {
        "unless it may be done"
    }
}

/// "Throttled" is one.
fn is_refusal(context: &InterceptorContext) -> bool {
    let response = context.response();
    response.is_some_and(|response| response.status().is_client_error())
}

fn was_not_sent(context: &InterceptorContext) -> bool {
    let error = context.output_or_error().and_then(Result::err);
    let error = error.and_then(|error| error.as_connector_error());
    error.is_some_and(|error| {
        causes(error)
            .filter_map(|error| error.downcast_ref::<io::Error>())
            .any(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    })
}
