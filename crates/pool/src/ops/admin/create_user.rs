use serde_json::{Value, json};

use super::user_type;
use crate::core::Core;
use crate::error::Result;
use crate::ops::input::Input;
use crate::user::{Invitation, invite, invite_again};

pub(in crate::ops) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let action = input.get("MessageAction");
    let invitation = Invitation {
        username: input.text("Username"),
        temporary_password: input.get("TemporaryPassword"),
        attributes: input.attributes("UserAttributes"),
        force_alias: input.flag("ForceAliasCreation").unwrap_or_default(),
        suppress: action == Some("SUPPRESS"),
        mediums: input.texts("DesiredDeliveryMediums").into_iter().collect(),
    };
    let user = if action == Some("RESEND") {
        invite_again(core, &invitation, now)?
    } else {
        invite(core, invitation, now)?
    };
    Ok(json!({ "User": user_type(&user) }))
}
