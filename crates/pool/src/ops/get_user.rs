use serde_json::Value;

use super::input::Input;
use super::result::{attributes, mfa_settings};
use crate::core::Core;
use crate::error::Result;
use crate::token::{self, Bearer};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let Bearer {
        mut user, client, ..
    } = token::authorize(core, input.text("AccessToken"), now)?;
    user.attributes.retain(|name, _| client.may_read(name));
    let mut value = mfa_settings(&user);
    if let Some(members) = value.as_object_mut() {
        members.insert("Username".to_owned(), user.username.as_str().into());
        members.insert("UserAttributes".to_owned(), attributes(&user));
    }
    Ok(value)
}
