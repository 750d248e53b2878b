//! Groups of users, and the roles they bring.

use crate::core::Core;
use crate::db::groups::{self, Group};
use crate::db::users;
use crate::error::{ApiError, Result};

/// What can be said about a group; what is left out stays.
#[derive(Default)]
pub(crate) struct Properties<'a> {
    pub(crate) description: Option<&'a str>,
    pub(crate) precedence: Option<i64>,
    pub(crate) role_arn: Option<&'a str>,
}

impl Properties<'_> {
    fn apply(self, group: &mut Group, now: i64) {
        let set = |to: &mut Option<String>, value: Option<&str>| {
            if let Some(value) = value {
                *to = Some(value.to_owned());
            }
        };
        set(&mut group.description, self.description);
        set(&mut group.role_arn, self.role_arn);
        group.precedence = self.precedence.or(group.precedence);
        group.modified_at = now;
    }
}

/// # Errors
/// `GroupExistsException`.
pub(crate) fn create(
    core: &Core,
    name: &str,
    properties: Properties<'_>,
    now: i64,
) -> Result<Group> {
    core.db.run(|tx| {
        if groups::get(tx, name)?.is_some() {
            return Err(ApiError::new(
                "GroupExistsException",
                "A group with the name already exists.",
            ));
        }
        let mut group = Group {
            name: name.to_owned(),
            description: None,
            precedence: None,
            role_arn: None,
            created_at: now,
            modified_at: now,
        };
        properties.apply(&mut group, now);
        groups::save(tx, &group)?;
        Ok(group)
    })
}

/// # Errors
/// `ResourceNotFoundException`.
pub(crate) fn get(core: &Core, name: &str) -> Result<Group> {
    core.db.run(|tx| find(tx, name))
}

/// # Errors
/// `ResourceNotFoundException`.
pub(crate) fn update(
    core: &Core,
    name: &str,
    properties: Properties<'_>,
    now: i64,
) -> Result<Group> {
    core.db.run(|tx| {
        let mut group = find(tx, name)?;
        properties.apply(&mut group, now);
        groups::save(tx, &group)?;
        Ok(group)
    })
}

/// Tokens that its members have stay as they are.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(crate) fn delete(core: &Core, name: &str) -> Result<()> {
    let deleted = core
        .db
        .run(|tx| groups::delete(tx, name).map_err(ApiError::from))?;
    deleted.then_some(()).ok_or_else(unknown)
}

/// Makes a user a member, or a member none; it does not matter which he was.
///
/// # Errors
/// `UserNotFoundException`, `ResourceNotFoundException`.
pub(crate) fn set_member(core: &Core, name: &str, username: &str, member: bool) -> Result<()> {
    core.db.run(|tx| {
        let user = users::find(tx, username)?
            .ok_or_else(|| ApiError::user_not_found("User does not exist."))?;
        let group = find(tx, name)?;
        let change = if member { groups::add } else { groups::remove };
        change(tx, &group.name, &user.sub).map_err(ApiError::from)
    })
}

/// The roles of a user's groups, the first by precedence first, and the one to take: that of the
/// lowest precedence, unless groups are on a par and bring different ones.
pub(crate) fn roles(core: &Core, sub: &str) -> Result<(Vec<String>, Option<String>)> {
    let groups = core.db.run(|tx| groups::of_user(tx, sub))?;
    let with_role: Vec<_> = groups
        .into_iter()
        .filter_map(|group| Some((group.precedence, group.role_arn?)))
        .collect();
    let mut first = with_role.iter();
    let preferred = first.next().filter(|(precedence, role)| {
        first
            .take_while(|(other, _)| other == precedence)
            .all(|(_, other)| other == role)
    });
    let preferred = preferred.map(|(_, role)| role.clone());
    let mut roles = Vec::new();
    for (_, role) in with_role {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok((roles, preferred))
}

fn find(tx: &rusqlite::Connection, name: &str) -> Result<Group> {
    groups::get(tx, name)?.ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new("ResourceNotFoundException", "Group not found.")
}
