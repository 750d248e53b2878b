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
    responses(
        (status = 200, description = "Signed in", body = Check<'_>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 503, description = "Store or Cognito do not answer; the session is kept", body = Problem),
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
