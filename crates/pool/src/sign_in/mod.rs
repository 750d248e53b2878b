//! A sign-in from the first call to the last: which factor is asked for, what is waited for,
//! and when it is done. The API, its administrators' twins and the hosted pages all come here.
//!
//! [`begin`] and [`respond`] lead to an [`Outcome`]: a challenge to answer, or a user who has
//! shown everything the pool asks for. [`next`](mod@next) holds the order of the steps; each
//! kind of factor has a file that issues its challenge and judges its answer.

mod any_passkey;
mod custom;
mod decoy;
mod device;
mod first_factor;
mod mfa_setup;
mod new_password;
mod next;
mod one_time_code;
mod password;
mod second_factor;
mod session;
mod signed_up;
mod size;
mod software_token;
mod srp;
mod state;
mod web_authn;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::client::{AuthFlow, Client};
use crate::core::Core;
use crate::db::users::{self, User};
use crate::error::{ApiError, Result};
use crate::user;

pub(crate) use any_passkey::{ask_for_any_passkey, by_any_passkey};
pub(crate) use first_factor::configured_factors;
pub(crate) use mfa_setup::{associate, verify};
pub(crate) use session::waits;
pub(crate) use signed_up::{confirmed, confirmed_alone, signed_up, straight_in};
pub(crate) use state::{Awaits, Channel, SignIn};

/// A sign-in that begins.
pub(crate) struct Begin<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) channel: Channel,
    pub(crate) flow: AuthFlow,
    /// `USERNAME`, as it was typed.
    pub(crate) name: &'a str,
    /// All of `AuthParameters`.
    pub(crate) parameters: &'a BTreeMap<&'a str, &'a str>,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Where the call comes from; the pages do not say.
    pub(crate) peer: Option<IpAddr>,
}

/// The answer to a challenge.
pub(crate) struct Answer<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) channel: Channel,
    pub(crate) challenge: &'a str,
    pub(crate) session: Option<&'a str>,
    /// All of `ChallengeResponses`.
    pub(crate) responses: &'a BTreeMap<&'a str, &'a str>,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Where the call comes from; the pages do not say.
    pub(crate) peer: Option<IpAddr>,
}

/// Where a step leads.
pub(crate) enum Outcome {
    Challenge(Challenge),
    Done(Box<Done>),
}

/// What the client has to answer.
pub(crate) struct Challenge {
    pub(crate) name: &'static str,
    pub(crate) session: Option<String>,
    pub(crate) parameters: BTreeMap<String, String>,
    /// With `SELECT_CHALLENGE`: what there is to choose from.
    pub(crate) available: Vec<&'static str>,
}

/// A user who has shown everything.
pub(crate) struct Done {
    pub(crate) user: User,
    /// Where devices are tracked, the one that tokens are given to.
    pub(crate) device: Option<SeenDevice>,
}

/// A device somebody has signed in on.
pub(crate) struct SeenDevice {
    pub(crate) key: String,
    /// It has just been given the key.
    pub(crate) is_new: bool,
}

/// Starts a sign-in.
///
/// # Errors
/// In Cognito's words; a wrong password is one.
pub(crate) fn begin(core: &Core, begin: &Begin<'_>, now: i64) -> Result<Outcome> {
    let name = begin.name;
    size::refuse_long(&[("USERNAME", name)].into())?;
    size::refuse_long(begin.parameters)?;
    let named = user::look_up(core, begin.client, name)?;
    if named.user.is_none() && !named.hide {
        return Err(ApiError::user_not_found("User does not exist."));
    }
    let mut sign_in = SignIn::new(begin, &named);
    first_factor::begin(core, &mut sign_in, named.user, begin.parameters, now)
}

/// What is wrong with an answer that can be put right: the session is left to try again with.
const LEAVES_SESSION: [&str; 8] = [
    "AliasExistsException",
    "CodeMismatchException",
    "ExpiredCodeException",
    "InvalidParameterException",
    "InvalidPasswordException",
    "MFAMethodNotFoundException",
    "PasswordHistoryPolicyViolationException",
    // A forgotten device: clients send the same answer again without it.
    "ResourceNotFoundException",
];

/// Takes the answer to a challenge, which spends the session unless the answer can be put right.
///
/// # Errors
/// In Cognito's words.
pub(crate) fn respond(core: &Core, answer: &Answer<'_>, now: i64) -> Result<Outcome> {
    size::refuse_long(answer.responses)?;
    let name = required(answer.responses, "USERNAME")?;
    let session = session::of(core, answer)?;
    let mut sign_in = session::take(core, answer, &session, now)?;
    let before = sign_in.clone();
    let user = core.db.run(|tx| {
        let named =
            users::find(tx, name)?.map_or_else(|| user::decoy_subject(name), |user| user.sub);
        let user = match &sign_in.sub {
            Some(sub) => users::find(tx, sub)?,
            None => None,
        };
        // The session is of one user, whatever name is sent along.
        (named == sign_in.subject() || sign_in.is_decoy_id(core, name))
            .then_some(user)
            .ok_or_else(|| ApiError::not_authorized("Invalid session for the user."))
    })?;
    sign_in.peer = answer.peer;
    sign_in.metadata.clone_from(&answer.metadata);
    if let (Some(key), false) = (answer.responses.get("DEVICE_KEY"), sign_in.asks_device()) {
        sign_in.device_key = Some((*key).to_owned());
    }
    let outcome = next::after_answer(core, &mut sign_in, user, answer, now);
    if let Err(error) = &outcome
        && LEAVES_SESSION.contains(&&*error.kind)
    {
        session::give_back_taken(core, &session, &before)?;
    }
    outcome
}

/// A parameter that the step cannot do without.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn required<'a>(parameters: &BTreeMap<&'a str, &'a str>, name: &str) -> Result<&'a str> {
    parameters
        .get(name)
        .copied()
        .filter(|value| !value.is_empty())
        .ok_or_else(|| ApiError::invalid_parameter(format!("Missing required parameter {name}")))
}
