use axum::response::Response;
use minijinja::context;

use super::render::FormState;
use super::told::told;
use super::{Visit, refused, see_other, session, sign_in};
use crate::core::Core;
use crate::error::Result;
use crate::oauth::params::Params;
use crate::oauth::request::AuthorizeRequest;
use crate::user;

pub(super) fn page(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let Some(form) = &visit.form else {
        let notice = match Params::parse(visit.query.as_bytes()).first("notice") {
            "unconfirmed" => Some("Your account is not confirmed yet."),
            _ => None,
        };
        let username = match request.login_hint() {
            "" => session::waiting(core, visit)?
                .map(|user| user.sign_in_name(&core.definition().settings).to_owned())
                .unwrap_or_default(),
            hint => hint.to_owned(),
        };
        let state = FormState {
            notice,
            values: context! { username },
            ..FormState::default()
        };
        return Ok(core
            .pages
            .form("confirm.html", core, visit, &request, &state));
    };
    let username = form.first("username").trim();
    let outcome = if form.first("action") == "resend" {
        user::resend_code(core, &request.client, username, visit.now)
            .map(|delivery| format!("A new code was sent to {}.", delivery.masked()))
    } else {
        match user::confirm(
            core,
            &request.client,
            username,
            form.first("code").trim(),
            false,
            visit.now,
        ) {
            Ok(user) => return go_on(core, visit, &request, username, &user.sub),
            Err(error) => Err(error),
        }
    };
    let (error, notice) = match outcome {
        Ok(notice) => (None, Some(notice)),
        Err(error) => (Some(told(&error)), None),
    };
    let state = FormState {
        error: error.as_deref(),
        notice: notice.as_deref(),
        values: context! { username },
        ..FormState::default()
    };
    Ok(core
        .pages
        .form("confirm.html", core, visit, &request, &state))
}

/// Signs in the browser that gave this user's password before; another one has to.
fn go_on(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    username: &str,
    sub: &str,
) -> Result<Response> {
    match session::waiting(core, visit)?.filter(|user| user.sub == sub) {
        Some(user) => sign_in::admit(core, visit, request, &user),
        None => Ok(see_other(
            "/login",
            &request.query_with_hint(username),
            Some("confirmed"),
        )),
    }
}
