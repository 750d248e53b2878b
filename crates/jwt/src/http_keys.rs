//! Keys over HTTP.

use reqwest::{Client, Url};

use crate::fetch::{FetchError, FetchKeys, Fetching};
use crate::http_get::{self, Fault};
use crate::keys::{KeySet, KeySetError, MAX_JWKS};

/// Keys from a `jwks.json`.
#[derive(Debug)]
pub struct HttpKeys {
    client: Client,
    jwks_url: Url,
}

impl HttpKeys {
    /// The client must not follow redirects: reqwest knows no such setting for one
    /// request. An answer from elsewhere is refused all the same.
    pub fn new(client: Client, jwks_url: Url) -> Self {
        Self { client, jwks_url }
    }

    /// With a client of its own, that speaks nothing but HTTPS.
    pub(crate) fn over_https(jwks_url: Url) -> Result<Self, reqwest::Error> {
        Ok(Self::new(http_get::client()?, jwks_url))
    }

    async fn get(&self) -> Result<KeySet, FetchError> {
        let body = http_get::get(&self.client, &self.jwks_url, MAX_JWKS).await?;
        KeySet::from_jwks(&body).map_err(FetchError::KeySet)
    }
}

impl FetchKeys for HttpKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(self.get())
    }
}

impl From<Fault> for FetchError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unreachable(source) => Self::Unreachable(source),
            Fault::Status(status) => Self::Status(status.as_u16()),
            Fault::TooLarge => Self::KeySet(KeySetError::TooLarge),
        }
    }
}
