//! `/challenge`: one page for each challenge of a sign-in, as often as the pool asks.

use std::collections::BTreeMap;

use axum::response::Response;
use cogward_authenticator::key_uri::{self, QrPath};
use minijinja::{Value, context};

use super::render::FormState;
use super::told::told;
use super::waiting::{self, Waiting};
use super::{
    Visit, allow_own_scripts, identifier, passkeys, refused, see_other, sign_in as sign_in_page,
};
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::oauth::params::Params;
use crate::oauth::request::AuthorizeRequest;
use crate::sign_in::{self, Answer, Channel, Outcome};

/// What an authenticator app shows beside the name.
const ISSUER: &str = "Cogward local pool";

pub(super) fn page(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let Some((session, waiting)) = waiting::find(core, visit, &request)? else {
        return Ok(see_other("/login", &request.query(), Some("over")));
    };
    let Some(form) = &visit.form else {
        return Ok(show(core, visit, &request, &waiting, None));
    };
    // Another tab of this browser may have gone on to another challenge.
    if form.first("challenge") != waiting.name {
        return Ok(see_other("/challenge", &request.query(), None));
    }
    let outcome = respond(core, visit, &request, &waiting, (session, form));
    let asked = Some((session, &waiting));
    lead(core, visit, &request, &waiting.username, outcome, asked)
}

/// Where a step of a sign-in leads the browser: to the next challenge, back to the application,
/// or to the same page again. `asked`: the challenge that was answered.
pub(super) fn lead(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    username: &str,
    outcome: Result<Outcome>,
    asked: Option<(&str, &Waiting)>,
) -> Result<Response> {
    let error = match outcome {
        Ok(Outcome::Done(done)) => {
            let mut response = sign_in_page::admit(core, visit, request, &done.user)?;
            waiting::end(core, visit, &mut response)?;
            return Ok(response);
        }
        Ok(Outcome::Challenge(challenge)) if PAGES.contains(&challenge.name) => {
            let mut response = see_other("/challenge", &request.query(), None);
            waiting::keep(core, visit, request, username, challenge, &mut response)?;
            return Ok(response);
        }
        Ok(Outcome::Challenge(_)) => {
            ApiError::invalid_parameter("These pages do not have what the pool asks for.")
        }
        Err(error) if error.kind == "UserNotConfirmedException" => {
            return sign_in_page::await_code(core, visit, request, username);
        }
        Err(error) if error.is_fault() => return Err(error),
        Err(error) => error,
    };
    // What can be put right is asked for again; anything else begins anew.
    match asked {
        Some((session, waiting)) if sign_in::waits(core, session, visit.now)? => {
            Ok(show(core, visit, request, waiting, Some(&told(&error))))
        }
        _ => {
            let mut response = sign_in_page::again(core, visit, request, username, &told(&error));
            waiting::end(core, visit, &mut response)?;
            Ok(response)
        }
    }
}

/// The challenges there is a page for.
const PAGES: [&str; 10] = [
    "EMAIL_OTP",
    "MFA_SETUP",
    "NEW_PASSWORD_REQUIRED",
    "PASSWORD",
    "SELECT_CHALLENGE",
    "SELECT_MFA_TYPE",
    "SMS_MFA",
    "SMS_OTP",
    "SOFTWARE_TOKEN_MFA",
    "WEB_AUTHN",
];

/// What of a form answers a challenge: fields and the names of `ChallengeResponses`.
fn responses<'a>(waiting: &'a Waiting, form: &'a Params) -> BTreeMap<&'a str, &'a str> {
    let code = form.first("code").trim();
    let own: &[(&str, &str)] = match waiting.name.as_str() {
        "NEW_PASSWORD_REQUIRED" => &[("NEW_PASSWORD", form.first("password"))],
        "PASSWORD" => &[("PASSWORD", form.first("password"))],
        "SELECT_CHALLENGE" | "SELECT_MFA_TYPE" => &[("ANSWER", form.first("answer"))],
        "EMAIL_OTP" => &[("EMAIL_OTP_CODE", code)],
        "SMS_OTP" => &[("SMS_OTP_CODE", code)],
        "SMS_MFA" => &[("SMS_MFA_CODE", code)],
        "SOFTWARE_TOKEN_MFA" => &[("SOFTWARE_TOKEN_MFA_CODE", code)],
        "WEB_AUTHN" => &[("CREDENTIAL", form.first("credential"))],
        "MFA_SETUP" if form.first("action") == "email" => &[("EMAIL", form.first("email"))],
        _ => &[],
    };
    let required = waiting.list("requiredAttributes");
    let attributes = form
        .pairs()
        .filter(|(name, _)| required.iter().any(|required| required == name));
    own.iter()
        .copied()
        .chain(attributes)
        .chain([("USERNAME", waiting.username.as_str())])
        .collect()
}

