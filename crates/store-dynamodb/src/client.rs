use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, Region};

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
        let answer = context.response();
        // "Throttled" is a refusal too.
        let is_refused = answer.is_some_and(|answer| answer.status().is_client_error());
        let may_be_done = matches!(context.output_or_error(), Some(Err(_))) && !is_refused;
        match may_be_done {
            true => RetryAction::RetryForbidden,
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "unless it may be done"
    }
}
