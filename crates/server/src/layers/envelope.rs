//! The outermost layer: request id, error bodies, security headers; on every
//! answer, preflights among them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::request_id::RequestId;
use crate::App;
use crate::cookies::Which;
use crate::error::Error;

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
    let in_token_handler = app.site.in_token_handler(path);
    let path = tracing::enabled!(target: "cogward::request", tracing::Level::WARN)
        .then(|| path.to_owned());
    let mut response = next.run(request).await;
    if let Some(error) = failure(&mut response) {
        log(id, &method, path.as_deref(), &error);
        response = render(&app, id, in_token_handler, &error, response);
    }
    add_headers(&app, id, response.headers_mut());
    response
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
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
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
