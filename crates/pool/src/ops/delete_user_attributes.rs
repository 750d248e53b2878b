use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::{token, user};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let bearer = token::authorize(core, input.text("AccessToken"), now)?;
    // As a blank value does.
    let blanks = input
        .texts("UserAttributeNames")
        .into_iter()
        .map(|name| (name.to_owned(), String::new()))
        .collect();
    user::update_own_attributes(core, &bearer.client, &bearer.user.sub, &blanks, now)?;
    Ok(json!({}))
}
