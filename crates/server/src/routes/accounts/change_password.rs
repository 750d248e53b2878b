//! `POST …/auth/change-password`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts;
use serde::Deserialize;

use super::Said;
use crate::App;
use crate::error::{Error, Problem};
use crate::extract::{Caller, CurrentSession, Json};
use crate::routes::answer;

/// The old password and the new one.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Passwords {
    current_password: String,
    new_password: String,
}

/// Change the password; all other sessions end.
#[utoipa::path(
    post, path = "", operation_id = "changePassword", tag = "Accounts",
    security(("session" = [])),
    request_body = Passwords,
    responses(
        (status = 200, description = "Changed", body = Said),
        (status = 400, description = "`password_policy`, `password_used_before`, …", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`wrong_password`; `insufficient_scope`", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    CurrentSession(current): CurrentSession,
    Json(given): Json<Passwords>,
) -> Result<Response, Error> {
    let (old, new) = (&given.current_password, &given.new_password);
    let client = caller.into_client();
    accounts::change_password(&app.auth, current, old, new, &client).await?;
    answer(&Said {
        message: "Password changed",
    })
}
