//! `/api/v1/auth/sessions`: the caller's devices.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use cogward_auth::devices::{self, Entry};
use serde::Serialize;

use super::{Success, answer};
use crate::App;
use crate::cookies::Which;
use crate::error::{Code, Error, Problem};
use crate::extract::{Bodyless, CurrentSession};

/// The caller's sessions, this one first, then the last used.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Sessions {
    sessions: Vec<Session>,
}

/// One device.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Session {
    /// Its public name.
    handle: String,
    /// Whether it is the one that asks.
    current: bool,
    /// Epoch seconds.
    created_at: i64,
    /// Epoch seconds, to the minute.
    last_seen_at: i64,
    user_agent: Option<String>,
    address: Option<String>,
}

impl From<Entry> for Session {
    fn from(entry: Entry) -> Self {
        Self {
            handle: entry.handle.to_string(),
            current: entry.current,
            created_at: entry.created_at.as_secs(),
            last_seen_at: entry.last_seen_at.as_secs(),
            user_agent: entry.user_agent,
            address: entry.address,
        }
    }
}

/// The caller's devices.
#[utoipa::path(
    get, path = "", operation_id = "sessions", tag = "Devices",
    security(("session" = [])),
    responses(
        (status = 200, description = "The devices", body = Sessions),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 503, description = "Store or Cognito do not answer", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    CurrentSession(current): CurrentSession,
) -> Result<Response, Error> {
    let entries = devices::list(&app.auth, &current).await?;
    answer(&Sessions {
        sessions: entries.into_iter().map(Session::from).collect(),
    })
}

/// Sign out one device.
#[utoipa::path(
    delete, path = "", operation_id = "revokeSession", tag = "Devices",
    security(("session" = [])),
    params(("handle" = String, Path, description = "As in the list")),
    responses(
        (status = 200, description = "Signed out there", body = Success),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Sent by a page of another origin", body = Problem),
        (status = 404, description = "The caller has no such session", body = Problem),
        (status = 503, description = "Store or Cognito do not answer", body = Problem),
    ),
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    _: Bodyless,
    CurrentSession(current): CurrentSession,
    Path(handle): Path<String>,
) -> Result<Response, Error> {
    let handle = handle.parse().map_err(|_| Code::NotFound)?;
    if !devices::revoke(&app.auth, &current, &handle).await? {
        return Err(Code::NotFound.into());
    }
    let mut response = answer(&Success::saying("Session ended"))?;
    if handle == current.handle() {
        app.site
            .cookies
            .clear(response.headers_mut(), Which::Session);
    }
    Ok(response)
}
