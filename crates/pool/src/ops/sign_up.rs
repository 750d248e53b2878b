use serde_json::{Value, json};

use super::input::Input;
use super::result::code_delivery;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::user::{self, NewUser};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let (client, username) = input.client_and_username(core)?;
    let password = input
        .get("Password")
        .ok_or_else(|| ApiError::invalid_parameter("Missing required parameter Password"))?;
    let new = NewUser {
        username,
        password,
        attributes: input.attributes("UserAttributes"),
    };
    let (user, delivery) = user::sign_up(core, &client, new, now)?;
    let mut value = json!({ "UserConfirmed": false, "UserSub": user.sub });
    if let (Some(delivery), Some(members)) = (delivery, value.as_object_mut()) {
        members.insert("CodeDeliveryDetails".to_owned(), code_delivery(&delivery));
    }
    Ok(value)
}
