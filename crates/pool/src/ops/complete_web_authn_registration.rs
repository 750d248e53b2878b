use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::token::authorize;
use crate::user::passkeys;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let bearer = authorize(core, input.text("AccessToken"), now)?;
    let credential = match input.document("Credential") {
        // Who has the JSON as text may send it as it is.
        Some(Value::String(text)) => text.clone(),
        document => json!(document).to_string(),
    };
    let (user, client) = (&bearer.user, &bearer.client);
    passkeys::complete(core, user, &client.id, credential.as_bytes(), now)?;
    Ok(json!({}))
}
