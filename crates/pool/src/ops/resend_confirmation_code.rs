use serde_json::{Value, json};

use super::input::Input;
use super::result::code_delivery;
use crate::core::Core;
use crate::error::Result;
use crate::user;

pub(super) fn run(core: &Core, input: &mut Input<'_>, now: i64) -> Result<Value> {
    let username = input.client_and_username()?;
    let destination = user::resend_code(core, username, now)?;
    Ok(json!({ "CodeDeliveryDetails": code_delivery(&destination) }))
}
