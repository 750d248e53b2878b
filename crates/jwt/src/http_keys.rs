//! Keys over HTTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONNECTION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

use crate::fetch::{FetchError, FetchKeys, Fetching};
use crate::keys::{KeySet, KeySetError, MAX_JWKS};

/// For connecting, asking and reading the whole answer.
const TIME_LIMIT: Duration = Duration::from_secs(3);

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
        let client = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .connect_timeout(TIME_LIMIT)
            .build()?;
        Ok(Self::new(client, jwks_url))
    }
}

impl FetchKeys for HttpKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(self.get())
    }
}

impl HttpKeys {
    async fn get(&self) -> Result<KeySet, FetchError> {
        let request = self.client.get(self.jwks_url.clone()).timeout(TIME_LIMIT);
        // Between two fetches there is time for a server to close a connection that is kept.
        let request = request.header(CONNECTION, "close");
        let mut response = request.send().await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        if *response.url() != self.jwks_url {
            return Err(FetchError::Status(StatusCode::FOUND.as_u16()));
        }
        let body = read_bounded(&mut response).await?;
        KeySet::from_jwks(&body).map_err(FetchError::KeySet)
    }
}

async fn read_bounded(response: &mut Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_JWKS {
            return Err(FetchError::KeySet(KeySetError::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreachable(error: reqwest::Error) -> FetchError {
    FetchError::Unreachable(Arc::new(error.without_url()))
}
