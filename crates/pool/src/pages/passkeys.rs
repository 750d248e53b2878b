//! Passkeys on the pages: signing in with any that the browser offers, and `/passkeys/add`.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use minijinja::context;
use serde_json::{Value, json};
use url::{Host, Url};

use super::form::cookie;
use super::render::FormState;
use super::{
    Visit, allow_own_scripts, challenge, refused, see_other, session, sign_in as sign_in_page,
    waiting,
};
use crate::client::{AuthFlow, Client};
use crate::core::Core;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::oauth::request::AuthorizeRequest;
use crate::settings::FirstFactor;
use crate::sign_in;
use crate::user::passkeys::{self, Registrant};

const SCRIPT: &str = include_str!("templates/passkeys.js");

pub(crate) async fn script() -> Response {
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], SCRIPT).into_response()
}

const REFUSED: &str = "This passkey did not sign you in. Try again, or sign in another way.";

/// Whether this page can ask for a passkey: browsers ask for those of their page's host only.
pub(super) fn offered(core: &Core, visit: &Visit, client: &Client) -> bool {
    let settings = &core.definition().settings;
    let host = visit.headers.get(header::HOST);
    let host = host.and_then(|host| Url::parse(&format!("http://{}", host.to_str().ok()?)).ok());
    let here = host.as_ref().and_then(Url::host);
    let party = settings.passkeys.relying_party();
    client.flows.contains(&AuthFlow::User)
        && settings.first_factors.contains(&FirstFactor::WebAuthn)
        && party.is_some_and(|party| here == Some(Host::Domain(&party)))
}

/// `POST /passkeys/request`: `{options, session}` for the script on the sign-in page.
pub(super) fn request(core: &Core, visit: &Visit) -> Result<Response> {
    let request = AuthorizeRequest::parse(core, &visit.query).ok();
    // Only a form has the token that keeps other sites out.
    let request = request
        .filter(|request| visit.form.is_some() && offered(core, visit, &request.client))
        .ok_or_else(|| ApiError::invalid_parameter("This page cannot ask for a passkey."));
    let asked =
        request.and_then(|request| sign_in::ask_for_any_passkey(core, &request.client, visit.now));
    told(asked.map(|(session, options)| json!({ "session": session, "options": options })))
}

/// `POST /passkeys/challenge`: `{options}` of the challenge that waits in this browser.
pub(super) fn challenge_options(core: &Core, visit: &Visit) -> Result<Response> {
    let request = AuthorizeRequest::parse(core, &visit.query).ok();
    let request = request.filter(|_| visit.form.is_some());
    let waiting = match &request {
        Some(request) => waiting::find(core, visit, request)?,
        None => None,
    };
    let options = waiting.and_then(|(_, waiting)| {
        let options = waiting.parameters.get("CREDENTIAL_REQUEST_OPTIONS")?;
        serde_json::from_str::<Value>(options).ok()
    });
    told(match options {
        Some(options) => Ok(json!({ "options": options })),
        None => Err(ApiError::not_authorized(
            "This sign-in is over, or took too long. Sign in again.",
        )),
    })
}

/// `POST /passkeys/sign-in`: the passkey that the browser's user chose.
pub(super) fn sign_in(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let Some(form) = &visit.form else {
        return Ok(see_other("/login", &request.query(), None));
    };
    let (session, credential) = (form.first("session"), form.first("credential"));
    let client = &request.client;
    let (username, outcome) = sign_in::by_any_passkey(core, client, session, credential, visit.now);
    match outcome {
        Err(error) if says_nothing(&error) => {
            let state = FormState {
                values: context! { passkey_error => REFUSED },
                ..FormState::default()
            };
            let mut response = sign_in_page::show(core, visit, &request, "", state);
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok(response)
        }
        outcome => challenge::lead(core, visit, &request, &username, outcome, None),
    }
}

/// `/passkeys/add`: the page, and the passkey that was made.
pub(super) fn add(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(refused(core, refusal)),
    };
    let Some((_, user)) = session::signed_in(core, visit)? else {
        return Ok(see_other("/login", &request.query(), Some("passkey")));
    };
    let mut error = None;
    let mut saved = false;
    if let Some(form) = &visit.form {
        let credential = form.first("credential").as_bytes();
        match passkeys::complete(core, &user, &request.client.id, credential, visit.now) {
            Ok(()) => saved = true,
            Err(refusal) if refusal.is_fault() => return Err(refusal),
            Err(refusal) => error = Some(refusal.message),
        }
    }
    let state = FormState {
        error: error.as_deref(),
        values: context! { saved, username => user.shown_name() },
        ..FormState::default()
    };
    let pages = &core.pages;
    let mut response = pages.form("passkey_add.html", core, visit, &request, &state);
    allow_own_scripts(&mut response);
    Ok(response)
}

/// `POST /passkeys/creation`: `{options}` for the script on that page.
pub(super) fn creation(core: &Core, visit: &Visit) -> Result<Response> {
    let request = AuthorizeRequest::parse(core, &visit.query).ok();
    let request = request.filter(|_| visit.form.is_some());
    let (Some(request), Some((_, user))) = (request, session::signed_in(core, visit)?) else {
        let over = "You are no longer signed in. Reload the page.";
        return told(Err(ApiError::not_authorized(over)));
    };
    let options = start(core, visit, &user, &request.client);
    told(options.map(|options| json!({ "options": options })))
}

fn start(core: &Core, visit: &Visit, user: &User, client: &Client) -> Result<Value> {
    let registrant = Registrant {
        user,
        client_id: &client.id,
        token: cookie(core, &visit.headers, session::COOKIE).unwrap_or_default(),
    };
    passkeys::start(core, &registrant, visit.now)
}

/// A passkey that is unknown, wrong or late: no field of the page is to blame.
fn says_nothing(error: &ApiError) -> bool {
    let words = [
        "Incorrect username or passkey.",
        "Invalid session for the user",
    ];
    error.kind == "NotAuthorizedException"
        && words.iter().any(|words| error.message.starts_with(words))
}

/// JSON for the script; what is wrong as `{message}`.
fn told(answer: Result<Value>) -> Result<Response> {
    match answer {
        Ok(value) => Ok(Json(value).into_response()),
        Err(error) if error.is_fault() => Err(error),
        Err(error) => {
            let body = Json(json!({ "message": error.message }));
            Ok((StatusCode::BAD_REQUEST, body).into_response())
        }
    }
}
