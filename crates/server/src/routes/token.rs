//! `GET /auth/token`: the tokens a page may have. Never the refresh token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::session::{self, Current};
use serde::Serialize;

use super::answer;
use crate::App;
use crate::error::{Error, TokenHandlerProblem};
use crate::extract::CurrentSession;

/// Both tokens of a session.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BothTokens<'a> {
    access_token: &'a str,
    id_token: &'a str,
    /// How the session began; `POST /auth/session` may have said so itself.
    auth_method: &'a str,
}

/// The session's access and ID token, renewed when that is due.
#[utoipa::path(
    get, path = "", operation_id = "token", tag = "Token Handler",
    security(("session" = [])),
    responses(
        (status = 200, description = "The tokens", body = BothTokens<'_>),
        (status = 401, description = "`Not authenticated`, or `Token expired` when it cannot be renewed", body = TokenHandlerProblem),
        (status = 403, description = "Asked by a page of another origin", body = TokenHandlerProblem),
        (status = 503, description = "Store or Cognito do not answer; the session is kept", body = TokenHandlerProblem),
    ),
)]
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    CurrentSession(current): CurrentSession,
) -> Result<Response, Error> {
    both_tokens(&app, &current)
}

pub(super) fn both_tokens(app: &App, current: &Current) -> Result<Response, Error> {
    let set = session::tokens(&app.auth, current)?;
    answer(&BothTokens {
        access_token: set.access_token.expose(),
        id_token: set.id_token.expose(),
        auth_method: &current.identity().auth_method,
    })
}
