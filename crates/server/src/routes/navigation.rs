//! What the addresses that browsers navigate to have in common.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};

use crate::error::{Code, Error};

/// Longer ones are none that this server or Cognito made.
const MAX_PARAMETER: usize = 4096;

/// `HEAD` and prefetching start nothing and end nothing: no row, no cookie.
pub(super) fn without_a_person(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let prefetch = ["sec-purpose", "purpose"].iter().any(|name| {
        headers
            .get(*name)
            .is_some_and(|value| value.as_bytes().starts_with(b"prefetch"))
    });
    let status = match (*method == Method::HEAD, prefetch) {
        (true, _) => StatusCode::NO_CONTENT,
        // How a browser is told not to prefetch this address.
        (false, true) => StatusCode::SERVICE_UNAVAILABLE,
        (false, false) => return None,
    };
    Some(status.into_response())
}

/// Whether a person will see the answer, not a script.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate")
}

/// A parameter that stands twice, or is too long.
pub(super) struct Unusable;

impl From<Unusable> for Error {
    fn from(_: Unusable) -> Self {
        Code::Query.into()
    }
}

/// The value of a parameter that may stand at most once (RFC 6749 §3.1).
pub(super) fn query_value<'q>(
    query: &'q str,
    name: &str,
) -> Result<Option<Cow<'q, str>>, Unusable> {
    let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) if value.len() <= MAX_PARAMETER => Ok(Some(value)),
        (None, _) => Ok(None),
        _ => Err(Unusable),
    }
}
