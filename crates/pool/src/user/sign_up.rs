use std::collections::BTreeMap;

use super::{look_up, masked, unknown_user};
use crate::codes::{self, Purpose};
use crate::core::Core;
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::settings::Settings;

pub(crate) struct NewUser<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Makes an unconfirmed user and mails a code.
///
/// # Errors
/// `InvalidParameterException`, `InvalidPasswordException`, `NotAuthorizedException` (an
/// attribute only the pool writes) or `UsernameExistsException`.
pub(crate) fn sign_up(core: &Core, new: NewUser<'_>, now: i64) -> Result<User> {
    let user = prepare(core, new, now)?;
    core.db.run(|tx| {
        if users::find(tx, &user.email)?.is_some() {
            return Err(ApiError::new(
                "UsernameExistsException",
                "User already exists",
            ));
        }
        users::save(tx, &user)?;
        let mail = Some((user.email.as_str(), "sign_up"));
        codes::issue(tx, core, Purpose::SignUp, &user.sub, mail, now).map_err(ApiError::from)
    })?;
    Ok(user)
}

/// Confirms with the mailed code; the email is verified by it.
///
/// # Errors
/// Those of [`codes::redeem`], and `NotAuthorizedException` for a confirmed user.
pub(crate) fn confirm(core: &Core, name: &str, code: &str, now: i64) -> Result<User> {
    let named = look_up(core, name)?;
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
    codes::redeem(core, Purpose::SignUp, &named.subject, code, now)?;
    core.db.run(|tx| {
        let mut user = users::find(tx, &named.subject)?.ok_or_else(codes::mismatch)?;
        user.status = Status::Confirmed;
        user.attributes
            .insert("email_verified".into(), "true".into());
        users::save(tx, &user)?;
        Ok(user)
    })
}

/// Mails a new sign-up code and gives the masked address.
///
/// # Errors
/// `InvalidParameterException` for a confirmed user; `UserNotFoundException` when unknown
/// names are not hidden.
pub(crate) fn resend_code(core: &Core, name: &str, now: i64) -> Result<String> {
    let named = look_up(core, name)?;
    let mail = match &named.user {
        None if !named.hide => return Err(unknown_user()),
        None => None,
        Some(user) if user.status != Status::Unconfirmed => {
            return Err(ApiError::invalid_parameter("User is already confirmed."));
        }
        Some(user) => Some((user.email.as_str(), "resend_code")),
    };
    core.db.run(|tx| {
        codes::issue(tx, core, Purpose::SignUp, &named.subject, mail, now).map_err(ApiError::from)
    })?;
    Ok(masked(named.user.as_ref().map_or(name, |user| &user.email)))
}

/// One `@`, something on both sides, nothing a mail header could choke on.
pub(crate) fn valid_email(email: &str) -> bool {
    let allowed =
        |c: char| c.is_alphanumeric() || (c.is_ascii_graphic() && !"@,;:\"()<>[]\\".contains(c));
    let valid = |part: &str| !part.is_empty() && part.chars().all(allowed);
    email.len() <= 128
        && email.split_once('@').is_some_and(|(local, domain)| {
            valid(local)
                && valid(domain)
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !domain.contains("..")
        })
}

fn prepare(core: &Core, new: NewUser<'_>, now: i64) -> Result<User> {
    if !valid_email(new.username) {
        return Err(ApiError::invalid_parameter("Username should be an email."));
    }
    let email = new.username.to_lowercase();
    let mut attributes = new.attributes;
    attributes.retain(|_, value| !value.is_empty());
    for name in attributes.keys() {
        check_attribute(name)?;
    }
    if attributes
        .get("email")
        .is_some_and(|given| given.to_lowercase() != email)
    {
        return Err(ApiError::invalid_parameter(
            "Attribute email must be the username: the username is an email.",
        ));
    }
    attributes.insert("email".into(), email.clone());
    attributes.insert("email_verified".into(), "false".into());
    let settings = core
        .db
        .run(|tx| Settings::load(tx).map_err(ApiError::from))?;
    settings.password_policy.check(new.password)?;
    let sub = core.random.uuid();
    Ok(User {
        email,
        password_hash: core.passwords.hash(&sub, new.password, &core.random),
        status: Status::Unconfirmed,
        enabled: true,
        attributes,
        groups: Vec::new(),
        created_at: now,
        signed_in_at: None,
        sub,
    })
}

/// OpenID Connect's standard claims, as Cognito has them, and any `custom:` one.
fn check_attribute(name: &str) -> Result<()> {
    const WRITABLE: [&str; 17] = [
        "address",
        "birthdate",
        "email",
        "family_name",
        "gender",
        "given_name",
        "locale",
        "middle_name",
        "name",
        "nickname",
        "phone_number",
        "picture",
        "preferred_username",
        "profile",
        "updated_at",
        "website",
        "zoneinfo",
    ];
    const OWN: [&str; 4] = [
        "sub",
        "email_verified",
        "phone_number_verified",
        "identities",
    ];
    if OWN.contains(&name) || name.starts_with("cognito:") {
        Err(ApiError::not_authorized(
            "A client attempted to write unauthorized attribute",
        ))
    } else if WRITABLE.contains(&name)
        || name.strip_prefix("custom:").is_some_and(|n| !n.is_empty())
    {
        Ok(())
    } else {
        Err(ApiError::invalid_parameter(format!(
            "Attributes did not conform to the schema: {name}: Attribute does not exist in the schema."
        )))
    }
}