fn respond(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    waiting: &Waiting,
    (session, form): (&str, &Params),
) -> Result<Outcome> {
    let app = waiting.name == "MFA_SETUP" && form.first("action") != "email";
    let next = if app {
        let code = form.first("code").trim();
        Some(sign_in::verify(core, session, true, code, None, visit.now)?)
    } else {
        None
    };
    let answer = Answer {
        client: &request.client,
        channel: Channel::Hosted,
        challenge: &waiting.name,
        session: Some(next.as_deref().unwrap_or(session)),
        responses: &responses(waiting, form),
        metadata: BTreeMap::new(),
        peer: None,
    };
    sign_in::respond(core, &answer, visit.now)
}

fn show(
    core: &Core,
    visit: &Visit,
    request: &AuthorizeRequest,
    waiting: &Waiting,
    error: Option<&str>,
) -> Response {
    let passkeys = passkeys::offered(core, visit, &request.client);
    let (template, own) = match waiting.name.as_str() {
        "NEW_PASSWORD_REQUIRED" => ("new_password.html", required(waiting)),
        "PASSWORD" => ("password.html", context! {}),
        "SELECT_CHALLENGE" => ("choice.html", choices(&waiting.available, passkeys)),
        "SELECT_MFA_TYPE" => (
            "choice.html",
            choices(&waiting.list("MFAS_CAN_CHOOSE"), passkeys),
        ),
        "MFA_SETUP" => ("mfa_setup.html", set_up(waiting)),
        "WEB_AUTHN" => ("passkey.html", context! {}),
        name => ("code.html", code(name, waiting)),
    };
    let values = context! {
        username => &waiting.username,
        challenge => &waiting.name,
        ..own
    };
    let password_hint = Some(core.definition().settings.password_policy.sentence());
    let state = FormState {
        error,
        values,
        password_hint,
        notice: None,
    };
    let mut response = core.pages.form(template, core, visit, request, &state);
    if waiting.name == "WEB_AUTHN" {
        allow_own_scripts(&mut response);
    }
    response
}

fn code(name: &str, waiting: &Waiting) -> Value {
    let parameter = |name: &str| waiting.parameters.get(name);
    context! {
        app => name == "SOFTWARE_TOKEN_MFA",
        device => parameter("FRIENDLY_DEVICE_NAME"),
        sent_to => parameter("CODE_DELIVERY_DESTINATION"),
    }
}

/// The attributes the person has to give with a password.
fn required(waiting: &Waiting) -> Value {
    let fields: Vec<_> = waiting
        .list("requiredAttributes")
        .into_iter()
        .map(|name| {
            let label = identifier::attribute(name.rsplit('.').next().unwrap_or_default());
            context! { name, label }
        })
        .collect();
    context! { fields }
}

/// Those there is a page for. Passkeys can be asked for on some pages only.
fn choices(names: &[String], passkeys: bool) -> Value {
    let label = |name: &str| {
        Some(match name {
            "PASSWORD" => "Password",
            "EMAIL_OTP" => "Code by email",
            "SMS_OTP" | "SMS_MFA" => "Code by text message",
            "SOFTWARE_TOKEN_MFA" => "Authenticator app",
            "WEB_AUTHN" if passkeys => "Passkey",
            _ => return None,
        })
    };
    let choices: Vec<_> = names
        .iter()
        .filter_map(|name| label(name).map(|label| context! { name, label }))
        .collect();
    context! { choices }
}

fn set_up(waiting: &Waiting) -> Value {
    let email = waiting
        .list("MFAS_CAN_SETUP")
        .iter()
        .any(|name| name == "EMAIL_OTP");
    match &waiting.secret {
        None => context! { email },
        Some(secret) => {
            let link = key_uri::key_uri(ISSUER, secret, &waiting.username);
            let qr = key_uri::qr_path(&link).map(|QrPath { path, width }| context! { path, width });
            context! { email, link, qr, key => key_uri::grouped(secret) }
        }
    }
}
