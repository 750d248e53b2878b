use serde_json::Value;

use super::device;
use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::token;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    device::forget(core, &user, input, now)
}
