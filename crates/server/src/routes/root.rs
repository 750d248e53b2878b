//! `GET /`: the application's name.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::answer;
use crate::App;
use crate::error::Error;

/// What this is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Name<'a> {
    message: &'a str,
}

/// The application's name.
#[utoipa::path(
    get, path = "", operation_id = "root", tag = "Health",
    responses((status = 200, description = "The name", body = Name<'_>)),
)]
pub(crate) async fn root(State(app): State<Arc<App>>) -> Result<Response, Error> {
    answer(&Name {
        message: &app.site.app_name,
    })
}
