use serde_json::Value;

use super::input::Input;
use crate::core::Core;
use crate::db::users;
use crate::error::{ApiError, Result};

/// There is no threat protection here, so no event to speak of. Anyone may call this, and is told
/// who there is only where everybody is.
pub(super) fn run(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    if !core.definition().settings.prevent_user_existence_errors {
        core.db
            .run(|tx| users::find(tx, input.text("Username")))?
            .ok_or_else(ApiError::user_gone)?;
    }
    Err(ApiError::new(
        "UserPoolAddOnNotEnabledException",
        "User pool add-ons are not enabled.",
    ))
}
