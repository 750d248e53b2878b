use super::SignIn;
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::settings::FirstFactor;
use crate::user::{refuse_locked, settle};

/// Checks a password and counts failures. It takes as long for a name nobody has.
///
/// # Errors
/// `NotAuthorizedException`: wrong or locked.
pub(super) fn check(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    password: &str,
    now: i64,
) -> Result<User> {
    let subject = sign_in.subject();
    refuse_locked(core, &subject, now)?;
    let hash = user
        .as_ref()
        .map(|user| user.password_hash.as_str())
        .filter(|hash| !hash.is_empty());
    let user_id = user.as_ref().map_or(&subject, |user| &user.username);
    let right = core.passwords.verify(user_id, password, hash);
    let user = user.filter(|_| right);
    settle(core, &subject, user.is_some(), now)?;
    let user = user.ok_or_else(ApiError::wrong_password)?;
    sign_in.first_factor = Some(FirstFactor::Password);
    Ok(user)
}
