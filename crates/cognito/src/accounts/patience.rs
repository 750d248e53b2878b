//! How long an answer is waited for, and what is asked again.

use std::time::Duration;

use aws_sdk_cognitoidentityprovider::config::StalledStreamProtectionConfig;
use aws_sdk_cognitoidentityprovider::config::interceptors::InterceptorContext;
use aws_sdk_cognitoidentityprovider::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_sdk_cognitoidentityprovider::config::timeout::TimeoutConfig;

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const CALL_LIMIT: Duration = Duration::from_secs(4);
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_timeout(CALL_LIMIT)
        .build()
}

/// The limit of a call ends an answer that stalls as well: the SDK's own watch over each body
/// would add timers, and nothing else.
pub(super) fn stalls() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::disabled()
}

/// The SDK's "standard" way: pauses are random up to a limit that doubles, and each try beyond
/// the first takes from a budget of the client's that successes fill up again.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE)
}

/// Only a call that Cognito refused for being too busy is made again. Any other may have been
/// carried out: a code would be sent twice, a password counted as tried twice. Nor is one that
/// its user has made too often (`LimitExceededException`, which the SDK takes for the same).
#[derive(Debug)]
pub(super) struct OnlyTooBusy;

impl ClassifyRetry for OnlyTooBusy {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let answer = context.response();
        let kind = answer.and_then(|answer| answer.headers().get("x-amzn-errortype"));
        let kind = kind.and_then(|kind| kind.split([':', '#']).next());
        let too_busy = matches!(
            kind,
            Some("TooManyRequestsException" | "ThrottlingException")
        );
        match context.output_or_error() {
            Some(Err(_)) if !too_busy => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "only what Cognito was too busy for"
    }
}
