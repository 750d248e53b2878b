//! `GET /`: the application's name.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use http::header::ACCEPT;
use serde::Serialize;

use super::answer;
use crate::App;
use crate::error::Error;
use crate::openapi::page;

/// What this is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Name<'a> {
    message: &'a str,
}

/// The application's name; to a browser, the demo application where one is served.
#[utoipa::path(
    get, path = "", operation_id = "root", tag = "Health",
    responses((status = 200, description = "The name", body = Name<'_>)),
)]
pub(crate) async fn root(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let for_people = accept.is_some_and(|accept| accept.contains("text/html"));
    if let Some(html) = app.site.home_page.filter(|_| for_people) {
        return Ok(page(html));
    }
    answer(&Name {
        message: &app.site.app_name,
    })
}
