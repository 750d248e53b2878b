//! A user's factors, as he could set them himself.

use serde_json::{Value, json};

use crate::core::Core;
use crate::error::Result;
use crate::ops::input::Input;
use crate::ops::{get_user_auth_factors, set_user_mfa_preference, set_user_settings};
use crate::user::{self, mfa};

pub(in crate::ops) fn get(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    get_user_auth_factors::factors(core, &user)
}

pub(in crate::ops) fn set_preference(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    set_user_mfa_preference::set(core, &user, input)
}

pub(in crate::ops) fn set_settings(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    set_user_settings::set(core, &user, input)
}

pub(in crate::ops) fn delete_software_token(
    core: &Core,
    input: &Input<'_>,
    _now: i64,
) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    mfa::delete_software_token(core, &user)?;
    Ok(json!({}))
}
