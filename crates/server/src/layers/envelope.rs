//! The outermost layer: request id, cross-site check, error bodies, security
//! headers. One layer, since each costs every request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::request_id::RequestId;
use crate::cookies::Which;
use crate::error::Error;
use crate::{App, origin};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

pub(crate) async fn envelope(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let id = RequestId::next();
    let method = request.method().clone();
    let path = request.uri().path();
    let in_token_handler = app
        .site
        .token_handler
        .as_ref()
        .is_some_and(|prefix| under(prefix, path));
    let path = tracing::enabled!(target: "cogward::request", tracing::Level::WARN)
        .then(|| path.to_owned());
    let mut response = match guard(&app, &request, in_token_handler) {
        Ok(()) => answer(next, request).await,
        Err(error) => error.into_response(),
    };
    if let Some(error) = failure(&mut response) {
        log(id, &method, path.as_deref(), &error);
        response = render(&app, id, in_token_handler, &error, response);
    }
    add_headers(&app, id, response.headers_mut());
    response
}

/// Refuses unsafe requests that a page elsewhere may have caused.
fn guard(app: &App, request: &Request, in_token_handler: bool) -> Result<(), Error> {
    if !origin::is_unsafe(request.method()) {
        return Ok(());
    }
    origin::check(&app.origins, request.headers())?;
    if in_token_handler {
        origin::check_header(request.headers())?;
    }
    Ok(())
}

async fn answer(next: Next, request: Request) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        // The panic hook has logged where; the caller learns nothing.
        Err(_) => Error::internal().into_response(),
    }
}

/// The error of a handler, or of the router, which knows only a status.
fn failure(response: &mut Response) -> Option<Error> {
    if response.status().as_u16() < 400 {
        return None;
    }
    response
        .extensions_mut()
        .remove::<Error>()
        .or_else(|| match response.status() {
            StatusCode::NOT_FOUND => Some(Error::not_found()),
            StatusCode::METHOD_NOT_ALLOWED => Some(Error::of_status(
                StatusCode::METHOD_NOT_ALLOWED,
                "method not allowed here",
            )),
            _ => None,
        })
}

fn log(id: RequestId, method: &Method, path: Option<&str>, error: &Error) {
    let path = path.unwrap_or_default();
    if error.status().is_server_error() {
        tracing::error!(target: "cogward::request", request_id = %id, %method, path, status = error.status().as_u16(), "{}", error.message());
    } else {
        tracing::debug!(target: "cogward::request", request_id = %id, %method, path, status = error.status().as_u16(), "{}", error.message());
    }
}

fn render(
    app: &App,
    id: RequestId,
    in_token_handler: bool,
    error: &Error,
    was: Response,
) -> Response {
    let mut headers = was.into_parts().0.headers;
    headers.remove(http::header::CONTENT_LENGTH);
    headers.remove(http::header::CONTENT_TYPE);
    let mut response = match in_token_handler {
        true => Json(error.token_handler_problem(id.to_string())).into_response(),
        false => Json(error.problem(id.to_string())).into_response(),
    };
    *response.status_mut() = error.status();
    response.headers_mut().extend(headers);
    error.add_headers(response.headers_mut());
    no_store(response.headers_mut());
    if error.clears_session {
        app.site
            .cookies
            .clear(response.headers_mut(), Which::Session);
    }
    response
}

pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn add_headers(app: &App, id: RequestId, headers: &mut HeaderMap) {
    headers.insert(X_REQUEST_ID, id.header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    );
    headers.insert(CORP, HeaderValue::from_static("same-origin"));
    if app.site.https() {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ));
}

/// Whether a path lies under a prefix: whole segments, not letters.
fn under(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
