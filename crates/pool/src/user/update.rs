//! A user's attributes, changed by himself; addresses have to be verified again.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Delivery, check_attributes, missing_attributes, refuse_many};
use crate::client::Client;
use crate::codes::{self, Purpose};
use crate::core::Core;
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};
use crate::limit;
use crate::settings::{Address, Settings};

/// A code that goes out, and the address that the user has until it comes back.
struct Verification {
    delivery: Delivery,
    current: Option<String>,
}

/// Writes attributes and says where codes went; see [`write_attributes`].
///
/// # Errors
/// Those of [`write_attributes`].
pub(crate) fn update_own_attributes(
    core: &Core,
    writer: &Client,
    sub: &str,
    given: &BTreeMap<String, String>,
    now: i64,
) -> Result<Vec<Delivery>> {
    core.db.run(|tx| {
        let mut user = users::find(tx, sub)?.ok_or_else(ApiError::user_gone)?;
        let deliveries = write_attributes(tx, core, Some(writer), &mut user, given, now)?;
        users::save(tx, &user, &core.definition().settings)?;
        Ok(deliveries)
    })
}

/// Writes attributes of a user, who is to be saved; a blank value deletes one. Codes go out to
/// addresses that are new: says where to.
///
/// An address of `verify_before_update` stays what it is until the new one is verified. `writer`
/// is the client the user writes with, or `None` when it is an administrator, who can say that an
/// address is verified: then no code goes out.
///
/// # Errors
/// Those of [`check_attributes`], `AliasExistsException`, `InvalidParameterException` when no
/// sign-in name would be left.
pub(crate) fn write_attributes(
    db: &Connection,
    core: &Core,
    writer: Option<&Client>,
    user: &mut User,
    given: &BTreeMap<String, String>,
    now: i64,
) -> Result<Vec<Delivery>> {
    check_attributes(given, writer)?;
    let definition = core.definition();
    let settings = &definition.settings;
    let mut verifications = Vec::new();
    for (name, value) in given {
        if let Some(address) = Address::of_attribute(name) {
            let told = given
                .get(address.verified())
                .is_some_and(|verified| verified.eq_ignore_ascii_case("true"));
            let keeps_old = !told && settings.verify_before_update.contains(&address);
            let asked =
                !told && (keeps_old || settings.auto_verified_attributes.contains(&address));
            let verification = set_address(db, user, address, value, keeps_old, now)?;
            verifications.extend(verification.filter(|_| asked));
        } else if value.is_empty() {
            user.attributes.remove(name);
        } else if Address::of_verified(name).is_some() {
            user.attributes.insert(name.clone(), value.to_lowercase());
        } else {
            user.attributes.insert(name.clone(), value.clone());
        }
    }
    refuse_many(&user.attributes)?;
    if let Some(name) = missing_attributes(settings, &user.attributes)
        .iter()
        .find(|name| given.contains_key(**name))
    {
        return Err(ApiError::invalid_parameter(format!(
            "{name} is required and cannot be deleted."
        )));
    }
    refuse_nameless(user, settings)?;
    refuse_taken(db, user, settings)?;
    user.modified_at = now;
    for verification in &verifications {
        verification.send(db, core, &user.sub, "update_user_attribute", now)?;
    }
    Ok(verifications
        .into_iter()
        .map(|verification| verification.delivery)
        .collect())
}

/// Sends a new code for an address: the one that waits to be taken over, else the present one.
///
/// # Errors
/// `InvalidParameterException` when there is none, `LimitExceededException`.
pub(crate) fn send_verification(
    core: &Core,
    sub: &str,
    address: Address,
    now: i64,
) -> Result<Delivery> {
    limit::message(core, "GetUserAttributeVerificationCode", sub, now)?;
    core.db.run(|tx| {
        let user = users::find(tx, sub)?.ok_or_else(ApiError::user_gone)?;
        let current = user.address(address);
        let recipient = pending(tx, &user, address, now)?
            .or_else(|| current.map(str::to_owned))
            .ok_or_else(|| {
                ApiError::invalid_parameter(format!(
                    "User has no attribute {}",
                    address.attribute()
                ))
            })?;
        let verification = Verification {
            delivery: Delivery::new(address, recipient),
            current: current.map(str::to_owned),
        };
        verification.send(tx, core, sub, "verify_user_attribute", now)?;
        Ok(verification.delivery)
    })
}

