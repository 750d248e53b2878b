//! `NEW_PASSWORD_REQUIRED`: an administrator's password is good for this and nothing else.

use std::collections::BTreeMap;

use serde_json::json;

use super::next::challenge as issue;
use super::{Answer, Awaits, Outcome, SignIn, required};
use crate::core::Core;
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::user::{hash_password, missing_attributes, refuse_missing, write_attributes};

const DAY: i64 = 86400;
/// What stands before an attribute's name among the answers.
const GIVEN: &str = "userAttributes.";

pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    now: i64,
) -> Result<Outcome> {
    let definition = core.definition();
    let settings = &definition.settings;
    let days = settings.password_policy.temporary_password_days;
    if now >= user.password_set_at + days.max(1) * DAY {
        return Err(ApiError::not_authorized(
            "Temporary password has expired and must be reset by an administrator.",
        ));
    }
    let required: Vec<_> = missing_attributes(settings, &user.attributes)
        .iter()
        .map(|name| format!("{GIVEN}{name}"))
        .collect();
    let parameters = [
        ("USER_ID_FOR_SRP", user.username.clone()),
        ("requiredAttributes", json!(required).to_string()),
        ("userAttributes", json!(user.attributes).to_string()),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
    issue(core, sign_in, Awaits::NewPassword, parameters.into(), now)
}

/// Sets the password and the attributes that came with it (`userAttributes.NAME`).
pub(super) fn answer(
    core: &Core,
    user: Option<User>,
    answer: &Answer<'_>,
    epoch: i64,
    now: i64,
) -> Result<User> {
    let mut user = user.ok_or_else(ApiError::wrong_password)?;
    let password = required(answer.responses, "NEW_PASSWORD")?;
    let definition = core.definition();
    let settings = &definition.settings;
    let policy = &settings.password_policy;
    let hash = hash_password(core, policy, &user, password)?;
    let attributes: BTreeMap<_, _> = answer
        .responses
        .iter()
        .filter_map(|(name, value)| {
            let name = name.strip_prefix(GIVEN)?;
            Some((name.to_owned(), (*value).to_owned()))
        })
        .collect();
    core.db.run(|tx| {
        // Another session, or an administrator, may have come between.
        user = users::find(tx, &user.sub)?
            .filter(|user| user.status == Status::ForceChangePassword && user.epoch == epoch)
            .ok_or_else(|| ApiError::not_authorized("Invalid session for the user."))?;
        // Whoever was invited gets no tokens before he has a second factor, where one is required.
        user.mfa.invited = true;
        write_attributes(tx, core, Some(answer.client), &mut user, &attributes, now)?;
        refuse_missing(settings, &user.attributes)?;
        user.set_password(hash, policy, now);
        users::save(tx, &user, settings).map_err(ApiError::from)
    })?;
    Ok(user)
}
