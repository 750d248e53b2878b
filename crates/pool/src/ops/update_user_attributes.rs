use serde_json::{Value, json};

use super::input::Input;
use super::result::code_delivery;
use crate::core::Core;
use crate::error::Result;
use crate::{token, user};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let bearer = token::authorize(core, input.text("AccessToken"), now)?;
    let given = input.attributes("UserAttributes");
    let deliveries =
        user::update_own_attributes(core, &bearer.client, &bearer.user.sub, &given, now)?;
    let details: Vec<_> = deliveries.iter().map(code_delivery).collect();
    Ok(json!({ "CodeDeliveryDetailsList": details }))
}
