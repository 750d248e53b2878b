//! A user whom an administrator makes, and the message that tells the person.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;

use super::admin::{as_parameter, find, refuse_verified_nothing};
use super::{Delivery, check_attributes, refuse_many, take_username};
use crate::core::Core;
use crate::db::users::{self, Status, User, UserMfa};
use crate::error::{ApiError, Result};
use crate::ids::IdOf;
use crate::settings::{Address, FirstFactor, Mfa, Settings};

/// What AdminCreateUser is asked for.
pub(crate) struct Invitation<'a> {
    pub(crate) username: &'a str,
    /// Blank or absent: one is made, unless users of the pool need none.
    pub(crate) temporary_password: Option<&'a str>,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Takes an alias from the user who has it.
    pub(crate) force_alias: bool,
    pub(crate) suppress: bool,
    /// Empty: a telephone, else an e-mail.
    pub(crate) mediums: BTreeSet<&'a str>,
}

/// Makes a user who has to choose a password at the first sign-in, or one without a password
/// where one-time codes are enough.
///
/// # Errors
/// `InvalidParameterException`, `InvalidPasswordException` or `UsernameExistsException`.
pub(crate) fn invite(core: &Core, invitation: Invitation<'_>, now: i64) -> Result<User> {
    let definition = core.definition();
    let settings = &definition.settings;
    let sub = core.new_id(IdOf::User);
    let mut attributes = invitation.attributes;
    attributes.retain(|_, value| !value.is_empty());
    check_attributes(&attributes, None).map_err(as_parameter)?;
    let username = take_username(settings, invitation.username, &sub, &mut attributes)?;
    refuse_many(&attributes)?;
    refuse_verified_nothing(&attributes)?;
    for address in [Address::Email, Address::PhoneNumber] {
        if let Some(value) = attributes.get_mut(address.attribute()) {
            *value = value.to_lowercase();
            let verified = attributes.entry(address.verified().to_owned());
            let verified = verified.or_insert_with(|| "false".to_owned());
            *verified = verified.to_lowercase();
        }
    }
    let password = choose(core, settings, invitation.temporary_password, &attributes)?;
    let user = User {
        password_hash: password.as_deref().map_or_else(String::new, |password| {
            core.passwords.hash(&username, password, &core.random)
        }),
        password_set_at: now,
        password_history: Vec::new(),
        status: match password {
            Some(_) => Status::ForceChangePassword,
            None => Status::Confirmed,
        },
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
    };
    let deliveries = if invitation.suppress {
        Vec::new()
    } else {
        deliveries(&user, &invitation.mediums)?
    };
    core.db.run(|tx| {
        if invitation.force_alias {
            take_aliases(tx, &user, settings)?;
        }
        if users::taken(tx, &user, settings)?.is_some() {
            return Err(ApiError::new(
                "UsernameExistsException",
                "User account already exists",
            ));
        }
        users::save(tx, &user, settings)?;
        send(tx, &deliveries, password.as_deref(), now)
    })?;
    Ok(user)
}

/// Sends another temporary password, which is good for as long as the first was.
///
/// # Errors
/// `UserNotFoundException`, `UnsupportedUserStateException` for a user who has signed in, and
/// those of [`invite`].
pub(crate) fn invite_again(core: &Core, invitation: &Invitation<'_>, now: i64) -> Result<User> {
    let definition = core.definition();
    let policy = &definition.settings.password_policy;
    let user = core.db.run(|tx| find(tx, invitation.username))?;
    let password = match given(invitation.temporary_password) {
        Some(password) => password.to_owned(),
        None => policy.generate(&core.random),
    };
    policy.check(&password)?;
    let hash = core.passwords.hash(&user.username, &password, &core.random);
    core.db.run(|tx| {
        let mut user = find(tx, &user.sub)?;
        if user.status != Status::ForceChangePassword {
            return Err(ApiError::new(
                "UnsupportedUserStateException",
                format!(
                    "Resend not possible. {} status is not FORCE_CHANGE_PASSWORD",
                    user.username
                ),
            ));
        }
        user.password_hash = hash;
        user.password_set_at = now;
        user.modified_at = now;
        users::save(tx, &user, &definition.settings)?;
        users::raise_epoch(tx, &user.sub)?;
        send(
            tx,
            &deliveries(&user, &invitation.mediums)?,
            Some(&password),
            now,
        )?;
        Ok(user)
    })
}

/// The password to begin with; `None` where the user can do without.
fn choose(
    core: &Core,
    settings: &Settings,
    temporary: Option<&str>,
    attributes: &BTreeMap<String, String>,
) -> Result<Option<String>> {
    if let Some(password) = given(temporary) {
        settings.password_policy.check(password)?;
        return Ok(Some(password.to_owned()));
    }
    let codes = code_addresses(settings);
    if codes.is_empty() {
        return Ok(Some(settings.password_policy.generate(&core.random)));
    }
    if codes
        .iter()
        .any(|address| attributes.contains_key(address.attribute()))
    {
        return Ok(None);
    }
    let names: Vec<_> = codes.iter().map(|address| address.attribute()).collect();
    Err(ApiError::invalid_parameter(format!(
        "A user without TemporaryPassword needs {} to sign in with a code.",
        names.join(" or ")
    )))
}

/// Where one-time codes can go that are enough to sign in. A pool that requires a second factor
/// takes none as the first.
fn code_addresses(settings: &Settings) -> Vec<Address> {
    let all = [
        (FirstFactor::EmailOtp, Address::Email),
        (FirstFactor::SmsOtp, Address::PhoneNumber),
    ];
    all.into_iter()
        .filter(|(factor, _)| settings.mfa != Mfa::On && settings.first_factors.contains(factor))
        .map(|(_, address)| address)
        .collect()
}

fn deliveries(user: &User, mediums: &BTreeSet<&str>) -> Result<Vec<Delivery>> {
    let all = [Address::PhoneNumber, Address::Email];
    if mediums.is_empty() {
        let first = all
            .into_iter()
            .find_map(|address| Delivery::to(user, address));
        return Ok(first.into_iter().collect());
    }
    all.into_iter()
        .filter(|address| mediums.contains(address.medium()))
        .map(|address| {
            Delivery::to(user, address).ok_or_else(|| {
                ApiError::invalid_parameter(format!(
                    "{} is required to deliver by {}.",
                    address.attribute(),
                    address.medium()
                ))
            })
        })
        .collect()
}

fn send(
    tx: &Transaction<'_>,
    deliveries: &[Delivery],
    password: Option<&str>,
    now: i64,
) -> Result<()> {
    for delivery in deliveries {
        delivery.send(tx, "admin_create_user", password.unwrap_or_default(), now)?;
    }
    Ok(())
}

/// Who had the new user's verified addresses as aliases has them unverified.
fn take_aliases(tx: &Transaction<'_>, user: &User, settings: &Settings) -> Result<()> {
    for address in &settings.alias_attributes {
        let Some(value) = user.verified(*address) else {
            continue;
        };
        let Some(mut other) = users::find(tx, value)? else {
            continue;
        };
        if other.verified(*address).map(str::to_lowercase) == Some(value.to_lowercase()) {
            other.set_verified(*address, false);
            users::save(tx, &other, settings)?;
        }
    }
    Ok(())
}

fn given(password: Option<&str>) -> Option<&str> {
    password.filter(|password| !password.is_empty())
}
