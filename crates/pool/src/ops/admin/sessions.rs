//! A user's sign-ins, of which none is the administrator's own.

use serde_json::{Value, json};

use crate::core::Core;
use crate::db::families;
use crate::error::{ApiError, Result};
use crate::ops::input::Input;
use crate::ops::list_user_sessions;
use crate::user;

pub(in crate::ops) fn list(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    list_user_sessions::list(core, &user.sub, None, input, now)
}

pub(in crate::ops) fn revoke(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    let id = input.text("SessionId");
    core.db.run(|tx| {
        let session = families::of_session(tx, &user.sub, id, now)?
            .ok_or_else(|| ApiError::new("ResourceNotFoundException", "Session does not exist."))?;
        families::revoke(tx, &session.origin_jti).map_err(ApiError::from)
    })?;
    Ok(json!({}))
}
