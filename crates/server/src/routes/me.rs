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
    security(("session" = []), ("bearer" = [])),
    responses(
        (status = 200, description = "The person", body = Me<'_>),
        (status = 400, description = "Not exactly one bearer token", body = TokenHandlerProblem),
        (
            status = 401, description = "Not signed in, or the token is refused", body = TokenHandlerProblem,
            headers(("WWW-Authenticate" = String, description = "`Cookie`, or `Bearer` with what is wrong with the token")),
        ),
        (status = 403, description = "Asked with a session by a page of another origin", body = TokenHandlerProblem),
        (status = 503, description = "Store, Cognito or its signing keys do not answer; the session is kept", body = TokenHandlerProblem),
    ),
)]
pub(crate) async fn me(SignedIn(user): SignedIn) -> Result<Response, Error> {
    answer(&Me {
        email: user.email(),
        sub: user.sub(),
        groups: user.groups(),
    })
}
