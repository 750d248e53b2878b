//! The second factor, where the pool or the user asks for one.

use super::next::challenge as issue;
use super::{Awaits, Outcome, SignIn};
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::settings::Mfa;

/// The challenge that has to be answered first, if any.
pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    now: i64,
) -> Result<Option<Outcome>> {
    // The very first sign-in gives tokens even where a second factor is required.
    if core.definition().settings.mfa != Mfa::On || user.signed_in_at.is_none() {
        return Ok(None);
    }
    let parameters = [
        ("MFAS_CAN_SETUP", "[\"SOFTWARE_TOKEN_MFA\"]"),
        ("USER_ID_FOR_SRP", user.username.as_str()),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    issue(core, sign_in, Awaits::MfaSetup, parameters.into(), now).map(Some)
}

/// Goes on when the user has set one up meanwhile.
pub(super) fn set_up(_core: &Core, sign_in: &mut SignIn, user: Option<User>) -> Result<User> {
    let user = user.filter(|user| user.mfa.software_token.is_some());
    sign_in.second_factor = true;
    user.ok_or_else(|| ApiError::not_authorized("No second factor was set up."))
}
