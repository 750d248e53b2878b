use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::core::Core;
use crate::error::ApiError;
use crate::pages::same_origin;

/// A JSON body; none at all counts as `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(axum::response::IntoResponse::into_response)?;
        let body: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|error| bad_request(&error.to_string()))
    }
}

/// Pages of other origins have no business here; tools say so with a header.
pub(super) async fn own_origin(
    State(core): State<Arc<Core>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    // A link from elsewhere may open a page, but not read an answer.
    let navigation = headers
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate");
    let own = same_origin(headers, core.tls);
    if request.method() == Method::POST {
        if !own
            || headers
                .get("x-cogward-local")
                .is_none_or(|value| value != "1")
        {
            let message = "send the header X-Cogward-Local: 1, from no other origin";
            return refuse(StatusCode::FORBIDDEN, "forbidden", message);
        }
        if !is_json(headers) {
            let message = "send Content-Type: application/json";
            return refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                message,
            );
        }
    } else if !own && !navigation {
        let message = "other origins may not read the local user pool's own data";
        return refuse(StatusCode::FORBIDDEN, "forbidden", message);
    }
    next.run(request).await
}

const CALLS: &str = "GET /_local/, health, messages, stats, calls, export; \
    POST /_local/faults, users, settings, reset, keys/rotate, clock";

pub(super) async fn nothing_here() -> Response {
    let message = format!("there is nothing at this address; what there is: {CALLS}");
    refuse(StatusCode::NOT_FOUND, "not_found", &message)
}

pub(crate) async fn wrong_method() -> Response {
    let message = format!("this address takes another method; what there is: {CALLS}");
    refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &message,
    )
}

pub(super) fn bad_request(message: &str) -> Response {
    refuse(StatusCode::BAD_REQUEST, "bad_request", message)
}

pub(super) fn fail(error: &ApiError) -> Response {
    if error == &ApiError::reset() {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            &error.message,
        )
    } else if error.is_fault() {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "the log says why",
        )
    } else {
        bad_request(&error.message)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn refuse(status: StatusCode, error: &str, message: &str) -> Response {
    (status, Json(json!({ "error": error, "message": message }))).into_response()
}
