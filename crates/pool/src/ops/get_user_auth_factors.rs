use serde_json::{Value, json};

use super::input::Input;
use super::result::mfa_settings;
use crate::core::Core;
use crate::db::users::User;
use crate::error::Result;
use crate::{sign_in, token};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    factors(core, &user)
}

/// For AdminGetUserAuthFactors too.
pub(super) fn factors(core: &Core, user: &User) -> Result<Value> {
    let mut value = mfa_settings(user);
    if let Some(members) = value.as_object_mut() {
        members.remove("MFAOptions");
        members.insert("Username".to_owned(), user.username.as_str().into());
        members.insert(
            "ConfiguredUserAuthFactors".to_owned(),
            json!(sign_in::configured_factors(core, user)?),
        );
    }
    Ok(value)
}
