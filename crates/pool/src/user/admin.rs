//! What an administrator does to a user, whose name is no secret to him.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::{
    clear_failures, delete_by_sub, end_everything, end_sign_ins, hash_password, reachable,
    refuse_taken, write_attributes,
};
use crate::codes::{self, Purpose};
use crate::core::Core;
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::settings::Address;

/// The user of a name.
///
/// # Errors
/// `UserNotFoundException`.
pub(crate) fn known(core: &Core, name: &str) -> Result<User> {
    core.db.run(|tx| find(tx, name))
}

/// Changes the user in one transaction.
///
/// # Errors
/// `UserNotFoundException`; `AliasExistsException` when he would take another's name; and those
/// of `change`, which leave things as they are.
pub(crate) fn change(
    core: &Core,
    name: &str,
    now: i64,
    change: impl FnOnce(&Transaction<'_>, &mut User) -> Result<()>,
) -> Result<User> {
    let definition = core.definition();
    core.db.run(|tx| {
        let mut user = find(tx, name)?;
        change(tx, &mut user)?;
        refuse_taken(tx, &user, &definition.settings)?;
        user.modified_at = now;
        users::save(tx, &user, &definition.settings)?;
        Ok(user)
    })
}

/// Confirms a sign-up without its code; no address is verified by it.
///
/// # Errors
/// `NotAuthorizedException` for a user who is past that, `InvalidParameterException` when
/// another has his alias by now.
pub(crate) fn confirm_by_admin(core: &Core, name: &str, now: i64) -> Result<()> {
    let confirmed = change(core, name, now, |_, user| {
        if user.status != Status::Unconfirmed {
            return Err(ApiError::not_authorized(format!(
                "User cannot be confirmed. Current status is {}",
                user.status.name()
            )));
        }
        user.status = Status::Confirmed;
        Ok(())
    });
    confirmed.map(drop).map_err(undeclared_alias)
}

/// Lets the user sign in or not. One who may not is signed out everywhere.
pub(crate) fn set_enabled(core: &Core, name: &str, enabled: bool, now: i64) -> Result<()> {
    change(core, name, now, |tx, user| {
        user.enabled = enabled;
        if !enabled {
            end_everything(tx, &user.sub)?;
        }
        Ok(())
    })
    .map(drop)
}

pub(crate) fn sign_out_everywhere(core: &Core, name: &str) -> Result<()> {
    core.db.run(|tx| {
        let user = find(tx, name)?;
        end_sign_ins(tx, &user.sub)
    })
}

pub(crate) fn delete(core: &Core, name: &str) -> Result<()> {
    let sub = known(core, name)?.sub;
    let deleted = delete_by_sub(core, &sub)?;
    deleted.then_some(()).ok_or_else(ApiError::user_gone)
}

/// Sets a password that has to be changed at the next sign-in unless it is `permanent`.
///
/// # Errors
/// Those of [`hash_password`].
pub(crate) fn set_password(
    core: &Core,
    name: &str,
    password: &str,
    permanent: bool,
    now: i64,
) -> Result<()> {
    let definition = core.definition();
    let policy = &definition.settings.password_policy;
    let user = known(core, name)?;
    let hash = hash_password(core, policy, &user, password)?;
    let user = change(core, &user.sub, now, |tx, user| {
        user.set_password(hash, policy, now);
        users::raise_epoch(tx, &user.sub)?;
        user.status = if permanent {
            Status::Confirmed
        } else {
            Status::ForceChangePassword
        };
        Ok(())
    });
    clear_failures(core, &user.map_err(undeclared_alias)?.sub)
}

/// Makes the password useless and sends a code to set another one.
///
/// # Errors
/// `NotAuthorizedException` for a user who has not got as far as a password of his own,
/// `InvalidParameterException` for one whom no code can reach.
pub(crate) fn require_reset(core: &Core, name: &str, now: i64) -> Result<()> {
    let definition = core.definition();
    change(core, name, now, |tx, user| {
        if !matches!(user.status, Status::Confirmed | Status::ResetRequired) {
            return Err(ApiError::not_authorized(
                "User password cannot be reset in the current state.",
            ));
        }
        let delivery = reachable(user, &definition.settings).ok_or_else(unreachable_user)?;
        user.status = Status::ResetRequired;
        let message = Some((&delivery, "forgot_password"));
        codes::issue(tx, core, Purpose::Reset, &user.sub, message, now).map_err(ApiError::from)
    })
    .map(drop)
}

/// Sets attributes as the user himself does, and besides says which addresses are verified.
///
/// # Errors
/// `InvalidParameterException`, `AliasExistsException`.
pub(crate) fn update_attributes(
    core: &Core,
    name: &str,
    given: &BTreeMap<String, String>,
    now: i64,
) -> Result<()> {
    change(core, name, now, |tx, user| {
        write_attributes(tx, core, None, user, given, now).map_err(as_parameter)?;
        refuse_verified_nothing(&user.attributes)
    })
    .map(drop)
}

/// # Errors
/// `InvalidParameterException` for one that every user has.
pub(crate) fn delete_attributes(core: &Core, name: &str, names: &[&str], now: i64) -> Result<()> {
    let blank = |name: &&str| ((*name).to_owned(), String::new());
    let blanks = names.iter().map(blank).collect();
    update_attributes(core, name, &blanks, now)
}

/// # Errors
/// `InvalidParameterException` when an address is verified that is not there.
pub(super) fn refuse_verified_nothing(attributes: &BTreeMap<String, String>) -> Result<()> {
    let missing = [Address::Email, Address::PhoneNumber]
        .into_iter()
        .find(|address| {
            attributes.contains_key(address.verified())
                && !attributes.contains_key(address.attribute())
        });
    match missing {
        None => Ok(()),
        Some(address) => Err(ApiError::invalid_parameter(format!(
            "{} is required to set {}.",
            address.attribute(),
            address.verified()
        ))),
    }
}

pub(super) fn find(tx: &Transaction<'_>, name: &str) -> Result<User> {
    users::find(tx, name)?.ok_or_else(ApiError::user_gone)
}

/// An attribute that nobody writes is a bad parameter: an administrator may do anything.
pub(super) fn as_parameter(error: ApiError) -> ApiError {
    match &*error.kind {
        "NotAuthorizedException" => ApiError::invalid_parameter(error.message),
        _ => error,
    }
}

/// For operations that declare no `AliasExistsException`.
fn undeclared_alias(error: ApiError) -> ApiError {
    match &*error.kind {
        "AliasExistsException" => ApiError::invalid_parameter(error.message),
        _ => error,
    }
}

fn unreachable_user() -> ApiError {
    ApiError::invalid_parameter(
        "Cannot reset password for the user as there is no registered/verified email or \
         phone_number",
    )
}
