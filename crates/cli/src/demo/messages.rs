//! An API such as an application has: for everybody, for people who are signed in, for
//! administrators. Callers come with the session cookie or with a bearer token.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use cogward_pool::Users;
use cogward_server::{App, Denied, User};
use http::StatusCode;
use serde_json::{Value, json};

pub(super) fn routes(app: &Arc<App>, users: Users) -> Router {
    let delete_user = move |user: User, id: Path<String>| delete_user(user, id, users);
    Router::new()
        .route("/messages/public", get(public))
        .route("/messages/private", get(private))
        .route("/feed", get(feed))
        .route("/users/{id}", delete(delete_user))
        .with_state(Arc::clone(app))
}

async fn public() -> Json<Value> {
    Json(json!({ "message": "Hello, world!" }))
}

async fn private(user: User) -> Json<Value> {
    let email = user.email().unwrap_or("unknown");
    Json(json!({ "message": format!("Hello, {email}!"), "user_id": user.sub() }))
}

async fn feed(user: Option<User>) -> Json<Value> {
    Json(match user {
        Some(user) => json!({ "feed": "personalized", "user": user.email() }),
        None => json!({ "feed": "generic" }),
    })
}

async fn delete_user(user: User, Path(id): Path<String>, users: Users) -> Result<Response, Denied> {
    user.require_group("admin", "Admin access required")?;
    Ok(match users.delete(&id).await {
        Ok(true) => Json(json!({ "message": "User deleted", "user_id": id })).into_response(),
        Ok(false) => return Err(Denied::not_found("User not found")),
        Err(error) => {
            tracing::error!(%error, "user not deleted");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    })
}
