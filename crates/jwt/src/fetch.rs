//! Where keys come from.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode, Url};

use crate::keys::{KeySet, KeySetError, MAX_JWKS};

/// For connecting, asking and reading the whole answer.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// A source of an issuer's keys.
#[async_trait]
pub trait FetchKeys: Send + Sync + 'static {
    /// Gets the current set.
    ///
    /// # Errors
    /// Whatever stands in the way; the caller keeps the set it has.
    async fn fetch(&self) -> Result<KeySet, FetchError>;
}

/// Why keys could not be had. Every waiter of one fetch gets a copy.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection, no answer in time, or an answer that broke off.
    #[error("key server cannot be reached")]
    Unreachable(#[source] Arc<dyn Error + Send + Sync>),
    /// An answer other than 200; redirects are not followed.
    #[error("key server answered {0}")]
    Status(u16),
    /// An answer that is no usable key set.
    #[error("key server's answer is not usable")]
    KeySet(#[source] KeySetError),
    /// The fetch ended without a result: the process is going down.
    #[error("fetching keys was interrupted")]
    Interrupted,
}

/// Keys from a `jwks.json`.
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
}

#[async_trait]
impl FetchKeys for HttpKeys {
    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let request = self.client.get(self.jwks_url.clone()).timeout(TIME_LIMIT);
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
