use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::params::Repeated;
use crate::core::Core;
use crate::error::ApiError;

/// An error of the token or revocation endpoint (RFC 6749 section 5.2).
pub(super) struct OAuthError {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: Option<&'static str>,
}

impl OAuthError {
    /// Cognito answers 400 for all of them.
    pub(super) fn new(error: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            description: None,
        }
    }

    pub(super) fn describe(self, description: &'static str) -> Self {
        Self {
            description: Some(description),
            ..self
        }
    }
}

impl From<Repeated> for OAuthError {
    fn from(_: Repeated) -> Self {
        Self::new("invalid_request").describe("a parameter is repeated")
    }
}

/// A grant that the pool refuses, or its own failure.
impl From<ApiError> for OAuthError {
    fn from(error: ApiError) -> Self {
        if error.is_fault() {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Self {
                status,
                ..Self::new("server_error")
            }
        } else {
            Self::new("invalid_grant")
        }
    }
}

/// The answer of an endpoint that any origin may call.
pub(super) fn answer(core: &Core, result: Result<Option<Value>, OAuthError>) -> Response {
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => {
            let members = [
                ("error", Some(error.error)),
                ("error_description", error.description),
            ];
            let members = members
                .into_iter()
                .filter_map(|(name, text)| text.map(|text| (name, text)));
            (error.status, Some(members.collect::<Value>()))
        }
    };
    let mut response = (
        status,
        body.map(|body| body.to_string()).unwrap_or_default(),
    )
        .into_response();
    public_headers(core, &mut response);
    response
}

/// JSON, not stored, readable by any origin, with Cognito's request id.
pub(super) fn public_headers(core: &Core, response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&core.random.uuid()) {
        headers.insert(HeaderName::from_static("x-amz-cognito-request-id"), id);
    }
}
