use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::{token, user};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    core.db.run(|tx| user::end_sign_ins(tx, &user.sub))?;
    Ok(json!({}))
}
