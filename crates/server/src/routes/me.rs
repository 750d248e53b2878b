//! `GET /auth/me`: who is calling, by session or bearer token.

use axum::response::Response;
use serde::Serialize;

use super::answer;
use crate::error::{Error, TokenHandlerProblem};
use crate::extract::SignedIn;

/// A person as the ID token tells.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Me<'a> {
    email: Option<&'a str>,
    sub: &'a str,
    groups: &'a [String],
}

/// Who is signed in.
#[utoipa::path(
    get, path = "", operation_id = "me", tag = "Token Handler",
    responses(
        (status = 200, description = "The person", body = Me<'_>),
        (status = 401, description = "Not signed in", body = TokenHandlerProblem),
        (status = 503, description = "Store or Cognito do not answer; the session is kept", body = TokenHandlerProblem),
    ),
)]
pub(crate) async fn me(SignedIn(user): SignedIn) -> Result<Response, Error> {
    answer(&Me {
        email: user.email(),
        sub: user.sub(),
        groups: user.groups(),
    })
}
