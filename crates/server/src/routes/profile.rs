//! `GET /api/v1/profile`: an example of a protected route.

use axum::response::Response;
use serde::Serialize;

use super::answer;
use crate::error::{Error, Problem};
use crate::extract::CurrentSession;

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
    /// The session's public handle and three dots; nothing of the cookie.
    session_id: String,
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
pub(crate) async fn profile(CurrentSession(current): CurrentSession) -> Result<Response, Error> {
    let identity = current.identity();
    let session_id = format!("{}...", current.handle());
    answer(&Profile {
        user_id: &identity.sub,
        email: identity.email.as_deref(),
        profile: Details {
            authenticated: true,
            session_id,
        },
    })
}
