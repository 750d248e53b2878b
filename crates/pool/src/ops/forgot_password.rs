use serde_json::{Value, json};

use super::input::Input;
use super::result::code_delivery;
use crate::core::Core;
use crate::error::Result;
use crate::user;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let (client, username) = input.client_and_username(core)?;
    let delivery = user::forgot_password(core, &client, username, now)?;
    Ok(json!({ "CodeDeliveryDetails": code_delivery(&delivery) }))
}
