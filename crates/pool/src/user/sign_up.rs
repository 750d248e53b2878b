use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{
    Delivery, check_attributes, look_up, refuse_many, refuse_missing, refuse_taken, unknown_user,
    valid_address,
};
use crate::client::{AuthFlow, Client};
use crate::codes::{self, Purpose};
use crate::core::Core;
use crate::db::users::{self, Status, User, UserMfa};
use crate::error::{ApiError, Result};
use crate::ids::IdOf;
use crate::limit;
use crate::settings::{Address, FirstFactor, Mfa, Settings};

pub(crate) struct NewUser<'a> {
    pub(crate) username: &'a str,
    /// `None`: codes or passkeys are the way in.
    pub(crate) password: Option<&'a str>,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Makes an unconfirmed user and sends a code, if there is an address that sign-up verifies.
///
/// # Errors
/// `InvalidParameterException`, `InvalidPasswordException`, `NotAuthorizedException` (an
/// attribute only the pool writes, or sign-up is closed) or `UsernameExistsException`.
pub(crate) fn sign_up(
    core: &Core,
    client: &Client,
    new: NewUser<'_>,
    now: i64,
) -> Result<(User, Option<Delivery>)> {
    let settings = &core.definition().settings;
    if !settings.self_sign_up {
        return Err(ApiError::not_authorized(
            "SignUp is not permitted for this user pool",
        ));
    }
    let user = prepare(core, client, new, now)?;
    let delivery = verifiable(&user, settings);
    core.db.run(|tx| {
        if users::taken(tx, &user, settings)?.is_some() {
            return Err(ApiError::new(
                "UsernameExistsException",
                "User already exists",
            ));
        }
        users::save(tx, &user, settings)?;
        let message = delivery.as_ref().map(|delivery| (delivery, "sign_up"));
        codes::issue(tx, core, Purpose::SignUp, &user.sub, message, now).map_err(ApiError::from)
    })?;
    Ok((user, delivery))
}

/// Confirms with the code that was sent; the address it went to is verified by it.
///
/// # Errors
/// Those of [`codes::check`], `AliasExistsException` unless `force_alias` takes the alias away from
/// who had it, and `NotAuthorizedException` for a confirmed user.
pub(crate) fn confirm(
    core: &Core,
    client: &Client,
    name: &str,
    code: &str,
    force_alias: bool,
    now: i64,
) -> Result<User> {
    let named = look_up(core, client, name)?;
    match &named.user {
        None if !named.hide => return Err(unknown_user()),
        None => codes::pretend(core, &named.subject, now)?,
        Some(user) if user.status != Status::Unconfirmed => {
            return Err(ApiError::not_authorized(format!(
                "User cannot be confirmed. Current status is {}",
                user.status.name()
            )));
        }
        Some(_) => {}
    }
    codes::check(core, Purpose::SignUp, &named.subject, code, now)?;
    let settings = &core.definition().settings;
    core.db.run(|tx| {
        let mut user = users::find(tx, &named.subject)?.ok_or_else(codes::mismatch)?;
        let code = codes::take(tx, Purpose::SignUp, &named.subject, code)?;
        user.status = Status::Confirmed;
        user.modified_at = now;
        // The address may be another by now: only the one the code went to is shown to be his.
        let sent_to = [Address::PhoneNumber, Address::Email]
            .into_iter()
            .find(|address| user.address(*address) == Some(&code.sent_to));
        if let Some(address) = sent_to {
            user.set_verified(address, true);
        }
        if force_alias {
            take_aliases(tx, &user, settings)?;
        }
        refuse_taken(tx, &user, settings)?;
        users::save(tx, &user, settings)?;
        Ok(user)
    })
}

/// Takes the aliases of a user who has shown that the address is his from whoever has them: there
/// it is unverified from now on.
fn take_aliases(db: &Connection, user: &User, settings: &Settings) -> Result<()> {
    for address in &settings.alias_attributes {
        let Some(alias) = user.verified(*address) else {
            continue;
        };
        let other = users::find(db, alias)?.filter(|other| other.sub != user.sub);
        if let Some(mut other) = other.filter(|other| other.verified(*address) == Some(alias)) {
            other.set_verified(*address, false);
            users::save(db, &other, settings)?;
        }
    }
    Ok(())
}

