use std::collections::BTreeMap;

use axum::response::Response;
use minijinja::context;

use super::render::FormState;
use super::{Visit, found, refused, see_other, session};
use crate::client::AuthFlow;
use crate::core::Core;
use crate::db::users::{self, User};
use crate::error::Result;
use crate::oauth::params::Params;
use crate::oauth::request::AuthorizeRequest;
use crate::sign_in::{self, Begin, Channel, Outcome};

pub(super) fn page(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let Some(form) = &visit.form else {
        let notice = match Params::parse(visit.query.as_bytes()).first("notice") {
            "confirmed" => Some("Your account is confirmed. Sign in to go on."),
            "password_changed" => Some("Your password is changed. Sign in with the new one."),
            _ => None,
        };
        let values = context! { username => request.login_hint() };
        let state = FormState {
            notice,
            values,
            ..FormState::default()
        };
        return Ok(core.pages.form("sign_in.html", visit, &request, &state));
    };
    let username = form.first("username").trim();
    let begin = Begin {
        client: &request.client,
        channel: Channel::Hosted,
        flow: AuthFlow::UserPassword,
        name: username,
        parameters: &[("PASSWORD", form.first("password"))].into(),
        metadata: BTreeMap::new(),
    };
    let error = match sign_in::begin(core, &begin, visit.now) {
        Ok(Outcome::Done(done)) => return admit(core, visit, &request, &done.user),
        Ok(Outcome::Challenge(challenge)) if challenge.name == "NEW_PASSWORD_REQUIRED" => {
            "Your password is temporary. Choose a new one with \"Forgot password?\".".to_owned()
        }
        Ok(Outcome::Challenge(_)) => {
            "This pool asks for a second factor, which these pages do not offer.".to_owned()
        }
        Err(error) if error.kind == "UserNotConfirmedException" => {
            return await_code(core, visit, &request, username);
        }
        Err(error) => error.message.into_owned(),
    };
    let values = context! { username };
    let state = FormState {
        error: Some(&error),
        values,
        ..FormState::default()
    };
    Ok(core.pages.form("sign_in.html", visit, &request, &state))
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

/// The password was right: after the code the person need not sign in again.
fn await_code(
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
