use serde_json::{Value, json};

use super::input::Input;
use super::result::attributes;
use crate::core::Core;
use crate::error::Result;
use crate::token;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    Ok(json!({ "Username": user.username, "UserAttributes": attributes(&user) }))
}
