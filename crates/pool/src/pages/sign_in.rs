use std::collections::BTreeMap;

use axum::response::Response;
use minijinja::context;

use super::render::FormState;
use super::{Visit, allow_own_scripts, challenge, found, passkeys, refused, see_other, session};
use crate::client::{AuthFlow, Client};
use crate::core::Core;
use crate::db::users::{self, User};
use crate::error::Result;
use crate::oauth::params::Params;
use crate::oauth::request::AuthorizeRequest;
use crate::settings::{FirstFactor, Mfa, Settings};
use crate::sign_in::{self, Begin, Channel};

pub(super) fn page(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let Some(form) = &visit.form else {
        let state = FormState {
            notice: match Params::parse(visit.query.as_bytes()).first("notice") {
                "confirmed" => Some("Your account is confirmed. Sign in to go on."),
                "passkey" => Some("Sign in first, then add a passkey."),
                "over" => Some("This sign-in is over, or took too long. Sign in again."),
                "password_changed" => Some("Your password is changed. Sign in with the new one."),
                _ => None,
            },
            ..FormState::default()
        };
        return Ok(show(core, visit, &request, request.login_hint(), state));
    };
    let username = form.first("username").trim();
    let settings = &core.definition().settings;
    let by_password = settings.first_factors.contains(&FirstFactor::Password);
    let choose = offers_choice(settings, &request.client) && form.first("action") == "choose";
    let (flow, parameters) = if by_password && !choose {
        let password = ("PASSWORD", form.first("password"));
        (AuthFlow::UserPassword, [password].into())
    } else if request.client.flows.contains(&AuthFlow::User) {
        (AuthFlow::User, BTreeMap::new())
    } else {
        let error = "This application has no way to sign in here: the pool takes no passwords, \
                     and its app client has no USER_AUTH.";
        return Ok(again(core, visit, &request, username, error));
    };
    let begin = Begin {
        client: &request.client,
        channel: Channel::Hosted,
        flow,
        name: username,
        parameters: &parameters,
        metadata: BTreeMap::new(),
        peer: None,
    };
    let outcome = sign_in::begin(core, &begin, visit.now);
    challenge::lead(core, visit, &request, username, outcome, None)
}

/// The page again, with what was wrong.
pub(super) fn again(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    username: &str,
    error: &str,
) -> Response {
    let state = FormState {
        error: Some(error),
        ..FormState::default()
    };
    show(core, visit, request, username, state)
}

pub(super) fn show(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    username: &str,
    state: FormState<'_>,
) -> Response {
    let settings = &core.definition().settings;
    let passkeys = passkeys::offered(core, visit, &request.client);
    let values = context! {
        username,
        by_password => settings.first_factors.contains(&FirstFactor::Password),
        choice => offers_choice(settings, &request.client),
        signs_up => settings.self_sign_up,
        passkeys,
        ..state.values.clone()
    };
    let state = FormState { values, ..state };
    let pages = &core.pages;
    let mut response = pages.form("sign_in.html", core, visit, request, &state);
    if passkeys {
        allow_own_scripts(&mut response);
    }
    response
}

/// Whether there is something else than a password to begin with.
fn offers_choice(settings: &Settings, client: &Client) -> bool {
    let codes = [FirstFactor::EmailOtp, FirstFactor::SmsOtp];
    client.flows.contains(&AuthFlow::User)
        && settings.mfa != Mfa::On
        && codes
            .iter()
            .any(|code| settings.first_factors.contains(code))
}

/// Signs the browser in and sends it back to the application with a code.
pub(super) fn admit(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    user: &User,
) -> Result<Response> {
    let mut response = found(&request.grant(core, user, visit.now, visit.now)?);
    session::begin(core, visit, user, true, &mut response)?;
    Ok(response)
}

/// The first factor was right: after the code the person need not sign in again.
pub(super) fn await_code(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    username: &str,
) -> Result<Response> {
    let mut response = see_other(
        "/confirm",
        &request.query_with_hint(username),
        Some("unconfirmed"),
    );
    if let Some(user) = core.db.run(|tx| users::find(tx, username))? {
        session::begin(core, visit, &user, false, &mut response)?;
    }
    Ok(response)
}
