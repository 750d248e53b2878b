use crate::core::Core;
use crate::db::{families, users};
use crate::error::Result;

/// Deletes a user and ends all his sign-ins; `false` when there is no such user.
pub(crate) fn delete_by_sub(core: &Core, sub: &str) -> Result<bool> {
    core.db.run(|tx| {
        families::revoke_all(tx, sub)?;
        Ok(users::delete(tx, sub)?)
    })
}
