//! `GET /api/v1/profile`: an example of a protected route.

use axum::response::Response;
use serde::Serialize;

use super::answer;
use crate::error::{Error, Problem};
use crate::extract::SignedIn;

/// The caller.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Profile<'a> {
    user_id: &'a str,
    email: Option<&'a str>,
    profile: Details,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Details {
    authenticated: bool,
    /// The session's public handle and three dots, nothing of the cookie; null for a
    /// bearer token.
    session_id: Option<String>,
}

/// Who the caller is, and which session this is.
#[utoipa::path(
    get, path = "", operation_id = "profile", tag = "Backend proxy",
    responses(
        (status = 200, description = "The caller", body = Profile<'_>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 503, description = "Store or Cognito do not answer; the session is kept", body = Problem),
    ),
)]
pub(crate) async fn profile(SignedIn(user): SignedIn) -> Result<Response, Error> {
    let session_id = user
        .session()
        .map(|current| format!("{}...", current.handle()));
    answer(&Profile {
        user_id: user.sub(),
        email: user.email(),
        profile: Details {
            authenticated: true,
            session_id,
        },
    })
}
