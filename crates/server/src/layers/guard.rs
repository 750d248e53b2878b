//! The innermost layer: cross-site check and panics. It lies inside CORS, so
//! that a page of the frontend can read why it was refused.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::error::Error;
use crate::{App, origin};

pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if let Err(error) = check(&app, &request) {
        return error.into_response();
    }
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        // The panic hook has logged where; the caller learns nothing.
        Err(_) => Error::internal().into_response(),
    }
}

/// Refuses unsafe requests that a page elsewhere may have caused.
fn check(app: &App, request: &Request) -> Result<(), Error> {
    if !origin::is_unsafe(request.method()) {
        return Ok(());
    }
    origin::check(&app.origins, request.headers())?;
    if app.site.in_token_handler(request.uri().path()) {
        origin::check_header(request.headers())?;
    }
    Ok(())
}
