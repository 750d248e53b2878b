use std::collections::BTreeMap;

use axum::response::Response;
use minijinja::{Value, context};

use super::render::FormState;
use super::told::told;
use super::{Visit, identifier, refused, see_other, session, sign_in};
use crate::core::Core;
use crate::error::Result;
use crate::oauth::params::Params;
use crate::oauth::request::AuthorizeRequest;
use crate::settings::Settings;
use crate::user::{self, NewUser};

pub(super) fn page(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let settings = &core.definition().settings;
    let Some(form) = &visit.form else {
        let hint = Params::parse(b"");
        let values = values(settings, request.login_hint(), &hint);
        return Ok(show(core, visit, &request, values, None));
    };
    let username = form.first("username").trim();
    let required = identifier::required(settings);
    let attributes: BTreeMap<_, _> = ["email", "phone_number"]
        .into_iter()
        .chain(identifier::NAMES)
        .chain(required.iter().map(|(name, _)| name.as_str()))
        .map(|name| (name.to_owned(), form.first(name).trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let new = NewUser {
        username,
        password: Some(form.first("password")),
        attributes,
    };
    match user::sign_up(core, &request.client, new, visit.now) {
        Ok((user, Some(_))) => {
            let mut response = see_other("/confirm", &request.query_with_hint(username), None);
            session::begin(core, visit, &user, false, &mut response)?;
            Ok(response)
        }
        Ok((_, None)) => {
            let error = "Your account is made. Whoever runs the application has to confirm it: \
                         there is no address to send a code to.";
            Ok(sign_in::again(core, visit, &request, username, error))
        }
        Err(error) => {
            let error = match &*error.kind {
                "UsernameExistsException" => "There is already an account with this name.".into(),
                _ => told(&error),
            };
            let values = values(settings, username, form);
            Ok(show(core, visit, &request, values, Some(&error)))
        }
    }
}

/// The fields again; never the password.
fn values(settings: &Settings, username: &str, form: &Params) -> Value {
    let addresses: Vec<_> = identifier::addresses(settings)
        .into_iter()
        .map(|(name, label, kind)| context! { name, label, kind, value => form.first(name) })
        .collect();
    let required: Vec<_> = identifier::required(settings)
        .into_iter()
        .map(|(name, label)| context! { value => form.first(&name), name, label })
        .collect();
    let needs = |name: &str| settings.required_attributes.contains(name);
    context! {
        username,
        addresses,
        required,
        needs_given_name => needs("given_name"),
        needs_family_name => needs("family_name"),
        field => identifier::field(settings, true),
        given_name => form.first("given_name"),
        family_name => form.first("family_name"),
    }
}

fn show(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    values: Value,
    error: Option<&str>,
) -> Response {
    let state = FormState {
        error,
        values,
        password_hint: Some(core.definition().settings.password_policy.sentence()),
        notice: None,
    };
    core.pages
        .form("sign_up.html", core, visit, request, &state)
}
