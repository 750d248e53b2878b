//! `POST …/auth/change-password`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts::{self, Change, LoggedIn};
use http::HeaderMap;
use serde::Deserialize;

use super::Said;
use super::login::{Outcome, answered};
use crate::App;
use crate::cookies::Which;
use crate::error::{Error, Problem};
use crate::extract::{Caller, CurrentSession, Json};
use crate::routes::answer;

/// The old password and the new one.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Passwords {
    current_password: String,
    new_password: String,
}

/// Change the password. All sessions end, also at Cognito, and a new one begins here.
#[utoipa::path(
    post, path = "", operation_id = "changePassword", tag = "Accounts",
    security(("session" = [])),
    request_body = Passwords,
    responses(
        (status = 200, description = "Changed: `message` and the cookie of a new session, or without a cookie if none could be begun; or a further step, as `POST …/login` answers", body = Outcome<'static>),
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
    headers: HeaderMap,
    CurrentSession(current): CurrentSession,
    Json(given): Json<Passwords>,
) -> Result<Response, Error> {
    let cookies = &app.site.cookies;
    let change = Change {
        current: given.current_password.into(),
        new: given.new_password.into(),
        login_cookie: cookies.read(&headers, Which::Login).map(str::to_owned),
    };
    let client = caller.into_client();
    let outcome = accounts::change_password(&app.auth, current, change, client).await?;
    if let Some(step @ LoggedIn::Step(_)) = outcome {
        let mut response = answered(&app, step)?;
        cookies.clear(response.headers_mut(), Which::Session);
        return Ok(response);
    }
    let mut response = answer(&Said {
        message: "Password changed",
    })?;
    match outcome {
        Some(LoggedIn::Session(started)) => {
            let (cookie, seconds) = (&started.cookie, started.seconds);
            cookies.set(response.headers_mut(), Which::Session, cookie, seconds);
        }
        _ => cookies.clear(response.headers_mut(), Which::Session),
    }
    Ok(response)
}
