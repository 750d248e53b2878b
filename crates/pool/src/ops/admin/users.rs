//! One user: `Username` is any name he is found by.

use serde_json::{Value, json};

use super::user_type;
use crate::core::Core;
use crate::error::Result;
use crate::ops::input::Input;
use crate::ops::result::mfa_settings;
use crate::user;

pub(in crate::ops) fn get_user(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    let mut value = mfa_settings(&user);
    if let (Some(members), Value::Object(profile)) = (value.as_object_mut(), user_type(&user)) {
        members.extend(profile);
        // The one shape that calls them so.
        if let Some(attributes) = members.remove("Attributes") {
            members.insert("UserAttributes".to_owned(), attributes);
        }
    }
    Ok(value)
}

pub(in crate::ops) fn confirm_sign_up(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    user::confirm_by_admin(core, input.text("Username"), now)?;
    Ok(json!({}))
}

pub(in crate::ops) fn enable_user(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    user::set_enabled(core, input.text("Username"), true, now)?;
    Ok(json!({}))
}

pub(in crate::ops) fn disable_user(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    user::set_enabled(core, input.text("Username"), false, now)?;
    Ok(json!({}))
}

pub(in crate::ops) fn delete_user(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    user::delete(core, input.text("Username"))?;
    Ok(json!({}))
}

pub(in crate::ops) fn user_global_sign_out(
    core: &Core,
    input: &Input<'_>,
    _now: i64,
) -> Result<Value> {
    user::sign_out_everywhere(core, input.text("Username"))?;
    Ok(json!({}))
}

pub(in crate::ops) fn set_user_password(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let (name, password) = (input.text("Username"), input.text("Password"));
    let permanent = input.flag("Permanent").unwrap_or_default();
    user::set_password(core, name, password, permanent, now)?;
    Ok(json!({}))
}

pub(in crate::ops) fn reset_user_password(
    core: &Core,
    input: &Input<'_>,
    now: i64,
) -> Result<Value> {
    user::require_reset(core, input.text("Username"), now)?;
    Ok(json!({}))
}
