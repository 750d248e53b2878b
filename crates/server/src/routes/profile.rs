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
    security(("session" = []), ("bearer" = [])),
    responses(
        (status = 200, description = "The caller", body = Profile<'_>),
        (status = 400, description = "Not exactly one bearer token", body = Problem),
        (
            status = 401, description = "Not signed in, or the token is refused", body = Problem,
            headers(("WWW-Authenticate" = String, description = "`Cookie`, or `Bearer` with what is wrong with the token")),
        ),
        (status = 403, description = "Asked with a session by a page of another origin", body = Problem),
        (status = 503, description = "Store, Cognito or its signing keys do not answer; the session is kept", body = Problem),
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
