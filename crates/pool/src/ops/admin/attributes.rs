use serde_json::{Value, json};

use crate::core::Core;
use crate::error::Result;
use crate::ops::input::Input;
use crate::user;

pub(in crate::ops) fn update(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let attributes = input.attributes("UserAttributes");
    user::update_attributes(core, input.text("Username"), &attributes, now)?;
    Ok(json!({}))
}

pub(in crate::ops) fn delete(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let names = input.texts("UserAttributeNames");
    user::delete_attributes(core, input.text("Username"), &names, now)?;
    Ok(json!({}))
}
