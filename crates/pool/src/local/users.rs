use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Core;
use crate::db::groups;
use crate::db::users::{self, Status, User, UserMfa};
use crate::error::{ApiError, Result};
use crate::ids::IdOf;
use crate::model::accepts;
use crate::options::POOL_ID;
use crate::settings::{Address, Settings};
use crate::user::{check_attributes, end_everything, refuse_many, take_username};

/// The body of `POST /_local/users`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutUser {
    username: String,
    password: Option<String>,
    groups: Option<Vec<String>>,
    attributes: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
    status: Option<Status>,
}

impl PutUser {
    pub(crate) fn new(username: &str, password: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: Some(password.to_owned()),
            groups: None,
            attributes: None,
            enabled: None,
            status: None,
        }
    }

    pub(crate) fn with(self, groups: &[&str], attributes: &[(&str, &str)]) -> Self {
        let groups = groups.iter().map(|group| (*group).to_owned());
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            groups: Some(groups.collect()),
            attributes: Some(attributes.collect()),
            ..self
        }
    }
}

/// Makes the user, or changes what is given of the user there is.
pub(crate) fn put(core: &Core, body: PutUser) -> Result<User> {
    let now = core.clock.now();
    let definition = core.definition();
    let settings = &definition.settings;
    let given = body.attributes.unwrap_or_default();
    let named = body.groups.as_deref().unwrap_or_default();
    check_words(&body.username, &given, named).map_err(ApiError::invalid_parameter)?;
    check_attributes(&given, None).map_err(|error| ApiError::invalid_parameter(error.message))?;
    if let Some(password) = &body.password {
        settings.password_policy.check(password)?;
    }
    // All in one, so that of two who change a user neither undoes what the other did.
    core.db.run(|tx| {
        let mut user = match users::find(tx, &body.username)? {
            Some(user) => user,
            None => blank(core, settings, &body.username, now)?,
        };
        if let Some(password) = &body.password {
            user.password_hash = core.passwords.hash(&user.username, password, &core.random);
            user.password_set_at = now;
        }
        if user.password_hash.is_empty() {
            return Err(ApiError::invalid_parameter("a new user needs a password"));
        }
        user.enabled = body.enabled.unwrap_or(user.enabled);
        user.status = body.status.unwrap_or(user.status);
        user.modified_at = now;
        set_attributes(settings, &mut user, &given)?;
        if let Some(name) = users::taken(tx, &user, settings)? {
            return Err(ApiError::invalid_parameter(format!(
                "{name} is another user's name"
            )));
        }
        user.groups = body.groups.unwrap_or(user.groups);
        users::save(tx, &user, settings)?;
        if body.password.is_some() {
            users::raise_epoch(tx, &user.sub)?;
        }
        if !user.enabled {
            end_everything(tx, &user.sub)?;
        }
        groups::set(tx, &user.sub, &user.groups, now)?;
        Ok(user)
    })
}

/// What the service model says of names, of users, attributes and groups.
///
/// # Errors
/// Says which one is not taken, and why.
pub(crate) fn check_words(
    username: &str,
    attributes: &BTreeMap<String, String>,
    groups: &[String],
) -> Result<(), String> {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let input =
        json!({ "UserPoolId": POOL_ID, "Username": username, "UserAttributes": attributes });
    accepts("AdminCreateUser", &input)?;
    groups.iter().try_for_each(|group| {
        let input = json!({ "UserPoolId": POOL_ID, "GroupName": group });
        accepts("CreateGroup", &input)
    })
}

/// A user as the surface shows one.
pub(super) fn shown(user: &User) -> Value {
    json!({
        "sub": user.sub,
        "username": user.username,
        "email": user.address(Address::Email),
        "groups": user.groups,
        "attributes": user.attributes,
        "enabled": user.enabled,
        "status": user.status.name(),
    })
}

/// As whoever signs up would: addresses in lower case, and a blank value is none. They are
/// verified unless something else is said. The name itself stays what it is.
fn set_attributes(
    settings: &Settings,
    user: &mut User,
    given: &BTreeMap<String, String>,
) -> Result<()> {
    for (name, value) in given {
        let address = Address::of_attribute(name);
        let value = match (address, Address::of_verified(name)) {
            (None, None) => value.clone(),
            _ => value.to_lowercase(),
        };
        let own = user.attribute(name);
        let is_name = address
            .is_some_and(|address| settings.username_attributes.contains(&address))
            && own.is_some_and(|own| own != value);
        if is_name {
            return Err(ApiError::invalid_parameter(format!("{name} cannot be set")));
        }
        if value.is_empty() {
            user.attributes.remove(name);
        } else {
            user.attributes.insert(name.clone(), value);
        }
        if let Some(address) = address {
            if user.address(address).is_none() {
                user.attributes.remove(address.verified());
                user.mfa.forget(address);
            } else if !given.contains_key(address.verified()) {
                user.set_verified(address, true);
            }
        }
    }
    let alone = [Address::Email, Address::PhoneNumber]
        .into_iter()
        .find(|address| {
            user.verified(*address).is_none()
                && user.address(*address).is_none()
                && user.attribute(address.verified()) == Some("true")
        });
    match alone {
        Some(address) => Err(ApiError::invalid_parameter(format!(
            "{} without {}",
            address.verified(),
            address.attribute()
        ))),
        None => refuse_many(&user.attributes),
    }
}

/// A confirmed user, whose address is verified when it is the name.
fn blank(core: &Core, settings: &Settings, name: &str, now: i64) -> Result<User> {
    let sub = core.new_id(IdOf::User);
    let mut attributes = BTreeMap::new();
    let username = take_username(settings, name, &sub, &mut attributes).map_err(|_| {
        ApiError::invalid_parameter("username must be an email address, as the pool's names are")
    })?;
    for address in [Address::Email, Address::PhoneNumber] {
        if attributes.contains_key(address.attribute()) {
            attributes.insert(address.verified().to_owned(), "true".to_owned());
        }
    }
    Ok(User {
        sub,
        username,
        password_hash: String::new(),
        password_set_at: now,
        password_history: Vec::new(),
        status: Status::Confirmed,
        enabled: true,
        attributes,
        groups: Vec::new(),
        mfa: UserMfa::default(),
        created_at: now,
        modified_at: now,
        signed_in_at: None,
        epoch: 0,
    })
}
