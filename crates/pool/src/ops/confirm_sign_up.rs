use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::user;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let (client, username) = input.client_and_username(core)?;
    user::confirm(core, &client, username, input.text("ConfirmationCode"), now)?;
    Ok(json!({}))
}
