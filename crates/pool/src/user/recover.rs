use super::mfa::address_of;
use super::{Delivery, clear_failures, hash_password, look_up, unknown_user};
use crate::client::Client;
use crate::codes::{self, Purpose};
use crate::core::Core;
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::limit;
use crate::settings::{Address, Mfa, Recovery, Settings};

/// Sends a reset code and says where it went.
///
/// # Errors
/// When unknown names are not hidden: `UserNotFoundException`, `NotAuthorizedException` for a
/// disabled user, `InvalidParameterException` for one who is not confirmed or has no verified
/// address. `LimitExceededException`.
pub(crate) fn forgot_password(
    core: &Core,
    client: &Client,
    name: &str,
    now: i64,
) -> Result<Delivery> {
    let named = look_up(core, client, name)?;
    limit::message(core, "ForgotPassword", &named.subject, now)?;
    let settings = &core.definition().settings;
    let delivery = named
        .user
        .as_ref()
        .filter(|user| user.enabled && can_recover(user))
        .and_then(|user| reachable(user, settings));
    if delivery.is_none() && !named.hide {
        return Err(match &named.user {
            None => unknown_user(),
            Some(user) if !user.enabled => ApiError::disabled(),
            Some(user) if user.status == Status::ForceChangePassword => {
                ApiError::not_authorized("User password cannot be reset in the current state.")
            }
            Some(_) => ApiError::invalid_parameter(
                "Cannot reset password for the user as there is no registered/verified email or \
                 phone_number",
            ),
        });
    }
    let message = delivery
        .as_ref()
        .map(|delivery| (delivery, "forgot_password"));
    core.db.run(|tx| {
        codes::issue(tx, core, Purpose::Reset, &named.subject, message, now).map_err(ApiError::from)
    })?;
    Ok(delivery
        .unwrap_or_else(|| Delivery::pretended(named.user.as_ref().map_or(name, User::shown_name))))
}

/// Sets a new password with the code that was sent.
///
/// # Errors
/// Those of [`codes::check`] and [`hash_password`]; a bad password leaves the code.
pub(crate) fn reset_password(
    core: &Core,
    client: &Client,
    name: &str,
    code: &str,
    password: &str,
    now: i64,
) -> Result<()> {
    let named = look_up(core, client, name)?;
    if named.user.is_none() && !named.hide {
        return Err(unknown_user());
    }
    let settings = &core.definition().settings;
    let policy = &settings.password_policy;
    policy.check(password)?;
    codes::check(core, Purpose::Reset, &named.subject, code, now)?;
    // Nobody has an unknown name's code, which went nowhere; nor one sent before he was disabled.
    let user = named.user.as_ref().ok_or_else(codes::mismatch)?;
    if !user.enabled {
        return Err(if named.hide {
            codes::mismatch()
        } else {
            ApiError::disabled()
        });
    }
    let hash = hash_password(core, policy, user, password)?;
    core.db.run(|tx| {
        let mut user = users::find(tx, &named.subject)?.ok_or_else(codes::mismatch)?;
        let taken = codes::take(tx, Purpose::Reset, &named.subject, code)?;
        // Only what was sent to him, and where it would be sent now.
        let reachable = can_recover(&user)
            && [Address::Email, Address::PhoneNumber]
                .into_iter()
                .any(|address| user.verified(address) == Some(&taken.sent_to));
        if !user.enabled || !reachable {
            return Err(codes::mismatch());
        }
        user.set_password(hash, policy, now);
        users::raise_epoch(tx, &user.sub)?;
        users::save(tx, &user, settings).map_err(ApiError::from)
    })?;
    clear_failures(core, &named.subject)
}

/// Somebody who waits for a code or for his own first password has nothing to recover.
fn can_recover(user: &User) -> bool {
    matches!(user.status, Status::Confirmed | Status::ResetRequired)
}

/// The first verified address of the pool's `account_recovery`.
pub(crate) fn reachable(user: &User, settings: &Settings) -> Option<Delivery> {
    settings.account_recovery.iter().find_map(|recovery| {
        let address = match recovery {
            Recovery::VerifiedEmail => Address::Email,
            Recovery::VerifiedPhoneNumber => Address::PhoneNumber,
            Recovery::AdminOnly => return None,
        };
        // One mailbox would be both factors.
        let second = user.mfa.preferred.filter(|_| settings.mfa != Mfa::Off);
        if second.and_then(address_of) == Some(address) {
            return None;
        }
        user.verified(address)?;
        Delivery::to(user, address)
    })
}
