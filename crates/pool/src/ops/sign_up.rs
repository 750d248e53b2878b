use serde_json::{Value, json};

use super::input::{Input, PASSWORD};
use super::result::code_delivery;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::user::{self, NewUser};

pub(super) fn run(core: &Core, input: &mut Input<'_>, now: i64) -> Result<Value> {
    let password = input.optional("Password", &PASSWORD)?;
    let attributes = input.attributes("UserAttributes")?;
    let username = input.client_and_username()?;
    let password = password
        .ok_or_else(|| ApiError::invalid_parameter("Missing required parameter Password"))?;
    let user = user::sign_up(
        core,
        NewUser {
            username,
            password,
            attributes,
        },
        now,
    )?;
    Ok(json!({
        "CodeDeliveryDetails": code_delivery(&user::masked(&user.email)),
        "UserConfirmed": false,
        "UserSub": user.sub,
    }))
}
