//! `WEB_AUTHN`: the user shows a passkey.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::next::{after_first_factor, challenge};
use super::{Awaits, Outcome, SignIn, required};
use crate::core::Core;
use crate::db::users::User;
use crate::db::web_authn;
use crate::error::{ApiError, Result};
use crate::settings::FirstFactor;
use crate::web_authn::{Answer, Assertion, Ceremony, Credential, RequestOptions, WebAuthnError};

type Given<'a> = BTreeMap<&'a str, &'a str>;

/// Whether the user has a passkey to show; a name nobody has may seem to.
pub(super) fn is_offered(core: &Core, sign_in: &SignIn, user: Option<&User>) -> Result<bool> {
    Ok(!held(core, sign_in, user)?.is_empty())
}

/// Goes on with the passkey that came with the choice, or asks for one.
pub(super) fn chosen(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    given: &Given<'_>,
    now: i64,
) -> Result<Outcome> {
    if sign_in.ceremony.is_some() && given.contains_key("CREDENTIAL") {
        let user = answer(core, sign_in, user, given, now)?;
        return after_first_factor(core, sign_in, user, now);
    }
    let parameters = ask(core, sign_in, user.as_ref(), now)?;
    challenge(core, sign_in, Awaits::WebAuthn, parameters, now)
}

/// Begins a ceremony: `CREDENTIAL_REQUEST_OPTIONS`. Nothing for a user without passkeys.
pub(super) fn ask(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<&User>,
    now: i64,
) -> Result<BTreeMap<String, String>> {
    let held = held(core, sign_in, user)?;
    let Some(first) = held.first() else {
        return Ok(BTreeMap::new());
    };
    let settings = &core.definition().settings;
    let ceremony = sign_in.ceremony.insert(Ceremony::begin(
        &core.random,
        &first.rp_id,
        &sign_in.subject(),
        &sign_in.client_id,
        settings.passkeys.user_verification,
        now + settings.auth_session_seconds,
    ));
    let options = serde_json::to_string(&RequestOptions::new(ceremony, &held))
        .map_err(|_| ApiError::internal())?;
    Ok([("CREDENTIAL_REQUEST_OPTIONS".to_owned(), options)].into())
}

/// Checks `CREDENTIAL`, an `AuthenticationResponseJSON`.
///
/// # Errors
/// `NotAuthorizedException`, whatever is wrong with it.
pub(super) fn answer(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<User>,
    given: &Given<'_>,
    now: i64,
) -> Result<User> {
    let credential = required(given, "CREDENTIAL")?;
    let ceremony = sign_in.ceremony.take().ok_or_else(wrong_passkey)?;
    let user_verified = core
        .db
        .run(|tx| verify(core, tx, sign_in, user.as_ref(), credential, &ceremony, now))?;
    let user = user.ok_or_else(wrong_passkey)?;
    sign_in.first_factor = Some(FirstFactor::WebAuthn);
    if user_verified && core.definition().settings.passkeys.multi_factor {
        sign_in.second_factor = true;
    }
    Ok(user)
}

/// Whether the passkey's user was verified too. Reads and stores the passkey's count in one
/// transaction, so that of two copies one is refused.
fn verify(
    core: &Core,
    db: &Connection,
    sign_in: &SignIn,
    user: Option<&User>,
    credential: &str,
    ceremony: &Ceremony,
    now: i64,
) -> Result<bool> {
    let assertion = Assertion::parse(credential.as_bytes()).map_err(refused)?;
    let answer = Answer {
        client_id: &sign_in.client_id,
        origins: None,
        now,
    };
    let held = held_in(db, core, sign_in, user)?;
    let held = held
        .iter()
        .find(|held| held.id == *assertion.credential_id())
        .ok_or_else(wrong_passkey)?;
    let verified = assertion.verify(ceremony, &answer, held).map_err(refused)?;
    web_authn::update(db, &verified.credential)?;
    Ok(verified.user_verified)
}

fn held(core: &Core, sign_in: &SignIn, user: Option<&User>) -> Result<Vec<Credential>> {
    core.db.run(|tx| held_in(tx, core, sign_in, user))
}

/// The passkeys that sign the user in, if any do.
fn held_in(
    db: &Connection,
    core: &Core,
    sign_in: &SignIn,
    user: Option<&User>,
) -> Result<Vec<Credential>> {
    let settings = &core.definition().settings;
    let allowed = settings.first_factors.contains(&FirstFactor::WebAuthn);
    let Some(rp_id) = settings.passkeys.relying_party().filter(|_| allowed) else {
        return Ok(Vec::new());
    };
    let Some(user) = user else {
        return Ok(decoy(core, &sign_in.subject(), &rp_id));
    };
    let mut held = web_authn::of_user(db, &user.sub)?;
    held.retain(|credential| credential.rp_id == rp_id);
    Ok(held)
}

/// What a name nobody has seems to hold: a passkey in half of the cases, always the same. So
/// neither having one nor having none says that there is such a user.
fn decoy(core: &Core, subject: &str, rp_id: &str) -> Vec<Credential> {
    let [chance] = core.passwords.decoy("whether a passkey", subject);
    let id = core.passwords.decoy("passkey", subject);
    (chance < 0x80)
        .then(|| Credential::decoy(id, subject, rp_id))
        .into_iter()
        .collect()
}

/// Why is for the developer's log: who tries is told nothing.
pub(super) fn refused(why: WebAuthnError) -> ApiError {
    tracing::info!(%why, "a sign-in with a passkey is refused");
    wrong_passkey()
}

pub(super) fn wrong_passkey() -> ApiError {
    ApiError::not_authorized("Incorrect username or passkey.")
}
