//! The demo application: pages, and an API of its own.

mod messages;

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cogward_pool::{PUBLIC_CLIENT_ID, Users};
use cogward_server::App;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use rust_embed::RustEmbed;
use serde_json::json;
use url::Url;

#[derive(RustEmbed)]
#[folder = "demo/"]
struct Files;

/// The page with the hosted sign-in, and the dashboard.
pub(crate) const PAGE: &str = include_str!("../../demo/index.html");

/// Sign-up, sign-in, another password and the account, by the API for accounts.
const PEOPLE: &str = include_str!("../../demo/people.html");

/// The demo's paths beside `/`, which the server itself answers.
pub(crate) fn routes(app: &Arc<App>, pool: &Url, users: Users) -> Router {
    let config = json!({
        "pool_url": pool.as_str().trim_end_matches('/'),
        "client_id": PUBLIC_CLIENT_ID,
        "users": [
            { "email": "user@example.com", "password": "Passw0rd!", "groups": [] },
            { "email": "admin@example.com", "password": "Passw0rd!", "groups": ["admin"] },
        ],
    });
    let page = || get(async || cogward_server::page(PAGE));
    let people = || get(async || cogward_server::page(PEOPLE));
    Router::new()
        .route("/dashboard", page())
        .route("/auth/success", page())
        .route("/auth/error", page())
        .route("/login", page())
        .route("/signup", people())
        .route("/signin", people())
        .route("/reset", people())
        .route("/account", people())
        .route(
            "/demo/config.json",
            get(move || async move { Json(config) }),
        )
        .route("/demo/{file}", get(file))
        .merge(messages::routes(app, users))
}

async fn file(Path(name): Path<String>) -> Response {
    let Some(file) = Files::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
