use super::{File, ResourceServer, SeedGroup, SeedUser};
use crate::core::Core;
use crate::db::groups;
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};
use crate::settings::Settings;

/// Above what anybody keeps in a file.
const MOST: i64 = 1_000_000;

/// The pool as a seed file: settings, clients, groups and users with their password verifiers
/// and authenticator apps. Sign-ins, devices, passkeys and messages are not in it.
///
/// # Errors
/// The database's.
pub(crate) fn export(core: &Core) -> Result<String> {
    let definition = core.definition();
    let (groups, users) = core.db.run(|tx| {
        Ok::<_, ApiError>((groups::page(tx, None, MOST)?, users::page(tx, None, MOST)?))
    })?;
    let mut users: Vec<_> = users
        .into_iter()
        .map(|user| seed_of(user, &definition.settings))
        .collect();
    users.sort_by(|one, other| one.username.cmp(&other.username));
    let file = File {
        pool: definition.settings.clone(),
        resource_servers: Some(
            definition
                .resource_servers
                .iter()
                .map(|(identifier, scopes)| ResourceServer {
                    identifier: identifier.clone(),
                    scopes: scopes.clone(),
                })
                .collect(),
        ),
        clients: Some(
            definition
                .clients
                .values()
                .map(|client| (**client).clone())
                .collect(),
        ),
        groups: Some(
            groups
                .into_iter()
                .map(|group| SeedGroup {
                    name: group.name,
                    description: group.description,
                    precedence: group.precedence,
                    role_arn: group.role_arn,
                })
                .collect(),
        ),
        users: Some(users),
    };
    toml::to_string(&file).map_err(|error| {
        tracing::error!(%error, "the pool could not be written as a seed file");
        ApiError::internal()
    })
}

fn seed_of(user: User, settings: &Settings) -> SeedUser {
    let by_address = !settings.username_attributes.is_empty();
    SeedUser {
        username: if by_address {
            user.shown_name().to_owned()
        } else {
            user.username.clone()
        },
        password: None,
        password_verifier: Some(user.password_hash).filter(|hash| !hash.is_empty()),
        status: user.status,
        enabled: user.enabled,
        groups: user.groups,
        attributes: user.attributes,
        mfa: user.mfa,
        sub: Some(user.sub),
    }
}
