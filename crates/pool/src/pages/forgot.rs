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
    let Some(form) = &visit.form else {
        let values = context! { username => request.login_hint() };
        let state = FormState {
            values,
            ..FormState::default()
        };
        return Ok(core
            .pages
            .form("forgot.html", core, visit, &request, &state));
    };
    let username = form.first("username").trim();
    match user::forgot_password(core, &request.client, username, visit.now) {
        Ok(_) => Ok(see_other(
            "/confirmforgotPassword",
            &request.query_with_hint(username),
            None,
        )),
        Err(error) => {
            let values = context! { username };
            let state = FormState {
                error: Some(&told(&error)),
                values,
                ..FormState::default()
            };
            Ok(core
                .pages
                .form("forgot.html", core, visit, &request, &state))
        }
    }
}
