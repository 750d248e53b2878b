use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::{token, user};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let caller = token::authorized_user(core, input.text("AccessToken"), now)?;
    let address = input.address("AttributeName")?;
    user::verify_attribute(core, &caller.sub, address, input.text("Code"), now)?;
    Ok(json!({}))
}
