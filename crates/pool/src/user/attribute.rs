//! What attributes a user can have, and what they look like.

use std::collections::BTreeMap;

use crate::client::Client;
use crate::error::{ApiError, Result};
use crate::settings::{Address, Settings};

/// OpenID Connect's standard claims, as Cognito has them.
const STANDARD: [&str; 17] = [
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

/// Written by the pool alone.
const OWN: [&str; 4] = [
    "sub",
    "email_verified",
    "phone_number_verified",
    "identities",
];

pub(crate) fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name)
}

/// The attributes the pool requires that are not there.
pub(crate) fn missing_attributes<'a>(
    settings: &'a Settings,
    attributes: &BTreeMap<String, String>,
) -> Vec<&'a str> {
    settings
        .required_attributes
        .iter()
        .filter(|name| !attributes.contains_key(*name))
        .map(String::as_str)
        .collect()
}

/// # Errors
/// `InvalidParameterException` when one is missing.
pub(crate) fn refuse_missing(
    settings: &Settings,
    attributes: &BTreeMap<String, String>,
) -> Result<()> {
    match missing_attributes(settings, attributes).first() {
        None => Ok(()),
        Some(name) => Err(nonconforming(name, "The attribute is required")),
    }
}

/// Checks attributes that `client` wants to write (`None`: an administrator, who may also say
/// that an address is verified).
///
/// # Errors
/// `NotAuthorizedException` for one it may not write, `InvalidParameterException` for one that
/// does not exist or does not look right.
pub(crate) fn check_attributes(
    attributes: &BTreeMap<String, String>,
    client: Option<&Client>,
) -> Result<()> {
    attributes
        .iter()
        .try_for_each(|(name, value)| check(name, value, client))
}

/// Cognito's quota.
const CUSTOM: usize = 50;

/// # Errors
/// `InvalidParameterException` when a user would have more custom attributes than there can be.
pub(crate) fn refuse_many(attributes: &BTreeMap<String, String>) -> Result<()> {
    let custom = attributes.keys().filter(|name| name.contains(':')).count();
    if custom <= CUSTOM {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "A user can have {CUSTOM} custom attributes: delete one first."
    )))
}

fn check(name: &str, value: &str, client: Option<&Client>) -> Result<()> {
    if name.chars().count() > 32 || value.chars().count() > 2048 {
        let shown: String = name.chars().take(32).collect();
        return Err(nonconforming(
            &shown,
            "a name has at most 32 characters, a value 2048",
        ));
    }
    let own = OWN.contains(&name) || name.starts_with("cognito:");
    let verified = matches!(name, "email_verified" | "phone_number_verified");
    if own && !(verified && client.is_none()) {
        return Err(unauthorized());
    }
    let custom = name.strip_prefix("custom:").or_else(|| {
        name.strip_prefix("dev:custom:")
            .filter(|_| client.is_none())
    });
    if !verified && !STANDARD.contains(&name) && custom.is_none_or(str::is_empty) {
        return Err(nonconforming(
            name,
            "Attribute does not exist in the schema.",
        ));
    }
    let writable = client.and_then(|client| client.write_attributes.as_ref());
    if writable.is_some_and(|writable| !writable.contains(name)) {
        return Err(unauthorized());
    }
    if verified && !matches!(value, "true" | "false" | "True" | "False") {
        return Err(nonconforming(name, "must be true or false"));
    }
    match Address::of_attribute(name) {
        Some(address) if !value.is_empty() && !valid_address(address, value) => {
            Err(ApiError::invalid_parameter(match address {
                Address::Email => "Invalid email address format.",
                Address::PhoneNumber => "Invalid phone number format.",
            }))
        }
        _ => Ok(()),
    }
}

/// An e-mail: one `@`, something on both sides, nothing a mail header could choke on. A
/// telephone number: `+` and up to 15 digits (E.164).
pub(crate) fn valid_address(address: Address, value: &str) -> bool {
    match address {
        Address::Email => valid_email(value),
        Address::PhoneNumber => value.strip_prefix('+').is_some_and(|digits| {
            (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        }),
    }
}

fn valid_email(email: &str) -> bool {
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

fn unauthorized() -> ApiError {
    ApiError::not_authorized("A client attempted to write unauthorized attribute")
}

fn nonconforming(name: &str, why: &str) -> ApiError {
    ApiError::invalid_parameter(format!(
        "Attributes did not conform to the schema: {name}: {why}"
    ))
}
