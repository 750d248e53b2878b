//! The second factor, where the pool or the user asks for one: which it is, and the choice.

use std::collections::BTreeMap;

use serde_json::json;

use super::next::challenge as issue;
use super::{Awaits, Outcome, SignIn, mfa_setup, one_time_code, required, software_token};
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::settings::{Mfa, SecondFactor};
use crate::user::mfa::{address_of, usable_factors};
use crate::user::refuse_locked;

/// The challenge that has to be answered first, if any.
///
/// # Errors
/// `NotAuthorizedException` after too many wrong codes.
pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    now: i64,
) -> Result<Option<Outcome>> {
    let definition = core.definition();
    let settings = &definition.settings;
    if settings.mfa == Mfa::Off || is_first(user) {
        return Ok(None);
    }
    refuse_locked(core, &subject(&user.sub), now)?;
    let usable = usable_factors(user, settings);
    let preferred = user.mfa.preferred.filter(|one| usable.contains(one));
    match (preferred.as_slice(), usable.as_slice()) {
        ([factor], _) | ([], [factor]) => ask(core, sign_in, user, *factor, now).map(Some),
        (_, []) if settings.mfa == Mfa::Optional => Ok(None),
        (_, []) => mfa_setup::challenge(core, sign_in, user, now).map(Some),
        _ => {
            let names: Vec<_> = usable.iter().map(|factor| factor.name()).collect();
            let parameters = parameters(user, [("MFAS_CAN_CHOOSE", json!(names).to_string())]);
            issue(core, sign_in, Awaits::SelectMfaType, parameters, now).map(Some)
        }
    }
}

/// Takes the answer to `SELECT_MFA_TYPE`.
///
/// # Errors
/// `MFAMethodNotFoundException` for a factor the user cannot be asked for.
pub(super) fn select(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<&User>,
    given: &BTreeMap<&str, &str>,
    now: i64,
) -> Result<Outcome> {
    let user = user.ok_or_else(ApiError::wrong_password)?;
    let answer = required(given, "ANSWER")?;
    let factor = SecondFactor::named(answer)
        .filter(|factor| usable_factors(user, &core.definition().settings).contains(factor))
        .ok_or_else(|| {
            ApiError::new(
                "MFAMethodNotFoundException",
                "The MFA method that was chosen is not set up for the user.",
            )
        })?;
    ask(core, sign_in, user, factor, now)
}

/// The parameters of a second factor's challenge.
pub(super) fn parameters<const N: usize>(
    user: &User,
    own: [(&str, String); N],
) -> BTreeMap<String, String> {
    let id = ("USER_ID_FOR_SRP", user.username.clone());
    own.into_iter()
        .chain([id])
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// What wrong codes are counted under: a right password, which a thief may have, does not
/// forgive them.
pub(super) fn subject(sub: &str) -> String {
    format!("{sub} second factor")
}

fn ask(
    core: &Core,
    sign_in: &mut SignIn,
    user: &User,
    factor: SecondFactor,
    now: i64,
) -> Result<Outcome> {
    match address_of(factor) {
        None => software_token::challenge(core, sign_in, user, now),
        Some(address) => one_time_code::second_factor(core, sign_in, user, address, now),
    }
}

/// Somebody who has just signed up gets tokens, to set a factor up with, even where one is
/// required. Who was invited does not, and neither does who has one already.
fn is_first(user: &User) -> bool {
    user.signed_in_at.is_none()
        && !user.mfa.invited
        && user.mfa.enabled.is_empty()
        && user.mfa.software_token.is_none()
}
