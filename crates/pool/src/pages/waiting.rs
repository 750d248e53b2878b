//! The challenge that a browser has to answer: its session is in the cookie `challenge`, and what
//! the page shows beside it in the database. Both are good for this browser alone.

use std::collections::BTreeMap;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::Visit;
use super::form::{cookie, set_cookie};
use crate::core::Core;
use crate::db::{digest_of, hosted_challenges};
use crate::error::{ApiError, Result};
use crate::oauth::request::AuthorizeRequest;
use crate::sign_in::{self, Challenge};

const COOKIE: &str = "challenge";

/// What the page of a challenge shows.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// Who signs in, as it was typed.
    pub(super) username: String,
    pub(super) name: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) available: Vec<String>,
    /// Of an authenticator app that is being set up, in Base32.
    pub(super) secret: Option<String>,
    client_id: String,
    /// The browser's form token, hashed.
    browser: String,
}

impl Waiting {
    /// The names in a list that a parameter holds as JSON.
    pub(super) fn list(&self, parameter: &str) -> Vec<String> {
        self.parameters
            .get(parameter)
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }
}

/// The challenge this browser was sent to for this client, and its session.
pub(super) fn find<'a>(
    core: &Core,
    visit: &'a Visit,
    request: &AuthorizeRequest,
) -> Result<Option<(&'a str, Waiting)>> {
    let Some(session) = cookie(core, &visit.headers, COOKIE) else {
        return Ok(None);
    };
    let stored = core
        .db
        .run(|tx| hosted_challenges::get(tx, session, visit.now).map_err(ApiError::from))?;
    let waiting = stored.and_then(|state| serde_json::from_str::<Waiting>(&state).ok());
    Ok(waiting
        .filter(|waiting| {
            let browser = browser(visit);
            waiting.client_id == request.client.id
                && bool::from(waiting.browser.as_bytes().ct_eq(browser.as_bytes()))
        })
        .map(|waiting| (session, waiting)))
}

/// Keeps a challenge in place of the one the browser had.
pub(super) fn keep(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    username: &str,
    challenge: Challenge,
    response: &mut Response,
) -> Result<()> {
    let mut session = challenge.session.ok_or_else(ApiError::internal)?;
    let mut waiting = Waiting {
        username: username.to_owned(),
        name: challenge.name.to_owned(),
        parameters: challenge.parameters,
        available: challenge.available.into_iter().map(str::to_owned).collect(),
        secret: None,
        client_id: request.client.id.clone(),
        browser: browser(visit),
    };
    // An app is set up with a key that the page shows from the start.
    let app = "SOFTWARE_TOKEN_MFA".to_owned();
    if waiting.name == "MFA_SETUP" && waiting.list("MFAS_CAN_SETUP").contains(&app) {
        let (secret, next) = sign_in::associate(core, &session, true, visit.now)?;
        (waiting.secret, session) = (Some(secret), next);
    }
    let state = serde_json::to_string(&waiting).map_err(|_| ApiError::internal())?;
    let seconds = core.definition().settings.auth_session_seconds;
    core.db.run(|tx| {
        hosted_challenges::purge(tx, visit.now)?;
        if let Some(old) = cookie(core, &visit.headers, COOKIE) {
            hosted_challenges::delete(tx, old)?;
        }
        hosted_challenges::insert(tx, &session, &state, visit.now + seconds).map_err(ApiError::from)
    })?;
    set_cookie(core, response, COOKIE, &session, seconds);
    Ok(())
}

pub(super) fn end(core: &Core, visit: &Visit, response: &mut Response) -> Result<()> {
    if let Some(session) = cookie(core, &visit.headers, COOKIE) {
        core.db
            .run(|tx| hosted_challenges::delete(tx, session).map_err(ApiError::from))?;
        set_cookie(core, response, COOKIE, "", 0);
    }
    Ok(())
}

fn browser(visit: &Visit) -> String {
    URL_SAFE_NO_PAD.encode(digest_of(&visit.csrf))
}
