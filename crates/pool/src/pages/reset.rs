use axum::response::Response;
use minijinja::context;

use super::render::FormState;
use super::told::told;
use super::{Visit, refused, see_other};
use crate::core::Core;
use crate::error::Result;
use crate::oauth::request::AuthorizeRequest;
use crate::user;

pub(super) fn page(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let password_hint = Some(core.definition().settings.password_policy.sentence());
    let Some(form) = &visit.form else {
        let values = context! { username => request.login_hint() };
        let state = FormState {
            values,
            password_hint,
            ..FormState::default()
        };
        return Ok(core.pages.form("reset.html", core, visit, &request, &state));
    };
    let username = form.first("username").trim();
    let code = form.first("code").trim();
    match user::reset_password(
        core,
        &request.client,
        username,
        code,
        form.first("password"),
        visit.now,
    ) {
        Ok(()) => Ok(see_other(
            "/login",
            &request.query_with_hint(username),
            Some("password_changed"),
        )),
        Err(error) => {
            let values = context! { username, code };
            let error = told(&error);
            let error = Some(&*error);
            let state = FormState {
                error,
                values,
                password_hint,
                notice: None,
            };
            Ok(core.pages.form("reset.html", core, visit, &request, &state))
        }
    }
}
