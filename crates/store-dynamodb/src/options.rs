use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use url::Url;

/// Where the sessions are kept, and how they are reached.
#[derive(Clone)]
pub struct Options {
    /// The table's name. `l42_sessions` by default.
    pub table: String,
    /// Its AWS region; by default that of the process, as every AWS SDK finds it.
    pub region: Option<String>,
    /// Where DynamoDB is, when it is not AWS's own.
    pub endpoint: Option<Url>,
    /// Fixed credentials; by default those of the process, as every AWS SDK finds them:
    /// environment, profile, ECS or EKS, EC2. They are looked for when they are first needed.
    pub credentials: Option<StaticCredentials>,
    /// How long a caller waits for DynamoDB; then the store counts as unavailable. A write may
    /// have been carried out all the same. 2 s by default.
    pub call_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            table: "l42_sessions".to_owned(),
            region: None,
            endpoint: None,
            credentials: None,
            call_limit: Duration::from_secs(2),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("table", &self.table)
            .field("region", &self.region)
            .field("call_limit", &self.call_limit)
            .finish_non_exhaustive()
    }
}

/// An access key for AWS, which does not print.
#[derive(Clone)]
pub struct StaticCredentials(pub(crate) Credentials);

impl StaticCredentials {
    /// The id of the key, the secret, and the session token that belongs to a temporary key.
    #[must_use]
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> Self {
        Self(Credentials::new(
            access_key_id,
            secret_access_key,
            session_token,
            None,
            "Cogward's configuration",
        ))
    }
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticCredentials(..)")
    }
}
