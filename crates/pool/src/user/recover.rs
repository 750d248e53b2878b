use super::{look_up, masked, unknown_user};
use crate::codes::{self, Purpose};
use crate::core::Core;
use crate::db::attempts;
use crate::db::users::{self, Status};
use crate::error::{ApiError, Result};
use crate::settings::Settings;

/// Mails a reset code and gives the masked address.
///
/// # Errors
/// When unknown names are not hidden: `UserNotFoundException`, `NotAuthorizedException` for a
/// disabled user, `InvalidParameterException` for one without a verified address.
pub(crate) fn forgot_password(core: &Core, name: &str, now: i64) -> Result<String> {
    let named = look_up(core, name)?;
    let reachable = named
        .user
        .as_ref()
        .filter(|user| user.enabled && user.email_verified());
    if reachable.is_none() && !named.hide {
        return Err(match &named.user {
            None => unknown_user(),
            Some(user) if !user.enabled => ApiError::disabled(),
            Some(_) => ApiError::invalid_parameter(
                "Cannot reset password for the user as there is no registered/verified email or \
                 phone_number",
            ),
        });
    }
    let mail = reachable.map(|user| (user.email.as_str(), "forgot_password"));
    core.db.run(|tx| {
        codes::issue(tx, core, Purpose::Reset, &named.subject, mail, now).map_err(ApiError::from)
    })?;
    Ok(masked(named.user.as_ref().map_or(name, |user| &user.email)))
}

/// Sets a new password with the mailed code.
///
/// # Errors
/// `InvalidPasswordException`, or those of [`codes::redeem`]; a bad password leaves the code.
pub(crate) fn reset_password(
    core: &Core,
    name: &str,
    code: &str,
    password: &str,
    now: i64,
) -> Result<()> {
    let named = look_up(core, name)?;
    if named.user.is_none() && !named.hide {
        return Err(unknown_user());
    }
    let settings = core
        .db
        .run(|tx| Settings::load(tx).map_err(ApiError::from))?;
    settings.password_policy.check(password)?;
    codes::redeem(core, Purpose::Reset, &named.subject, code, now)?;
    core.db.run(|tx| {
        let mut user = users::find(tx, &named.subject)?.ok_or_else(codes::mismatch)?;
        user.password_hash = core.passwords.hash(&user.sub, password, &core.random);
        if matches!(
            user.status,
            Status::ResetRequired | Status::ForceChangePassword
        ) {
            user.status = Status::Confirmed;
        }
        users::save(tx, &user)?;
        attempts::clear(tx, &named.subject).map_err(ApiError::from)
    })
}
