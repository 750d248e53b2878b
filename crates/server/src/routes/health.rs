//! `/health`: is the server up and its store there.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::answer;
use crate::App;
use crate::error::{Error, Problem};

/// Of the Token Handler protocol.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// `token-handler`.
    mode: &'static str,
    /// `ready` or `unavailable`: without good policies `/auth/authorize` answers 503.
    cedar: &'static str,
}

/// Whether the process serves; asks nobody else.
#[utoipa::path(
    get, path = "", operation_id = "health", tag = "Health",
    responses((status = 200, description = "Serving", body = Health)),
)]
pub(crate) async fn health(State(app): State<Arc<App>>) -> Result<Response, Error> {
    answer(&Health {
        status: "ok",
        mode: "token-handler",
        cedar: match app.auth.policies().engine() {
            Some(_) => "ready",
            None => "unavailable",
        },
    })
}

/// Of the backend-proxy protocol.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ApiHealth {
    /// `healthy`.
    status: &'static str,
}

/// Whether the process serves and its session store answers.
#[utoipa::path(
    get, path = "", operation_id = "apiHealth", tag = "Health",
    responses(
        (status = 200, description = "Serving", body = ApiHealth),
        (status = 503, description = "The session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn api_health(State(app): State<Arc<App>>) -> Result<Response, Error> {
    app.auth
        .store()
        .ping()
        .await
        .map_err(cogward_auth::SessionError::Store)?;
    answer(&ApiHealth { status: "healthy" })
}
