use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::families;
use crate::error::{ApiError, Result};
use crate::token;

/// Ends another session of the caller. Sessions of the hosted pages are not tracked, so `LINKED`
/// finds none to end too.
pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let bearer = token::authorize(core, input.text("AccessToken"), now)?;
    let id = input.text("SessionId");
    core.db.run(|tx| {
        let session = families::of_session(tx, &bearer.user.sub, id, now)?
            .ok_or_else(|| ApiError::new("ResourceNotFoundException", "Session does not exist."))?;
        if session.origin_jti == bearer.origin_jti {
            return Err(ApiError::invalid_parameter(
                "The current session cannot be revoked: use RevokeToken or GlobalSignOut.",
            ));
        }
        families::revoke(tx, &session.origin_jti).map_err(ApiError::from)
    })?;
    Ok(json!({}))
}
