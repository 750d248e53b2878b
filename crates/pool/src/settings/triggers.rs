use serde::{Deserialize, Serialize};
use url::Url;

/// The HTTP endpoints that stand in for Lambda functions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Triggers {
    pub(crate) define_auth_challenge: Option<Url>,
    pub(crate) create_auth_challenge: Option<Url>,
    pub(crate) verify_auth_challenge_response: Option<Url>,
}

impl Triggers {
    pub(super) fn check(&self) -> Result<(), String> {
        let urls = [
            &self.define_auth_challenge,
            &self.create_auth_challenge,
            &self.verify_auth_challenge_response,
        ];
        match urls
            .into_iter()
            .flatten()
            .find(|url| url.scheme() != "http")
        {
            Some(url) => Err(format!(
                "triggers: {url} must be an http URL: functions run beside the pool"
            )),
            None => Ok(()),
        }
    }
}
