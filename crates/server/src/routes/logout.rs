//! `POST …/logout`: the end of this session.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::logout;
use http::HeaderMap;

use super::{Success, answer};
use crate::App;
use crate::cookies::Which;
use crate::error::{Error, Problem, TokenHandlerProblem};
use crate::extract::Bodyless;

/// Sign out on this device. Succeeds with or without a session.
#[utoipa::path(
    post, path = "", operation_id = "logout", tag = "Backend proxy",
    security((), ("session" = [])),
    responses(
        (status = 200, description = "Signed out; the cookie is cleared", body = Success),
        (status = 403, description = "Sent by a page of another origin", body = Problem),
    ),
)]
pub(crate) async fn backend_proxy(
    State(app): State<Arc<App>>,
    _: Bodyless,
    headers: HeaderMap,
) -> Result<Response, Error> {
    sign_out(&app, &headers, &Success::saying("Logged out successfully")).await
}

/// Sign out on this device. Succeeds with or without a session.
#[utoipa::path(
    post, path = "", operation_id = "tokenHandlerLogout", tag = "Token Handler",
    security((), ("session" = [])),
    params(("X-L42-CSRF" = String, Header, description = "Exactly `1`")),
    responses(
        (status = 200, description = "Signed out; the cookie is cleared", body = Success),
        (status = 403, description = "Sent by a page of another origin, or without the header", body = TokenHandlerProblem),
    ),
)]
pub(crate) async fn token_handler(
    State(app): State<Arc<App>>,
    _: Bodyless,
    headers: HeaderMap,
) -> Result<Response, Error> {
    sign_out(&app, &headers, &Success::PLAIN).await
}

async fn sign_out(app: &App, headers: &HeaderMap, success: &Success) -> Result<Response, Error> {
    let cookies = &app.site.cookies;
    logout::logout(&app.auth, &cookies.sessions(headers)).await;
    let mut response = answer(success)?;
    cookies.clear(response.headers_mut(), Which::Session);
    cookies.clear(response.headers_mut(), Which::Login);
    Ok(response)
}
