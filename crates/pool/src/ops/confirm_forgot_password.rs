use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::user;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let (client, username) = input.client_and_username(core)?;
    let (code, password) = (input.text("ConfirmationCode"), input.text("Password"));
    user::reset_password(core, &client, username, code, password, now)?;
    Ok(json!({}))
}
