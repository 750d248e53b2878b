use std::sync::Arc;

use crate::core::Core;
use crate::user;

/// What an application in the same process does to a pool's users.
#[derive(Clone)]
pub struct Users(Arc<Core>);

/// A pool that could not do it.
#[derive(Debug, thiserror::Error)]
#[error("the local user pool could not change its users: {0}")]
pub struct UsersError(String);

impl Users {
    pub(crate) fn of(core: &Arc<Core>) -> Self {
        Self(Arc::clone(core))
    }

    /// Deletes the user with this `sub` and ends all its sign-ins, as `AdminDeleteUser`
    /// does; `false` when there is none.
    ///
    /// # Errors
    /// The pool's database failed.
    pub async fn delete(&self, sub: &str) -> Result<bool, UsersError> {
        let sub = sub.to_owned();
        let deleted = self.0.blocking(move |core| user::delete_by_sub(core, &sub));
        deleted.await.map_err(|error| UsersError(error.to_string()))
    }
}
