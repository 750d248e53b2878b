use serde_json::{Value, json};

use super::input::Input;
use super::result::code_delivery;
use crate::core::Core;
use crate::error::Result;
use crate::{token, user};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let caller = token::authorized_user(core, input.text("AccessToken"), now)?;
    let address = input.address("AttributeName")?;
    let delivery = user::send_verification(core, &caller.sub, address, now)?;
    Ok(json!({ "CodeDeliveryDetails": code_delivery(&delivery) }))
}
