//! `SOFTWARE_TOKEN_MFA`: a code of the user's authenticator app.

use std::collections::BTreeMap;

use super::next::challenge as issue;
use super::second_factor::{parameters, subject};
use super::{Awaits, Outcome, SignIn, required};
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::user::{refuse_locked, settle, totp};

pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    now: i64,
) -> Result<Outcome> {
    let mut parameters = parameters(user, []);
    let token = user.mfa.software_token.as_ref();
    if let Some(name) = token.and_then(|token| token.friendly_name.clone()) {
        parameters.insert("FRIENDLY_DEVICE_NAME".to_owned(), name);
    }
    issue(core, sign_in, Awaits::SoftwareToken, parameters, now)
}

/// # Errors
/// Those of [`totp::redeem`], or `NotAuthorizedException` while wrong codes lock the user.
pub(super) fn answer(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    given: &BTreeMap<&str, &str>,
    now: i64,
) -> Result<User> {
    let user = user.ok_or_else(ApiError::wrong_password)?;
    let code = required(given, "SOFTWARE_TOKEN_MFA_CODE")?;
    let subject = subject(&user.sub);
    refuse_locked(core, &subject, now)?;
    let redeemed = totp::redeem(core, &user.sub, code, now);
    settle(core, &subject, redeemed.is_ok(), now)?;
    redeemed?;
    sign_in.second_factor = true;
    Ok(user)
}
