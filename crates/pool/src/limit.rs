//! What Cognito limits by the clock: calls a second, and how often in an hour something is done
//! for one user. Counted in memory by the pool's own clock; `settings.limits` says what holds.
//! The numbers are those of Cognito's page of quotas.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde_json::{Map, Value};

use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::model::OperationModel;
use crate::token;

const HOUR: i64 = 3600;
/// How often an hour one user gets a code of one operation, or changes his password.
const MESSAGES: u32 = 5;
/// Calls a second of one user, reading and writing each.
const OF_USER: u32 = 10;
/// The most counters that are kept; those used longest ago make room.
const KEPT: usize = 50_000;

/// How often what was done lately, and by whom.
#[derive(Default)]
pub(crate) struct Limits(Mutex<Table>);

/// Two halves: when the first is full it becomes the second, whose counters are forgotten unless
/// they are asked for again.
#[derive(Default)]
struct Table {
    recent: HashMap<Key, Window>,
    older: HashMap<Key, Window>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    what: &'static str,
    who: String,
}

#[derive(Clone, Copy)]
struct Window {
    since: i64,
    count: u32,
}

impl Limits {
    /// Counts one more unless `allowed` were counted in these seconds.
    fn take(&self, what: &'static str, who: &str, allowed: u32, seconds: i64, now: i64) -> bool {
        let key = Key {
            what,
            who: who.to_owned(),
        };
        let mut table = self.0.lock();
        let found = table.recent.remove(&key);
        let mut window = found
            .or_else(|| table.older.remove(&key))
            .filter(|window| (0..seconds).contains(&(now - window.since)))
            .unwrap_or(Window {
                since: now,
                count: 0,
            });
        let free = window.count < allowed;
        if free {
            window.count += 1;
        }
        if table.recent.len() >= KEPT / 2 {
            table.older = std::mem::take(&mut table.recent);
        }
        table.recent.insert(key, window);
        free
    }

    pub(crate) fn clear(&self) {
        *self.0.lock() = Table::default();
    }
}

/// Counts one more message (or change of password) for a subject, whether or not it exists.
///
/// # Errors
/// `LimitExceededException`.
pub(crate) fn message(core: &Core, what: &'static str, subject: &str, now: i64) -> Result<()> {
    let limited = core.definition().settings.limits.messages;
    if !limited || core.limits.take(what, subject, MESSAGES, HOUR, now) {
        return Ok(());
    }
    Err(ApiError::new(
        "LimitExceededException",
        "Attempt limit exceeded, please try after some time.",
    ))
}

/// Counts one more call, of its category and of the user whose access token it brings.
///
/// # Errors
/// `TooManyRequestsException`, from operations that declare it.
pub(crate) fn request(
    core: &Core,
    operation: &'static str,
    model: &OperationModel,
    members: &Map<String, Value>,
    now: i64,
) -> Result<()> {
    let limited = core.definition().settings.limits.requests;
    if !limited || !model.declares("TooManyRequestsException") {
        return Ok(());
    }
    let (category, rate) = category(operation);
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let of_user = match text("AccessToken").and_then(|token| token::signed_sub(core, token)) {
        Some(sub) if reads(operation) => core.limits.take("reads", &sub, OF_USER, 1, now),
        Some(sub) => core.limits.take("writes", &sub, OF_USER, 1, now),
        None => true,
    };
    // Answers to challenges have an allowance of their own, of three times the category's.
    let own = matches!(
        operation,
        "RespondToAuthChallenge" | "AdminRespondToAuthChallenge"
    ) && core.limits.take("challenges", "", 3 * rate, 1, now);
    if of_user && (own || core.limits.take(category, "", rate, 1, now)) {
        return Ok(());
    }
    Err(ApiError::new(
        "TooManyRequestsException",
        "Too many requests",
    ))
}

fn reads(operation: &str) -> bool {
    operation.starts_with("Get") || operation.starts_with("List")
}

/// The category of an operation and its calls a second.
fn category(operation: &str) -> (&'static str, u32) {
    match operation {
        "InitiateAuth"
        | "RespondToAuthChallenge"
        | "GetTokensFromRefreshToken"
        | "AdminInitiateAuth"
        | "AdminRespondToAuthChallenge" => ("UserAuthentication", 120),
        "SignUp" | "ConfirmSignUp" | "AdminCreateUser" | "AdminConfirmSignUp" => {
            ("UserCreation", 50)
        }
        "ForgotPassword"
        | "ConfirmForgotPassword"
        | "ChangePassword"
        | "AdminResetUserPassword"
        | "AdminSetUserPassword" => ("UserAccountRecovery", 30),
        "GetUser" | "GetUserAuthFactors" | "AdminGetUser" => ("UserRead", 120),
        "DeleteUser"
        | "DeleteUserAttributes"
        | "GlobalSignOut"
        | "UpdateUserAttributes"
        | "VerifyUserAttribute"
        | "AdminAddUserToGroup"
        | "AdminDeleteUser"
        | "AdminDeleteUserAttributes"
        | "AdminDisableUser"
        | "AdminEnableUser"
        | "AdminRemoveUserFromGroup"
        | "AdminUpdateUserAttributes"
        | "AdminUserGlobalSignOut" => ("UserUpdate", 25),
        "RevokeToken" => ("UserToken", 120),
        "ListUsers" | "ListUsersInGroup" => ("UserList", 30),
        "GetDevice"
        | "GetUserAttributeVerificationCode"
        | "ListDevices"
        | "ListUserSessions"
        | "ListWebAuthnCredentials"
        | "ResendConfirmationCode"
        | "AdminListGroupsForUser" => ("UserResourceRead", 50),
        "GetGroup" | "ListGroups" => ("UserPoolRead", 15),
        _ if operation.starts_with("Describe") || operation.contains("UserPool") => {
            ("UserPoolRead", 15)
        }
        _ if operation.ends_with("Group") => ("UserPoolUpdate", 15),
        _ => ("UserResourceUpdate", 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_so_many_and_then_begins_anew() {
        let limits = Limits::default();
        let take = |now| limits.take("x", "a", 2, 10, now);
        assert_eq!([100, 109, 109, 110].map(take), [true, true, false, true]);
        assert!(limits.take("x", "b", 2, 10, 100), "another's own");
        assert!(limits.take("y", "a", 2, 10, 110), "another thing");
        // A clock set back opens a new window rather than none for ever.
        assert!(take(5));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_those_asked_for_longest_ago() {
        let limits = Limits::default();
        assert!(limits.take("x", "first", 1, HOUR, 0));
        for other in 0..2 * KEPT {
            assert!(limits.take("x", &other.to_string(), 1, HOUR, 0));
            if other % 1000 == 0 {
                assert!(!limits.take("x", "first", 1, HOUR, 0), "in use: kept");
            }
        }
        let table = limits.0.lock();
        assert!(table.recent.len() + table.older.len() <= KEPT);
    }
}
