//! A user's devices: what the user may do with them, but for confirming one.

use serde_json::Value;

use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::ops::device;
use crate::ops::input::Input;
use crate::user;

pub(in crate::ops) fn get(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    device::get(core, &owner(core, input)?, input)
}

pub(in crate::ops) fn list(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    device::list(core, &owner(core, input)?, input)
}

pub(in crate::ops) fn update_status(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    device::update_status(core, &user, input, now)
}

pub(in crate::ops) fn forget(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    device::forget(core, &user, input, now)
}

/// The model of the operations that read declares no `UserNotFoundException`.
fn owner(core: &Core, input: &Input<'_>) -> Result<User> {
    user::known(core, input.text("Username")).map_err(|error| match &*error.kind {
        "UserNotFoundException" => ApiError::new("ResourceNotFoundException", error.message),
        _ => error,
    })
}
