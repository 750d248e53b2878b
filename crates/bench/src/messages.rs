//! The route of the demo application that is measured.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use cogward_server::{App, User};
use serde_json::{Value, json};

pub(crate) const PATH: &str = "/messages/private";

pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route(PATH, get(private))
        .with_state(Arc::clone(app))
}

async fn private(user: User) -> Json<Value> {
    let email = user.email().unwrap_or("unknown");
    Json(json!({ "message": format!("Hello, {email}!"), "user_id": user.sub() }))
}
