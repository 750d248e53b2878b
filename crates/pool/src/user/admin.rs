//! What an administrator does to a user, whose name is no secret to him.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::{check_attributes, clear_failures, hash_password, reachable};
use crate::codes::{self, Purpose};
use crate::core::Core;
use crate::db::families;
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::settings::{Address, Settings};

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
        if let Some(name) = users::taken(tx, &user, &definition.settings)? {
            return Err(alias_exists(&user, &name));
        }
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
            families::revoke_all(tx, &user.sub)?;
        }
        Ok(())
    })
    .map(drop)
}

pub(crate) fn sign_out_everywhere(core: &Core, name: &str) -> Result<()> {
    core.db.run(|tx| {
        let user = find(tx, name)?;
        families::revoke_all(tx, &user.sub).map_err(ApiError::from)
    })
}

pub(crate) fn delete(core: &Core, name: &str) -> Result<()> {
    core.db.run(|tx| {
        let user = find(tx, name)?;
        families::revoke_all(tx, &user.sub)?;
        users::delete(tx, &user.sub)
            .map(drop)
            .map_err(ApiError::from)
    })
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
    let user = change(core, &user.sub, now, |_, user| {
        user.set_password(hash, policy, now);
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

/// Sets attributes; a blank value deletes. An address that changes is unverified unless he says
/// otherwise.
///
/// # Errors
/// `InvalidParameterException`, `AliasExistsException`.
pub(crate) fn update_attributes(
    core: &Core,
    name: &str,
    given: BTreeMap<String, String>,
    now: i64,
) -> Result<()> {
    let definition = core.definition();
    change(core, name, now, |_, user| {
        set_attributes(&definition.settings, &mut user.attributes, given)
    })
    .map(drop)
}

/// # Errors
/// `InvalidParameterException` for one that every user has.
pub(crate) fn delete_attributes(core: &Core, name: &str, names: &[&str], now: i64) -> Result<()> {
    let blank = |name: &&str| ((*name).to_owned(), String::new());
    update_attributes(core, name, names.iter().map(blank).collect(), now)
}

/// Writes what an administrator says into a user's attributes.
pub(super) fn set_attributes(
    settings: &Settings,
    attributes: &mut BTreeMap<String, String>,
    given: BTreeMap<String, String>,
) -> Result<()> {
    let (blank, mut given): (BTreeMap<_, _>, BTreeMap<_, _>) =
        given.into_iter().partition(|(_, value)| value.is_empty());
    for name in blank.keys() {
        remove(settings, attributes, name)?;
    }
    check_attributes(&given, None).map_err(|error| ApiError::invalid_parameter(error.message))?;
    for address in [Address::Email, Address::PhoneNumber] {
        let (name, verified) = (address.attribute(), address.verified());
        if let Some(value) = given.get_mut(name) {
            *value = value.to_lowercase();
            if attributes.get(name) != Some(value) {
                attributes.insert(verified.to_owned(), "false".to_owned());
            }
        }
        if let Some(value) = given.get_mut(verified) {
            *value = value.to_lowercase();
        }
    }
    attributes.extend(given);
    let of_nothing = [Address::Email, Address::PhoneNumber]
        .into_iter()
        .find(|address| {
            attributes.contains_key(address.verified())
                && !attributes.contains_key(address.attribute())
        });
    match of_nothing {
        None => Ok(()),
        Some(address) => Err(ApiError::invalid_parameter(format!(
            "{} is required to set {}.",
            address.attribute(),
            address.verified()
        ))),
    }
}

fn remove(
    settings: &Settings,
    attributes: &mut BTreeMap<String, String>,
    name: &str,
) -> Result<()> {
    let address = Address::of_attribute(name);
    if address.is_some_and(|address| settings.username_attributes.contains(&address)) {
        return Err(ApiError::invalid_parameter(format!(
            "{name} is what users sign in with: it cannot be deleted."
        )));
    }
    // `X_verified` is deleted with its address, and checked like any other name.
    let value = if name.ends_with("_verified") {
        "false"
    } else {
        ""
    };
    let checked = [(name.to_owned(), value.to_owned())].into();
    check_attributes(&checked, None).map_err(|error| ApiError::invalid_parameter(error.message))?;
    attributes.remove(name);
    if let Some(address) = address {
        attributes.remove(address.verified());
    }
    Ok(())
}

pub(super) fn find(tx: &Transaction<'_>, name: &str) -> Result<User> {
    users::find(tx, name)?.ok_or_else(|| ApiError::user_not_found("User does not exist."))
}

/// What stands in the way of a user who would take `name`.
pub(super) fn alias_exists(user: &User, name: &str) -> ApiError {
    let kind = [Address::Email, Address::PhoneNumber]
        .into_iter()
        .find(|address| user.address(*address).map(str::to_lowercase).as_deref() == Some(name))
        .map_or("username", Address::attribute);
    ApiError::new(
        "AliasExistsException",
        format!("An account with the given {kind} already exists."),
    )
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
