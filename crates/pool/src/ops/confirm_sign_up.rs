use serde_json::{Value, json};

use super::input::{CODE, Input};
use crate::core::Core;
use crate::error::Result;
use crate::user;

pub(super) fn run(core: &Core, input: &mut Input<'_>, now: i64) -> Result<Value> {
    let code = input.required("ConfirmationCode", &CODE)?;
    let username = input.client_and_username()?;
    user::confirm(core, username, code, now)?;
    Ok(json!({}))
}
