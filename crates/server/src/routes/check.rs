//! `GET /api/v1/auth/check`: is somebody signed in, and who.

use axum::response::Response;
use serde::Serialize;

use super::answer;
use crate::error::{Error, Problem};
use crate::extract::SignedIn;

/// Who is signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Check<'a> {
    authenticated: bool,
    user: User<'a>,
}

/// A person.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct User<'a> {
    /// Cognito's `sub`.
    id: &'a str,
    /// As in the ID token; null where it has none.
    email: Option<&'a str>,
}

/// Whether a session is there, and whose.
#[utoipa::path(
    get, path = "", operation_id = "check", tag = "Backend proxy",
    security(("session" = []), ("bearer" = [])),
    responses(
        (status = 200, description = "Signed in", body = Check<'_>),
        (status = 400, description = "Not exactly one bearer token", body = Problem),
        (
            status = 401, description = "Not signed in, or the token is refused", body = Problem,
            headers(("WWW-Authenticate" = String, description = "`Cookie`, or `Bearer` with what is wrong with the token")),
        ),
        (status = 403, description = "Asked with a session by a page of another origin", body = Problem),
        (status = 503, description = "Store, Cognito or its signing keys do not answer; the session is kept", body = Problem),
    ),
)]
pub(crate) async fn check(SignedIn(user): SignedIn) -> Result<Response, Error> {
    answer(&Check {
        authenticated: true,
        user: User {
            id: user.sub(),
            email: user.email(),
        },
    })
}
