use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::settings::SecondFactor;
use crate::token;
use crate::user::mfa::{Preference, set_mfa_preference};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    set(core, &user, input)
}

/// For AdminSetUserMFAPreference too.
pub(super) fn set(core: &Core, user: &User, input: &Input<'_>) -> Result<Value> {
    let passkeys = input.structure("WebAuthnMfaSettings");
    // The pool's settings decide for everybody: there is nothing to keep of one user.
    let multi_factor = core.definition().settings.passkeys.multi_factor;
    if passkeys.is_some_and(|settings| settings.flag("Enabled") == Some(!multi_factor)) {
        return Err(ApiError::invalid_parameter(if multi_factor {
            "Passkeys count for both factors in this user pool."
        } else {
            "Passkeys are a first factor in this user pool, not a second one."
        }));
    }
    let wanted: Vec<_> = [
        ("SMSMfaSettings", SecondFactor::SmsMfa),
        ("SoftwareTokenMfaSettings", SecondFactor::SoftwareTokenMfa),
        ("EmailMfaSettings", SecondFactor::EmailOtp),
    ]
    .into_iter()
    .filter_map(|(name, factor)| {
        let settings = input.structure(name)?;
        Some(Preference {
            factor,
            enabled: settings.flag("Enabled"),
            preferred: settings.flag("PreferredMfa"),
        })
    })
    .collect();
    set_mfa_preference(core, user, &wanted)?;
    Ok(json!({}))
}
