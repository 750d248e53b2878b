use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::token::authorize;
use crate::user::passkeys::{self, Registrant};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let token = input.text("AccessToken");
    let bearer = authorize(core, token, now)?;
    let registrant = Registrant {
        user: &bearer.user,
        client_id: &bearer.client.id,
        token,
    };
    let options = passkeys::start(core, &registrant, now)?;
    Ok(json!({ "CredentialCreationOptions": options }))
}
