use super::{File, ResourceServer, SeedGroup, SeedUser};
use crate::core::Core;
use crate::db::{devices, groups, users, web_authn};
use crate::error::{ApiError, Result};

/// Above what anybody keeps in a file.
const MOST: i64 = 1_000_000;

/// What the file says of itself.
const HEADER: &str = "\
# A Cogward user pool, for `cogward pool --seed`: settings, app clients, groups, and users with
# their devices and passkeys. It holds secrets, so keep it as you would the pool's data: secrets of
# clients, secrets of authenticator apps, and what passwords and devices are checked with, which a
# password can be guessed from. Not in it: signing keys, sign-ins, codes, messages, enrolments that
# wait for their first code.
";

/// The pool as a seed file: see [`HEADER`].
///
/// # Errors
/// The database's.
pub(crate) fn export(core: &Core) -> Result<String> {
    let definition = core.definition();
    let (groups, mut users) = core.db.run(|tx| {
        let users = users::page(tx, None, MOST)?.into_iter().map(|user| {
            let devices = devices::page(tx, &user.sub, None, MOST)?;
            let passkeys = web_authn::of_user(tx, &user.sub)?;
            Ok(SeedUser::of(user, &definition.settings, devices, passkeys))
        });
        let users = users.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok::<_, ApiError>((groups::page(tx, None, MOST)?, users))
    })?;
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
    let text = toml::to_string(&file).map_err(|error| {
        tracing::error!(%error, "the pool could not be written as a seed file");
        ApiError::internal()
    })?;
    Ok(format!("{HEADER}\n{text}"))
}
