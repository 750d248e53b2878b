use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::families;
use crate::error::Result;
use crate::token;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    core.db.run(|tx| families::revoke_all(tx, &user.sub))?;
    Ok(json!({}))
}
