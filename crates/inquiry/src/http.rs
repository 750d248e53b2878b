//! A question by HTTP.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

/// Everything but RFC 3986's unreserved characters is encoded, so that what is put in stays
/// within its segment.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A client that follows no redirect and uses no proxy that the environment names: credentials
/// are for the service alone.
///
/// # Errors
/// There are no TLS roots.
pub fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(timeout)
        .timeout(timeout)
        .user_agent(concat!("cogward/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// As a segment of a path, or a value of a query. None for what a server takes for this folder or
/// the one above, also when it decodes twice (WHATWG URL, "double-dot URL path segment").
#[must_use]
pub fn segment(text: &str) -> Option<String> {
    let plain = text.to_ascii_lowercase().replace("%2e", ".");
    let named = !matches!(plain.as_str(), "" | "." | "..");
    named.then(|| utf8_percent_encode(text, ENCODED).to_string())
}

/// `Authorization` with this token (RFC 6750 §2.1); what is logged of it says nothing.
///
/// # Errors
/// The token has what no header can carry.
pub fn bearer(token: &str) -> Result<HeaderValue, TokenError> {
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(TokenError);
    }
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    let mut value = value.map_err(|_| TokenError)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A token that no header can carry.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the token must be of ASCII characters without spaces")]
pub struct TokenError;

/// The body, if it is no larger.
///
/// # Errors
/// [`BodyError`]: there is none to be had.
pub async fn body(response: &mut Response, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > most {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than it may be.
    #[error("its answer is too large")]
    TooLarge,
    /// The connection broke, or it took too long.
    #[error("its answer broke off")]
    Broken(#[source] reqwest::Error),
}

fn broken(error: reqwest::Error) -> BodyError {
    BodyError::Broken(error.without_url())
}