/// Takes the code that went to an address, which becomes the user's if it was not yet.
///
/// # Errors
/// Those of [`codes::check`], and `AliasExistsException` when somebody else signs in with it.
pub(crate) fn verify_attribute(
    core: &Core,
    sub: &str,
    address: Address,
    given: &str,
    now: i64,
) -> Result<()> {
    let purpose = Purpose::Verify(address);
    codes::check(core, purpose, sub, given, now)?;
    let definition = core.definition();
    let settings = &definition.settings;
    core.db.run(|tx| {
        let mut user = users::find(tx, sub)?.ok_or_else(ApiError::user_gone)?;
        let code = codes::take(tx, purpose, sub, given)?;
        if user.address(address) != code.instead_of.as_deref() {
            return Err(codes::expired());
        }
        user.attributes
            .insert(address.attribute().to_owned(), code.sent_to);
        user.set_verified(address, true);
        refuse_taken(tx, &user, settings)?;
        user.modified_at = now;
        users::save(tx, &user, settings).map_err(ApiError::from)
    })
}

/// # Errors
/// `AliasExistsException` when another user has one of this user's names.
pub(crate) fn refuse_taken(db: &Connection, user: &User, settings: &Settings) -> Result<()> {
    match users::taken(db, user, settings)? {
        None => Ok(()),
        Some(name) => Err(alias_exists(&name)),
    }
}

impl Verification {
    fn send(
        &self,
        db: &Connection,
        core: &Core,
        sub: &str,
        kind: &str,
        now: i64,
    ) -> rusqlite::Result<()> {
        let purpose = Purpose::Verify(self.delivery.address);
        let message = Some((&self.delivery, kind));
        codes::issue_instead_of(
            db,
            core,
            purpose,
            sub,
            message,
            self.current.as_deref(),
            now,
        )
    }
}

/// Gives the user another address, or with a blank one none. Says what would verify it.
fn set_address(
    db: &Connection,
    user: &mut User,
    address: Address,
    value: &str,
    keeps_old: bool,
    now: i64,
) -> Result<Option<Verification>> {
    let value = value.to_lowercase();
    let current = user.address(address).map(str::to_owned);
    if current.as_deref().unwrap_or_default() == value {
        // A change that waits is taken back; a code for the address as it is stays good.
        if pending(db, user, address, now)?.is_some() {
            codes::void(db, Purpose::Verify(address), &user.sub, now)?;
        }
        return Ok(None);
    }
    codes::void(db, Purpose::Verify(address), &user.sub, now)?;
    if value.is_empty() {
        user.attributes.remove(address.attribute());
        user.attributes.remove(address.verified());
        user.mfa.forget(address);
        return Ok(None);
    }
    let delivery = Delivery::new(address, value.clone());
    if keeps_old {
        if let Some(owner) = users::owner(db, &value)?
            && owner != user.sub
        {
            return Err(alias_exists(&value));
        }
        return Ok(Some(Verification { delivery, current }));
    }
    user.attributes
        .insert(address.attribute().to_owned(), value.clone());
    user.set_verified(address, false);
    Ok(Some(Verification {
        delivery,
        current: Some(value),
    }))
}

/// The address that waits to be taken over.
fn pending(db: &Connection, user: &User, address: Address, now: i64) -> Result<Option<String>> {
    let code = codes::waiting(db, Purpose::Verify(address), &user.sub, now)?;
    Ok(code
        .filter(|code| code.instead_of.as_deref() == user.address(address))
        .map(|code| code.sent_to)
        .filter(|sent_to| user.address(address) != Some(sent_to)))
}

/// Where addresses are the names, one has to stay.
fn refuse_nameless(user: &User, settings: &Settings) -> Result<()> {
    let names = &settings.username_attributes;
    if names.is_empty() || names.iter().any(|name| user.address(*name).is_some()) {
        return Ok(());
    }
    let names: Vec<_> = names.iter().map(|name| name.attribute()).collect();
    Err(ApiError::invalid_parameter(format!(
        "Attribute {} is required: the user signs in with it.",
        names.join(" or ")
    )))
}

fn alias_exists(name: &str) -> ApiError {
    let what = if name.contains('@') {
        "email"
    } else if name.starts_with('+') {
        "phone_number"
    } else {
        "name"
    };
    ApiError::new(
        "AliasExistsException",
        format!("An account with the {what} already exists."),
    )
}
