use rusqlite::Connection;

use super::{File, Seed, SeedUser};
use crate::client::Client;
use crate::core::Core;
use crate::db::devices;
use crate::db::groups::{self, Group};
use crate::db::users::{self, User};
use crate::db::{meta, web_authn};
use crate::definition::Definition;
use crate::error::{ApiError, Result};
use crate::settings::Settings;

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

/// Groups and users that are to be written, passwords and all.
pub(crate) struct Beginning {
    groups: Vec<Group>,
    users: Vec<(User, SeedUser)>,
    /// These are the users a pool begins with, if there are none.
    complete: bool,
}

/// Makes what is missing: groups and users of the seed, else the ready users of a new pool. One
/// that is there already stays as it is.
///
/// # Errors
/// `InvalidParameterException` for a user one of whose names another one has, or the database's.
pub(crate) fn begin(core: &Core) -> Result<()> {
    let definition = core.definition();
    let settings = &definition.settings;
    let now = core.clock.now();
    let (groups, users) = core.db.run(|tx| {
        let mut groups = first_groups(core, now);
        let mut users = Vec::new();
        for user in first_users(core, meta::get(tx, DONE)?.is_some()) {
            if !is_there(tx, &user)? {
                users.push(user);
            }
        }
        let there = groups::page(tx, None, i64::MAX)?;
        groups.retain(|group| there.iter().all(|other| other.name != group.name));
        Ok::<_, ApiError>((groups, users))
    })?;
    let beginning = prepared(core, settings, groups, users, now)?;
    core.db.run(|tx| beginning.write(tx, settings))
}

/// The same for a pool in which nothing is left.
///
/// # Errors
/// As [`begin`].
pub(crate) fn beginning(core: &Core, settings: &Settings, now: i64) -> Result<Beginning> {
    prepared(
        core,
        settings,
        first_groups(core, now),
        first_users(core, false),
        now,
    )
}

fn first_groups(core: &Core, now: i64) -> Vec<Group> {
    let file = core.seed.as_ref().map(|Seed(file)| file);
    file.and_then(|file| file.groups.as_deref())
        .unwrap_or_default()
        .iter()
        .map(|group| Group {
            name: group.name.clone(),
            description: group.description.clone(),
            precedence: group.precedence,
            role_arn: group.role_arn.clone(),
            created_at: now,
            modified_at: now,
        })
        .collect()
}

/// The seed's, else the two that are ready in a pool that has not begun.
fn first_users(core: &Core, begun: bool) -> Vec<SeedUser> {
    match &core.seed {
        Some(Seed(File {
            users: Some(users), ..
        })) => users.clone(),
        _ if core.ready_users && !begun => vec![
            SeedUser::ready("user@example.com", None),
            SeedUser::ready("admin@example.com", Some("admin")),
        ],
        _ => Vec::new(),
    }
}

fn is_there(db: &Connection, user: &SeedUser) -> rusqlite::Result<bool> {
    if users::owner(db, &user.username)?.is_some() {
        return Ok(true);
    }
    match &user.sub {
        Some(sub) => Ok(users::find(db, sub)?.is_some()),
        None => Ok(false),
    }
}

/// Takes as long as the passwords do: outside of any transaction.
fn prepared(
    core: &Core,
    settings: &Settings,
    groups: Vec<Group>,
    users: Vec<SeedUser>,
    now: i64,
) -> Result<Beginning> {
    let seeded = core.seed.as_ref().map(|Seed(file)| file);
    let users = users
        .into_iter()
        .map(|seed| Ok((seed.made(core, settings, now)?, seed)))
        .collect::<Result<_>>()?;
    Ok(Beginning {
        groups,
        users,
        complete: core.ready_users || seeded.is_some_and(|file| file.users.is_some()),
    })
}

impl Beginning {
    /// # Errors
    /// As [`begin`].
    pub(crate) fn write(&self, db: &Connection, settings: &Settings) -> Result<()> {
        for group in &self.groups {
            groups::save(db, group)?;
        }
        for (user, seed) in &self.users {
            if let Some(name) = users::taken(db, user, settings)? {
                return Err(ApiError::invalid_parameter(format!(
                    "{name} is another user's name"
                )));
            }
            users::save(db, user, settings)?;
            groups::set(db, &user.sub, &seed.groups, user.created_at)?;
            for device in &seed.devices {
                devices::insert(db, &device.of(&user.sub))?;
            }
            for passkey in &seed.passkeys {
                web_authn::insert(db, &user.sub, passkey)?;
            }
        }
        if self.complete {
            meta::set(db, DONE, "1")?;
        }
        Ok(())
    }
}
