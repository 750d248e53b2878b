//! `POST /api/v1/auth/logout/all`: the end of all sessions, or all others.

use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::Response;
use cogward_auth::devices::{self, Scope};
use http::header::CONTENT_TYPE;
use serde::Deserialize;

use super::{Success, answer};
use crate::App;
use crate::cookies::Which;
use crate::error::{Error, Problem};
use crate::extract::{CurrentSession, Json};

/// Which sessions end.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogoutAll {
    /// Keep the session that asks.
    #[serde(default)]
    others: bool,
}

/// Sign out everywhere, or everywhere else.
///
/// Bearer tokens issued before the answer are refused from then on; for that it takes up
/// to a second.
#[utoipa::path(
    post, path = "", operation_id = "logoutAll", tag = "Devices",
    security(("session" = [])),
    request_body = Option<LogoutAll>,
    responses(
        (status = 200, description = "Signed out", body = Success),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Sent by a page of another origin", body = Problem),
        (status = 503, description = "Store or Cognito do not answer", body = Problem),
    ),
)]
pub(crate) async fn logout_all(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Error> {
    let (mut parts, body) = request.into_parts();
    let CurrentSession(current) = CurrentSession::from_request_parts(&mut parts, &app).await?;
    let unread = Request::from_parts(parts, body);
    // A body that is not declared is refused, not passed over: it may say "others".
    let declared = unread.headers().contains_key(CONTENT_TYPE) || !unread.body().is_end_stream();
    let asked = match declared {
        true => Json::from_request(unread, &app).await?.0,
        false => LogoutAll::default(),
    };
    let scope = if asked.others {
        Scope::Others
    } else {
        Scope::All
    };
    devices::revoke_all(&app.auth, current, scope).await?;
    let mut response = answer(&Success::saying("Logged out successfully"))?;
    if scope == Scope::All {
        app.site
            .cookies
            .clear(response.headers_mut(), Which::Session);
    }
    Ok(response)
}
