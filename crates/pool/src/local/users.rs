use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Core;
use crate::db::users::{self, Status, User};
use crate::db::{families, meta};
use crate::error::{ApiError, Result};
use crate::options::PoolError;
use crate::settings::Settings;
use crate::user::valid_email;

/// The body of `POST /_local/users`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PutUser {
    username: String,
    password: Option<String>,
    groups: Option<Vec<String>>,
    attributes: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
    status: Option<Status>,
}

/// Makes the user, or changes what is given.
pub(super) fn put(core: &Core, body: PutUser) -> Result<Value> {
    let now = core.clock.now();
    core.db.run(|tx| {
        let mut user = match users::find(tx, &body.username)? {
            Some(user) => user,
            None => blank(core, &body.username, now)?,
        };
        if let Some(password) = &body.password {
            Settings::load(tx)?.password_policy.check(password)?;
            user.password_hash = core.passwords.hash(&user.sub, password, &core.random);
        }
        if user.password_hash.is_empty() {
            return Err(ApiError::invalid_parameter("a new user needs a password"));
        }
        user.groups = body.groups.unwrap_or(user.groups);
        user.enabled = body.enabled.unwrap_or(user.enabled);
        user.status = body.status.unwrap_or(user.status);
        for (name, value) in body.attributes.unwrap_or_default() {
            if name == "sub" || (name == "email" && value.to_lowercase() != user.email) {
                return Err(ApiError::invalid_parameter(format!("{name} cannot be set")));
            }
            user.attributes.insert(name, value);
        }
        user.attributes.insert("email".into(), user.email.clone());
        if !user.enabled {
            families::revoke_all(tx, &user.sub)?;
        }
        users::save(tx, &user)?;
        Ok(json!({
            "username": user.sub,
            "email": user.email,
            "groups": user.groups,
            "attributes": user.attributes,
            "enabled": user.enabled,
            "status": user.status.name(),
        }))
    })
}

/// Makes the two users of a new pool, once.
pub(crate) fn ready_users(core: &Core) -> Result<(), PoolError> {
    const DONE: &str = "ready_users";
    if core.db.run(|tx| meta::get(tx, DONE))?.is_some() {
        return Ok(());
    }
    let now = core.clock.now();
    let ready = [
        ("user@example.com", None),
        ("admin@example.com", Some("admin")),
    ];
    core.db.run(|tx| {
        for (email, group) in ready {
            if users::find(tx, email)?.is_none() {
                let mut user = new(core, email, now);
                user.password_hash = core.passwords.hash(&user.sub, "Passw0rd!", &core.random);
                user.groups = group.map(str::to_owned).into_iter().collect();
                users::save(tx, &user)?;
            }
        }
        meta::set(tx, DONE, "1")
    })?;
    Ok(())
}

fn blank(core: &Core, username: &str, now: i64) -> Result<User> {
    if valid_email(username) {
        Ok(new(core, username, now))
    } else {
        Err(ApiError::invalid_parameter(
            "username must be an email address",
        ))
    }
}

fn new(core: &Core, email: &str, now: i64) -> User {
    let email = email.to_lowercase();
    let attributes =
        [("email", email.as_str()), ("email_verified", "true")].map(|(k, v)| (k.into(), v.into()));
    User {
        sub: core.random.uuid(),
        password_hash: String::new(),
        status: Status::Confirmed,
        enabled: true,
        attributes: attributes.into(),
        groups: Vec::new(),
        created_at: now,
        signed_in_at: None,
        email,
    }
}
