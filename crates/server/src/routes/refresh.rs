//! `POST …/refresh`: new tokens now.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::session::Current;
use cogward_auth::{SessionError, refresh};
use http::HeaderMap;
use serde::Serialize;

use super::{answer, token};
use crate::App;
use crate::cookies::Which;
use crate::error::{Code, Error, Problem, TokenHandlerProblem};
use crate::extract::Bodyless;

/// Tokens were renewed.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Refreshed {
    success: bool,
    message: &'static str,
    /// Seconds that the new access token lives.
    expires_in: i64,
}

/// Renew the session's tokens; none is shown.
#[utoipa::path(
    post, path = "", operation_id = "refresh", tag = "Backend proxy",
    security(("session" = [])),
    responses(
        (status = 200, description = "Renewed", body = Refreshed),
        (status = 401, description = "Not signed in, or refused by Cognito: then the session is destroyed", body = Problem),
        (status = 403, description = "Sent by a page of another origin", body = Problem),
        (status = 503, description = "Store or Cognito do not answer; the session is kept", body = Problem),
    ),
)]
pub(crate) async fn backend_proxy(
    State(app): State<Arc<App>>,
    _: Bodyless,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let current = refreshed(&app, &headers).await?;
    let expires_in = app
        .auth
        .now()
        .seconds_until(current.identity().access_expires_at);
    answer(&Refreshed {
        success: true,
        message: "Token refreshed",
        expires_in,
    })
}

/// Renew the session's tokens and show the access and ID token.
#[utoipa::path(
    post, path = "", operation_id = "tokenHandlerRefresh", tag = "Token Handler",
    security(("session" = [])),
    params(("X-L42-CSRF" = String, Header, description = "Exactly `1`")),
    responses(
        (status = 200, description = "The new tokens", body = token::BothTokens<'_>),
        (status = 401, description = "`Not authenticated`, `No refresh token`, or `Refresh failed`: then the session is destroyed", body = TokenHandlerProblem),
        (status = 403, description = "Sent by a page of another origin, or without the header", body = TokenHandlerProblem),
        (status = 503, description = "Store or Cognito do not answer; the session is kept", body = TokenHandlerProblem),
    ),
)]
pub(crate) async fn token_handler(
    State(app): State<Arc<App>>,
    _: Bodyless,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let current = refreshed(&app, &headers).await?;
    token::both_tokens(&app, &current)
}

async fn refreshed(app: &App, headers: &HeaderMap) -> Result<Current, Error> {
    let cookie = app.site.cookies.read(headers, Which::Session);
    refresh::refresh(&app.auth, cookie)
        .await
        .map_err(|error| match error {
            SessionError::TokenExpired => Code::NoRefreshToken.into(),
            error => error.into(),
        })
}
