//! What can be done to a user, for the API and the pages alike.

mod admin;
mod attribute;
mod delivery;
mod invite;
mod lockout;
pub(crate) mod mfa;
pub(crate) mod passkeys;
mod password;
mod recover;
mod remove;
mod sign_out;
mod sign_up;
pub(crate) mod totp;
mod update;

use crate::client::Client;
use crate::core::Core;
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};

pub(crate) use admin::{
    confirm_by_admin, delete, delete_attributes, known, require_reset, set_enabled, set_password,
    sign_out_everywhere, update_attributes,
};
pub(crate) use attribute::{
    check_attributes, is_standard, missing_attributes, refuse_many, refuse_missing, valid_address,
};
pub(crate) use delivery::Delivery;
pub(crate) use invite::{Invitation, invite, invite_again};
pub(crate) use lockout::{clear_failures, refuse_locked, settle};
pub(crate) use password::{change_password, hash_password};
pub(crate) use recover::{forgot_password, reachable, reset_password};
pub(crate) use remove::delete_by_sub;
pub(crate) use sign_out::{end_everything, end_sign_ins};
pub(crate) use sign_up::{NewUser, confirm, resend_code, sign_up, take_username};
pub(crate) use update::{
    refuse_taken, send_verification, update_own_attributes, verify_attribute, write_attributes,
};

/// A sign-in name, whether or not somebody has it.
pub(crate) struct Named {
    pub(crate) user: Option<User>,
    /// What attempts and codes are counted under.
    pub(crate) subject: String,
    /// An unknown name may not be told from a known one.
    pub(crate) hide: bool,
}

pub(crate) fn look_up(core: &Core, client: &Client, name: &str) -> Result<Named> {
    let hide = client.hides_names(&core.definition().settings);
    core.db.run(|tx| {
        let user = users::find(tx, name)?;
        let subject = user
            .as_ref()
            .map_or_else(|| decoy_subject(name), |user| user.sub.clone());
        Ok(Named {
            user,
            subject,
            hide,
        })
    })
}

/// What a name nobody has is counted under.
pub(crate) fn decoy_subject(name: &str) -> String {
    format!("?{}", name.to_lowercase())
}

/// Whether it is counted under a name nobody has: a `sub` has no question mark.
pub(crate) fn is_decoy(subject: &str) -> bool {
    subject.starts_with('?')
}

fn unknown_user() -> ApiError {
    ApiError::user_not_found("Username/client id combination not found.")
}
