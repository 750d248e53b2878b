use std::collections::BTreeMap;

use super::{Seed, SeedUser};
use crate::client::Client;
use crate::core::Core;
use crate::db::groups::{self, Group};
use crate::db::meta;
use crate::db::users::{self, User, UserMfa};
use crate::definition::Definition;
use crate::error::{ApiError, Result};
use crate::settings::{Address, Settings};
use crate::user::take_username;

/// Says that the users a pool begins with were made: they are made once.
const DONE: &str = "first_users";

/// The definition a pool begins with.
pub(crate) fn definition(seed: Option<&Seed>) -> Definition {
    let built_in = || Client::built_in().to_vec();
    let Some(Seed(file)) = seed else {
        return Definition::new(Settings::default(), built_in());
    };
    let clients = file.clients.clone().unwrap_or_else(built_in);
    let mut definition = Definition::new(file.pool.clone(), clients);
    definition.resource_servers = file
        .resource_servers
        .iter()
        .flatten()
        .map(|server| (server.identifier.clone(), server.scopes.clone()))
        .collect();
    definition
}

/// Makes the groups and users of a seed. One that is there already stays as it is.
///
/// # Errors
/// `InvalidParameterException` for a user one of whose names another one has, or the database's.
pub(crate) fn apply(core: &Core, seed: &Seed) -> Result<()> {
    let Seed(file) = seed;
    let now = core.clock.now();
    core.db.run(|tx| {
        for group in file.groups.iter().flatten() {
            if groups::get(tx, &group.name)?.is_none() {
                let group = Group {
                    name: group.name.clone(),
                    description: group.description.clone(),
                    precedence: group.precedence,
                    role_arn: group.role_arn.clone(),
                    created_at: now,
                    modified_at: now,
                };
                groups::save(tx, &group)?;
            }
        }
        if file.users.is_some() {
            meta::set(tx, DONE, "1")?;
        }
        Ok::<_, ApiError>(())
    })?;
    add(core, file.users.as_deref().unwrap_or_default(), now)
}

/// Makes the two users of a new pool, once.
///
/// # Errors
/// The database's.
pub(crate) fn ready_users(core: &Core) -> Result<()> {
    if core.db.run(|tx| meta::get(tx, DONE))?.is_some() {
        return Ok(());
    }
    let ready = [
        ("user@example.com", None),
        ("admin@example.com", Some("admin")),
    ];
    let users = ready.map(|(name, group)| SeedUser {
        username: name.to_owned(),
        sub: None,
        password: Some("Passw0rd!".to_owned()),
        password_verifier: None,
        status: super::confirmed(),
        enabled: true,
        groups: group.map(str::to_owned).into_iter().collect(),
        attributes: BTreeMap::new(),
        mfa: UserMfa::default(),
    });
    add(core, &users, core.clock.now())?;
    core.db
        .run(|tx| meta::set(tx, DONE, "1").map_err(ApiError::from))
}

/// Makes the users whose sign-in name nobody has.
fn add(core: &Core, users: &[SeedUser], now: i64) -> Result<()> {
    let definition = core.definition();
    let settings = &definition.settings;
    for seed in users {
        let there = core.db.run(|tx| {
            Ok::<_, ApiError>(
                users::owner(tx, &seed.username)?.is_some()
                    || match &seed.sub {
                        Some(sub) => users::find(tx, sub)?.is_some(),
                        None => false,
                    },
            )
        })?;
        if there {
            continue;
        }
        let user = made(core, settings, seed, now)?;
        core.db.run(|tx| {
            if let Some(name) = users::taken(tx, &user, settings)? {
                return Err(ApiError::invalid_parameter(format!(
                    "{name} is another user's name"
                )));
            }
            users::save(tx, &user, settings)?;
            groups::set(tx, &user.sub, &seed.groups, now).map_err(ApiError::from)
        })?;
    }
    Ok(())
}

fn made(core: &Core, settings: &Settings, seed: &SeedUser, now: i64) -> Result<User> {
    let sub = seed.sub.clone().unwrap_or_else(|| core.random.uuid());
    let mut attributes = seed.attributes.clone();
    let username = take_username(settings, &seed.username, &sub, &mut attributes)?;
    for address in [Address::Email, Address::PhoneNumber] {
        if attributes.contains_key(address.attribute()) {
            attributes
                .entry(address.verified().to_owned())
                .or_insert_with(|| "true".to_owned());
        }
    }
    let password_hash = match (&seed.password, &seed.password_verifier) {
        (Some(password), _) => core.passwords.hash(&username, password, &core.random),
        (None, verifier) => verifier.clone().unwrap_or_default(),
    };
    Ok(User {
        sub,
        username,
        password_hash,
        password_set_at: now,
        password_history: Vec::new(),
        status: seed.status,
        enabled: seed.enabled,
        attributes,
        groups: Vec::new(),
        mfa: seed.mfa.clone(),
        created_at: now,
        modified_at: now,
        signed_in_at: None,
        epoch: 0,
    })
}
