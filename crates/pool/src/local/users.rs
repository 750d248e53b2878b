use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Core;
use crate::db::groups;
use crate::db::users::{self, Status, User, UserMfa};
use crate::error::{ApiError, Result};
use crate::settings::{Address, Settings};
use crate::user::{check_attributes, end_everything, take_username};

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
}

/// Makes the user, or changes what is given.
pub(crate) fn put(core: &Core, body: PutUser) -> Result<User> {
    let now = core.clock.now();
    let definition = core.definition();
    let settings = &definition.settings;
    let found = core.db.run(|tx| users::find(tx, &body.username))?;
    let mut user = match found {
        Some(user) => user,
        None => blank(core, settings, &body.username, now)?,
    };
    if let Some(password) = &body.password {
        settings.password_policy.check(password)?;
        user.password_hash = core.passwords.hash(&user.username, password, &core.random);
        user.password_set_at = now;
    }
    if user.password_hash.is_empty() {
        return Err(ApiError::invalid_parameter("a new user needs a password"));
    }
    user.enabled = body.enabled.unwrap_or(user.enabled);
    user.status = body.status.unwrap_or(user.status);
    user.modified_at = now;
    set_attributes(settings, &mut user, body.attributes.unwrap_or_default())?;
    let groups = body.groups.unwrap_or_else(|| user.groups.clone());
    core.db.run(|tx| {
        if let Some(name) = users::taken(tx, &user, settings)? {
            return Err(ApiError::invalid_parameter(format!(
                "{name} is another user's name"
            )));
        }
        users::save(tx, &user, settings)?;
        if body.password.is_some() {
            users::raise_epoch(tx, &user.sub)?;
        }
        if !user.enabled {
            end_everything(tx, &user.sub)?;
        }
        groups::set(tx, &user.sub, &groups, now).map_err(ApiError::from)
    })?;
    user.groups = groups;
    Ok(user)
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

/// The name itself stays what it is.
fn set_attributes(
    settings: &Settings,
    user: &mut User,
    given: BTreeMap<String, String>,
) -> Result<()> {
    check_attributes(&given, None).map_err(|error| ApiError::invalid_parameter(error.message))?;
    for (name, value) in given {
        let is_name = Address::of_attribute(&name)
            .is_some_and(|address| settings.username_attributes.contains(&address))
            && user
                .attribute(&name)
                .is_some_and(|own| own != value.to_lowercase());
        if is_name {
            return Err(ApiError::invalid_parameter(format!("{name} cannot be set")));
        }
        user.attributes.insert(name, value);
    }
    Ok(())
}

/// A confirmed user, whose address is verified when it is the name.
fn blank(core: &Core, settings: &Settings, name: &str, now: i64) -> Result<User> {
    let sub = core.random.uuid();
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
