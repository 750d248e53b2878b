use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::{token, user};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let caller = token::authorized_user(core, input.text("AccessToken"), now)?;
    let previous = input.get("PreviousPassword");
    user::change_password(core, &caller, previous, input.text("ProposedPassword"), now)?;
    Ok(json!({}))
}
