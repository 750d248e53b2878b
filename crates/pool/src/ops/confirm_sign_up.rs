use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::{sign_in, user};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let (client, username) = input.client_and_username(core)?;
    let code = input.text("ConfirmationCode");
    let force = input.flag("ForceAliasCreation").unwrap_or(false);
    let user = user::confirm(core, &client, username, code, force, now)?;
    let session = match input.get("Session") {
        Some(session) => sign_in::confirmed(core, &client, &user, session, now)?,
        None => sign_in::confirmed_alone(core, &client, &user, now)?,
    };
    Ok(match session {
        Some(session) => json!({ "Session": session }),
        None => json!({}),
    })
}
