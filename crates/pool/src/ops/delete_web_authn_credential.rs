use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::web_authn;
use crate::error::{ApiError, Result};
use crate::token::authorized_user;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = authorized_user(core, input.text("AccessToken"), now)?;
    let id = input.text("CredentialId");
    let deleted = core.db.run(|tx| web_authn::delete(tx, &user.sub, id))?;
    deleted.then(|| json!({})).ok_or_else(|| {
        ApiError::new(
            "ResourceNotFoundException",
            "The user has no passkey with this CredentialId.",
        )
    })
}
