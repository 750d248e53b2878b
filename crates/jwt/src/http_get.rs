//! One file from a key server: over a connection of its own, within bounds, from nowhere else.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONNECTION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

/// For connecting, asking and reading the whole answer.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// Why there is no file.
pub(crate) enum Fault {
    /// No connection, no answer in time, or an answer that broke off.
    Unreachable(Arc<dyn Error + Send + Sync>),
    /// An answer other than 200; 302 for one from elsewhere.
    Status(StatusCode),
    TooLarge,
}

/// A client that speaks nothing but HTTPS.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .https_only(true)
        .redirect(Policy::none())
        .connect_timeout(TIME_LIMIT)
        .build()
}

/// Whatever the client does about redirects, an answer from elsewhere is none.
pub(crate) async fn get(client: &Client, url: &Url, limit: usize) -> Result<Vec<u8>, Fault> {
    let request = client.get(url.clone()).timeout(TIME_LIMIT);
    // Between two fetches there is time for a server to close a connection that is kept.
    let request = request.header(CONNECTION, "close");
    let mut response = request.send().await?;
    if response.url() != url {
        return Err(Fault::Status(StatusCode::FOUND));
    }
    match response.status() {
        StatusCode::OK => read_bounded(&mut response, limit).await,
        status => Err(Fault::Status(status)),
    }
}

async fn read_bounded(response: &mut Response, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(Fault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(Arc::new(error.without_url()))
    }
}
