use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::token;
use crate::user::mfa::set_sms_mfa;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    set(core, &user, input)
}

/// For AdminSetUserSettings too. It knows SMS alone: an empty list turns it off.
pub(super) fn set(core: &Core, user: &User, input: &Input<'_>) -> Result<Value> {
    let options = input.structures("MFAOptions");
    let is_sms = |option: &Input<'_>| {
        option.get("DeliveryMedium") == Some("SMS")
            && option.get("AttributeName") == Some("phone_number")
    };
    if !options.iter().all(is_sms) {
        return Err(ApiError::invalid_parameter(
            "MFAOptions can only be DeliveryMedium SMS with AttributeName phone_number: use \
             SetUserMFAPreference for other factors.",
        ));
    }
    set_sms_mfa(core, user, !options.is_empty())?;
    Ok(json!({}))
}
