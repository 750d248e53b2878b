//! Operations of an administrator. AWS signatures are neither asked for nor checked.

pub(super) mod attributes;
pub(super) mod auth;
pub(super) mod create_user;
pub(super) mod describe_client;
pub(super) mod describe_pool;
pub(super) mod devices;
pub(super) mod factors;
pub(super) mod groups;
pub(super) mod list_users;
mod page;
mod schema;
pub(super) mod sessions;
pub(super) mod users;

use serde_json::{Value, json};

use super::result::attributes as attribute_list;
use crate::db::users::User;

/// `UserType`.
fn user_type(user: &User) -> Value {
    json!({
        "Username": user.username,
        "Attributes": attribute_list(user),
        "UserCreateDate": user.created_at,
        "UserLastModifiedDate": user.modified_at,
        "Enabled": user.enabled,
        "UserStatus": user.status.name(),
    })
}