/// Sends a new sign-up code and says where it went.
///
/// # Errors
/// `InvalidParameterException` for a confirmed user; `UserNotFoundException` when unknown
/// names are not hidden; `LimitExceededException`.
pub(crate) fn resend_code(core: &Core, client: &Client, name: &str, now: i64) -> Result<Delivery> {
    let named = look_up(core, client, name)?;
    limit::message(core, "ResendConfirmationCode", &named.subject, now)?;
    let settings = &core.definition().settings;
    let delivery =
        match &named.user {
            None if !named.hide => return Err(unknown_user()),
            None => None,
            Some(user) if user.status != Status::Unconfirmed => {
                return Err(ApiError::invalid_parameter("User is already confirmed."));
            }
            Some(user) => Some(verifiable(user, settings).ok_or_else(|| {
                ApiError::invalid_parameter("Auto verification is not turned on.")
            })?),
        };
    let message = delivery.as_ref().map(|delivery| (delivery, "resend_code"));
    core.db.run(|tx| {
        codes::issue(tx, core, Purpose::SignUp, &named.subject, message, now)
            .map_err(ApiError::from)
    })?;
    Ok(delivery.unwrap_or_else(|| Delivery::pretended(name)))
}

/// Where the code of a sign-up goes: a telephone comes before an e-mail.
fn verifiable(user: &User, settings: &Settings) -> Option<Delivery> {
    [Address::PhoneNumber, Address::Email]
        .into_iter()
        .filter(|address| settings.auto_verified_attributes.contains(address))
        .find_map(|address| Delivery::to(user, address))
}

fn prepare(core: &Core, client: &Client, new: NewUser<'_>, now: i64) -> Result<User> {
    let settings = &core.definition().settings;
    let mut attributes = new.attributes;
    attributes.retain(|_, value| !value.is_empty());
    check_attributes(&attributes, Some(client))?;
    refuse_many(&attributes)?;
    let sub = core.new_id(IdOf::User);
    let username = take_username(settings, new.username, &sub, &mut attributes)?;
    for address in [Address::Email, Address::PhoneNumber] {
        if let Some(value) = attributes.get_mut(address.attribute()) {
            *value = value.to_lowercase();
            attributes.insert(address.verified().into(), "false".into());
        }
    }
    refuse_missing(settings, &attributes)?;
    let password_hash = match new.password {
        Some(password) => {
            settings.password_policy.check(password)?;
            core.passwords.hash(&username, password, &core.random)
        }
        None => {
            may_do_without_password(client, settings)?;
            String::new()
        }
    };
    Ok(User {
        password_hash,
        password_set_at: now,
        password_history: Vec::new(),
        status: Status::Unconfirmed,
        enabled: true,
        attributes,
        groups: Vec::new(),
        mfa: UserMfa::default(),
        created_at: now,
        modified_at: now,
        signed_in_at: None,
        epoch: 0,
        sub,
        username,
    })
}

/// # Errors
/// `InvalidParameterException` where client and pool offer no other way in.
fn may_do_without_password(client: &Client, settings: &Settings) -> Result<()> {
    let offered = settings
        .first_factors
        .iter()
        .any(|factor| *factor != FirstFactor::Password);
    if client.flows.contains(&AuthFlow::User) && settings.mfa != Mfa::On && offered {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(
        "Missing required parameter Password",
    ))
}

/// The internal name of a user who asks for `given`. Where addresses are the names it becomes
/// an attribute, and the `sub` is the name.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn take_username(
    settings: &Settings,
    given: &str,
    sub: &str,
    attributes: &mut BTreeMap<String, String>,
) -> Result<String> {
    if settings.username_attributes.is_empty() {
        let address = [Address::Email, Address::PhoneNumber]
            .into_iter()
            .find(|address| {
                settings.alias_attributes.contains(address) && valid_address(*address, given)
            });
        return match address {
            Some(address) => Err(ApiError::invalid_parameter(format!(
                "Username cannot be of {} format, since user pool is configured for {0} alias.",
                address.attribute().replace('_', " ")
            ))),
            None => Ok(given.to_owned()),
        };
    }
    let address = settings
        .username_attributes
        .iter()
        .find(|address| valid_address(**address, given))
        .ok_or_else(|| {
            let names: Vec<_> = settings
                .username_attributes
                .iter()
                .map(|address| match address {
                    Address::Email => "an email",
                    Address::PhoneNumber => "a phone number",
                })
                .collect();
            ApiError::invalid_parameter(format!("Username should be {}.", names.join(" or ")))
        })?;
    let attribute = address.attribute();
    let given = given.to_lowercase();
    if attributes
        .get(attribute)
        .is_some_and(|other| other.to_lowercase() != given)
    {
        return Err(ApiError::invalid_parameter(format!(
            "Attribute {attribute} must be the username: the username is the {attribute}."
        )));
    }
    attributes.insert(attribute.to_owned(), given);
    Ok(sub.to_owned())
}
