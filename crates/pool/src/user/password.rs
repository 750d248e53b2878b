use super::{refuse_locked, settle};
use crate::core::Core;
use crate::db::users::{self, Status, User};
use crate::error::{ApiError, Result};
use crate::limit;
use crate::settings::PasswordPolicy;

/// What is to be stored of a password this user may have.
///
/// # Errors
/// `InvalidPasswordException`, or `PasswordHistoryPolicyViolationException` for one of the last
/// `history_size`, the present one among them. Do not tell the latter to somebody who has not
/// shown that the account is his.
pub(crate) fn hash_password(
    core: &Core,
    policy: &PasswordPolicy,
    user: &User,
    password: &str,
) -> Result<String> {
    policy.check(password)?;
    let size = usize::try_from(policy.history_size).unwrap_or(0);
    let used = std::iter::once(&user.password_hash)
        .chain(&user.password_history)
        .filter(|hash| !hash.is_empty())
        .take(size)
        .any(|hash| core.passwords.verify(&user.username, password, Some(hash)));
    if used {
        return Err(ApiError::new(
            "PasswordHistoryPolicyViolationException",
            "Password has previously been used.",
        ));
    }
    Ok(core.passwords.hash(&user.username, password, &core.random))
}

impl User {
    /// Takes the outcome of [`hash_password`]. Tokens live on; what is under way is for the caller
    /// to void.
    pub(crate) fn set_password(&mut self, hash: String, policy: &PasswordPolicy, now: i64) {
        let earlier = std::mem::replace(&mut self.password_hash, hash);
        if !earlier.is_empty() {
            self.password_history.insert(0, earlier);
        }
        let kept = usize::try_from(policy.history_size - 1).unwrap_or(0);
        self.password_history.truncate(kept);
        self.password_set_at = now;
        self.modified_at = now;
        if matches!(
            self.status,
            Status::ResetRequired | Status::ForceChangePassword
        ) {
            self.status = Status::Confirmed;
        }
    }
}

/// Changes the password of a signed-in user who knows the previous one. A user who has none
/// leaves it out.
///
/// # Errors
/// `NotAuthorizedException` (wrong, which counts as a failed sign-in, or locked),
/// `LimitExceededException`, and those of [`hash_password`].
pub(crate) fn change_password(
    core: &Core,
    user: &User,
    previous: Option<&str>,
    proposed: &str,
    now: i64,
) -> Result<()> {
    limit::message(core, "ChangePassword", &user.sub, now)?;
    refuse_locked(core, &user.sub, now)?;
    let hash = Some(user.password_hash.as_str()).filter(|hash| !hash.is_empty());
    match (previous, hash) {
        (None, None) => {}
        (None, Some(_)) => {
            return Err(ApiError::invalid_parameter(
                "Missing required parameter PreviousPassword",
            ));
        }
        (Some(previous), hash) => {
            let right = core.passwords.verify(&user.username, previous, hash);
            settle(core, &user.sub, right, now)?;
            if !right {
                return Err(ApiError::wrong_password());
            }
        }
    }
    let definition = core.definition();
    let settings = &definition.settings;
    let new_hash = hash_password(core, &settings.password_policy, user, proposed)?;
    core.db.run(|tx| {
        let mut current = users::find(tx, &user.sub)?.ok_or_else(ApiError::user_gone)?;
        // Another change came between: the previous password is not that one any more.
        if current.password_hash != user.password_hash {
            return Err(ApiError::wrong_password());
        }
        current.set_password(new_hash, &settings.password_policy, now);
        users::raise_epoch(tx, &user.sub)?;
        users::save(tx, &current, settings).map_err(ApiError::from)
    })
}
