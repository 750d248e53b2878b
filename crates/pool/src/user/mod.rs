//! What can be done to a user, for the API and the pages alike.

mod authenticate;
mod recover;
mod sign_up;

use crate::core::Core;
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};
use crate::settings::Settings;

pub(crate) use authenticate::{Authenticated, authenticate};
pub(crate) use recover::{forgot_password, reset_password};
pub(crate) use sign_up::{NewUser, confirm, resend_code, sign_up, valid_email};

/// A sign-in name, whether or not somebody has it.
struct Named {
    user: Option<User>,
    /// What attempts and codes are counted under.
    subject: String,
    /// An unknown name may not be told from a known one.
    hide: bool,
}

fn look_up(core: &Core, name: &str) -> Result<Named> {
    core.db.run(|tx| {
        let user = users::find(tx, name)?;
        let subject = user
            .as_ref()
            .map_or_else(|| format!("?{}", name.to_lowercase()), |u| u.sub.clone());
        Ok(Named {
            user,
            subject,
            hide: Settings::load(tx)?.prevent_user_existence_errors,
        })
    })
}

/// Where a code went: the first letters of the address only.
pub(crate) fn masked(name: &str) -> String {
    let (local, domain) = name.split_once('@').unwrap_or((name, "email"));
    let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
    format!("{}***@{}***", first(local), first(domain))
}

fn unknown_user() -> ApiError {
    ApiError::user_not_found("Username/client id combination not found.")
}
