//! `PASSWORD_VERIFIER`: the password is proven by SRP and never sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Answer, Awaits, Challenge, Outcome, SignIn, required, session};
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::options::pool_name;
use crate::settings::FirstFactor;
use crate::srp::{self, Claim, Verifier};
use crate::user::{refuse_locked, settle};

/// Asks for the proof of the password. A name nobody has is asked in the same way.
///
/// # Errors
/// `NotAuthorizedException` for an A that no client makes.
pub(super) fn challenge(
    core: &Core,
    sign_in: &mut SignIn,
    user: Option<&User>,
    a: &str,
    now: i64,
) -> Result<Outcome> {
    let secret = password_of(core, sign_in, user);
    let shown = [
        ("USER_ID_FOR_SRP", secret.id.as_str()),
        ("USERNAME", secret.id.as_str()),
    ];
    let awaits = |exchange| Awaits::PasswordVerifier { exchange };
    issue(core, sign_in, &secret, &shown, a, awaits, now)
}

/// Judges the proof and counts failures. It takes as long for a name nobody has.
///
/// # Errors
/// `NotAuthorizedException`: wrong or locked.
pub(super) fn check(
    core: &Core,
    sign_in: &mut SignIn,
    exchange: &str,
    user: Option<User>,
    answer: &Answer<'_>,
    now: i64,
) -> Result<User> {
    let secret = password_of(core, sign_in, user.as_ref());
    let right = is_proven(core, sign_in, &secret, exchange, answer, now)?;
    let user = user.filter(|user| right && !user.password_hash.is_empty());
    settle(core, &sign_in.subject(), user.is_some(), now)?;
    let user = user.ok_or_else(ApiError::wrong_password)?;
    sign_in.first_factor = Some(FirstFactor::Password);
    Ok(user)
}

/// Something a client knows and does not tell.
pub(super) struct Secret {
    /// The pool's name, or the device group key.
    pub(super) prefix: String,
    /// The user's or the device's.
    pub(super) id: String,
    pub(super) verifier: Verifier,
}

/// Answers `SRP_A`. The secret block is the session: it works once, for a while, and there is
/// no other.
pub(super) fn issue(
    core: &Core,
    sign_in: &mut SignIn,
    secret: &Secret,
    shown: &[(&str, &str)],
    a: &str,
    awaits: impl FnOnce(String) -> Awaits,
    now: i64,
) -> Result<Outcome> {
    let exchange = srp::Challenge::begin(&secret.verifier, a, &core.random)?;
    sign_in.awaits = awaits(exchange.to_text().to_string());
    let block = core.random.secret_block();
    session::keep_under(core, sign_in, &block, now)?;
    let mut parameters: std::collections::BTreeMap<_, _> = shown
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    parameters.insert("SALT".to_owned(), secret.verifier.salt_hex());
    parameters.insert("SRP_B".to_owned(), exchange.public_b_hex());
    parameters.insert("SECRET_BLOCK".to_owned(), block);
    Ok(Outcome::Challenge(Challenge {
        name: sign_in.awaits.name(),
        session: None,
        parameters,
        available: Vec::new(),
    }))
}

/// Whether the answer proves the secret. Nothing is judged while the user is locked.
///
/// # Errors
/// `InvalidParameterException` for an answer that is not complete, `NotAuthorizedException`
/// while locked.
pub(super) fn is_proven(
    core: &Core,
    sign_in: &SignIn,
    secret: &Secret,
    exchange: &str,
    answer: &Answer<'_>,
    now: i64,
) -> Result<bool> {
    let exchange = srp::Challenge::from_text(exchange).ok_or_else(ApiError::internal)?;
    let block = required(answer.responses, "PASSWORD_CLAIM_SECRET_BLOCK")?;
    // It is in base64, or it would not have been found.
    let block = STANDARD.decode(block).map_err(|_| ApiError::internal())?;
    let claim = Claim {
        prefix: &secret.prefix,
        id: &secret.id,
        secret_block: &block,
        timestamp: required(answer.responses, "TIMESTAMP")?,
        signature: required(answer.responses, "PASSWORD_CLAIM_SIGNATURE")?,
    };
    refuse_locked(core, &sign_in.subject(), now)?;
    // The client has no other clock than the machine's, wherever the pool's was put.
    Ok(exchange.prove(&secret.verifier, &claim, &[now, core.clock.system()]))
}

fn password_of(core: &Core, sign_in: &SignIn, user: Option<&User>) -> Secret {
    let id = user.map_or_else(|| sign_in.decoy_id(core), |user| user.username.clone());
    let name = user.map_or(sign_in.name.as_str(), |user| user.username.as_str());
    let stored = user
        .map(|user| user.password_hash.as_str())
        .filter(|stored| !stored.is_empty());
    Secret {
        prefix: pool_name().to_owned(),
        verifier: core.passwords.verifier(name, stored),
        id,
    }
}
