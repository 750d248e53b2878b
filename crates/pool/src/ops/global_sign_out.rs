use serde_json::{Value, json};

use super::input::{Input, TOKEN};
use crate::core::Core;
use crate::db::families;
use crate::error::Result;
use crate::token;

pub(super) fn run(core: &Core, input: &mut Input<'_>, now: i64) -> Result<Value> {
    let access_token = input.required("AccessToken", &TOKEN)?;
    input.check()?;
    let user = token::authorized_user(core, access_token, now)?;
    core.db.run(|tx| families::revoke_all(tx, &user.sub))?;
    Ok(json!({}))
}
