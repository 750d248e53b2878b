//! `POST …/auth/delete-account`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts;

use super::Said;
use crate::App;
use crate::cookies::Which;
use crate::error::{Error, Problem};
use crate::extract::{Bodyless, CurrentSession};
use crate::routes::answer;

/// Delete the account, for good, and end all its sessions.
#[utoipa::path(
    post, path = "", operation_id = "deleteAccount", tag = "Accounts",
    security(("session" = [])),
    responses(
        (status = 200, description = "Deleted; the cookie is cleared", body = Said),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`reauthentication_required`: sign in again first; `insufficient_scope`", body = Problem),
        (status = 429, description = "Cognito is asked too often; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn delete_account(
    State(app): State<Arc<App>>,
    _: Bodyless,
    CurrentSession(current): CurrentSession,
) -> Result<Response, Error> {
    accounts::delete_account(&app.auth, current).await?;
    let mut response = answer(&Said {
        message: "Account deleted",
    })?;
    let cookies = &app.site.cookies;
    cookies.clear(response.headers_mut(), Which::Session);
    Ok(response)
}
