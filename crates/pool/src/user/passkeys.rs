//! How a user gets a passkey.

use serde_json::Value;

use crate::core::Core;
use crate::db::users::User;
use crate::db::{web_authn, web_authn_ceremonies as ceremonies};
use crate::error::{ApiError, Result};
use crate::web_authn::{Answer, Ceremony, CreationOptions, Registration, WebAuthnError};

/// Passkeys a user can have.
const LIMIT: usize = 20;

/// Who registers a passkey, and by which right.
pub(crate) struct Registrant<'a> {
    pub(crate) user: &'a User,
    pub(crate) client_id: &'a str,
    /// What the user was known by: with each, one registration at a time.
    pub(crate) token: &'a str,
}

/// Begins a registration: `PublicKeyCredentialCreationOptionsJSON`.
///
/// # Errors
/// When there are no passkeys here, or the user has as many as there can be.
pub(crate) fn start(core: &Core, registrant: &Registrant<'_>, now: i64) -> Result<Value> {
    let definition = core.definition();
    let settings = &definition.settings;
    refuse_disabled(core)?;
    let rp_id = settings.passkeys.relying_party().ok_or_else(|| {
        ApiError::new(
            "WebAuthnConfigurationMissingException",
            "The user pool has no relying party ID: set passkeys.relying_party_id.",
        )
    })?;
    let user = registrant.user;
    let ceremony = Ceremony::begin(
        &core.random,
        &rp_id,
        &user.sub,
        registrant.client_id,
        settings.passkeys.user_verification,
        now + settings.auth_session_seconds,
    );
    let held = core.db.run(|tx| {
        let held = web_authn::of_user(tx, &user.sub)?;
        refuse_more(held.len())?;
        ceremonies::purge(tx, now)?;
        ceremonies::keep(tx, &user.sub, registrant.token, &ceremony)?;
        Ok::<_, ApiError>(held)
    })?;
    let name = user.shown_name();
    let options = CreationOptions::new(&ceremony, name, name, &held);
    serde_json::to_value(options).map_err(|_| ApiError::internal())
}

/// Keeps the passkey that was made: a `RegistrationResponseJSON`. Its registration is spent, be
/// it right or wrong.
///
/// # Errors
/// As `CompleteWebAuthnRegistration` declares them.
pub(crate) fn complete(
    core: &Core,
    user: &User,
    client_id: &str,
    credential: &[u8],
    now: i64,
) -> Result<()> {
    refuse_disabled(core)?;
    let registration = Registration::parse(credential)?;
    let challenge = registration.challenge()?;
    let taken = core
        .db
        .run(|tx| ceremonies::take(tx, &user.sub, &challenge))?;
    let ceremony = taken.ok_or(WebAuthnError::ChallengeNotFound)?;
    let rp_id = core.definition().settings.passkeys.relying_party();
    if rp_id.as_ref() != Some(&ceremony.rp_id) {
        return Err(WebAuthnError::RelyingPartyMismatch.into());
    }
    let answer = Answer {
        client_id,
        origins: None,
        now,
    };
    let credential = registration.verify(&ceremony, &answer)?;
    core.db.run(|tx| {
        refuse_more(web_authn::of_user(tx, &user.sub)?.len())?;
        if web_authn::get(tx, &credential.id)?.is_some() {
            return Err(WebAuthnError::NotValid("this passkey is registered already").into());
        }
        web_authn::insert(tx, &user.sub, &credential).map_err(ApiError::from)
    })
}

fn refuse_disabled(core: &Core) -> Result<()> {
    if core.definition().settings.passkeys.enabled {
        return Ok(());
    }
    Err(ApiError::new(
        "WebAuthnNotEnabledException",
        "Passkeys are not enabled for the user pool: set passkeys.enabled.",
    ))
}

fn refuse_more(held: usize) -> Result<()> {
    if held < LIMIT {
        return Ok(());
    }
    Err(ApiError::new(
        "LimitExceededException",
        format!("A user can have {LIMIT} passkeys: delete one first."),
    ))
}

impl From<WebAuthnError> for ApiError {
    fn from(error: WebAuthnError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}
