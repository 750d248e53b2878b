use std::collections::BTreeMap;

use axum::response::Response;
use minijinja::context;

use super::render::FormState;
use super::{Visit, refused, see_other, session};
use crate::core::Core;
use crate::error::Result;
use crate::oauth::request::AuthorizeRequest;
use crate::user::{self, NewUser};

pub(super) fn page(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let password_hint = Some(core.definition().settings.password_policy.sentence());
    let Some(form) = &visit.form else {
        let values = context! { email => request.login_hint() };
        let state = FormState {
            values,
            password_hint,
            ..FormState::default()
        };
        return Ok(core.pages.form("sign_up.html", visit, &request, &state));
    };
    let username = form.first("email").trim();
    let attributes: BTreeMap<_, _> = ["given_name", "family_name"]
        .map(|name| (name.to_owned(), form.first(name).trim().to_owned()))
        .into();
    let new = NewUser {
        username,
        password: Some(form.first("password")),
        attributes,
    };
    match user::sign_up(core, &request.client, new, visit.now) {
        Ok((user, _)) => {
            let mut response = see_other("/confirm", &request.query_with_hint(username), None);
            session::begin(core, visit, &user, false, &mut response)?;
            Ok(response)
        }
        Err(error) => {
            let error = match &*error.kind {
                "UsernameExistsException" => "There is already an account with this email.",
                _ => &error.message,
            };
            let values = context! {
                email => username,
                given_name => form.first("given_name"),
                family_name => form.first("family_name"),
            };
            let state = FormState {
                error: Some(error),
                values,
                password_hint,
                notice: None,
            };
            Ok(core.pages.form("sign_up.html", visit, &request, &state))
        }
    }
}
