//! One file an endpoint: extract, call one rule, map the reply.

pub(crate) mod accounts;
pub(crate) mod authorize;
pub(crate) mod callback;
pub(crate) mod check;
pub(crate) mod context;
pub(crate) mod health;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod logout_redirect;
pub(crate) mod me;
mod navigation;
pub(crate) mod permissions;
pub(crate) mod profile;
pub(crate) mod refresh;
pub(crate) mod root;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod token;
pub(crate) mod validate_credential;

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use crate::error::{Code, Error};

/// 200 with JSON, which nobody may keep: as of every answer, unless it says otherwise.
pub(crate) fn answer<T: Serialize>(value: &T) -> Result<Response, Error> {
    let body = serde_json::to_vec(value).map_err(|_| Code::Internal)?;
    let mut response = Response::new(Body::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// What a call without anything to tell answers.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Success {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl Success {
    pub(crate) const PLAIN: Self = Self {
        success: true,
        message: None,
    };

    pub(crate) const fn saying(message: &'static str) -> Self {
        Self {
            success: true,
            message: Some(message),
        }
    }
}
