//! The hosted pages: plain forms, and no script but the one that passkeys need.

mod challenge;
mod confirm;
mod forgot;
mod form;
mod identifier;
mod passkeys;
mod render;
mod reset;
pub(crate) mod session;
mod sign_in;
mod sign_up;
mod told;
mod waiting;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use minijinja::context;

use crate::core::Core;
use crate::error::Result;
use crate::oauth::params::Params;
use crate::oauth::request::Refusal;

pub(crate) use form::same_origin;
pub(crate) use passkeys::script as passkey_script;
pub(crate) use render::{Pages, inbox_script, stylesheet};

/// One request for a page.
pub(crate) struct Visit {
    pub(crate) query: String,
    pub(crate) now: i64,
    headers: HeaderMap,
    /// Of a POST that passed the checks.
    form: Option<Params>,
    csrf: String,
}

type Page = fn(&Core, &Visit) -> Result<Response>;

/// Routes to the page of a path, for GET and POST.
pub(crate) async fn page(
    State(core): State<Arc<Core>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let page: Page = match uri.path() {
        "/login" => sign_in::page,
        "/signup" => sign_up::page,
        "/challenge" => challenge::page,
        "/passkeys/add" => passkeys::add,
        "/passkeys/challenge" => passkeys::challenge_options,
        "/passkeys/creation" => passkeys::creation,
        "/passkeys/request" => passkeys::request,
        "/passkeys/sign-in" => passkeys::sign_in,
        "/confirm" => confirm::page,
        "/forgotPassword" => forgot::page,
        _ => reset::page,
    };
    serve(core, page, method, uri, headers, Some(body)).await
}

/// Runs a page on a blocking thread, behind the checks a form needs.
pub(crate) async fn serve(
    core: Arc<Core>,
    page: Page,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Option<Bytes>,
) -> Response {
    let known = form::token(&core, &headers);
    let csrf = known.clone().unwrap_or_else(|| core.random.uuid());
    let mut response = if method == Method::POST {
        match form::accept(
            &headers,
            &body.unwrap_or_default(),
            known.as_deref(),
            core.tls,
        ) {
            Ok(form) => run(&core, page, &uri, headers, Some(form), csrf.clone()).await,
            Err(message) => refuse_form(&core, message),
        }
    } else {
        run(&core, page, &uri, headers, None, csrf.clone()).await
    };
    if known.is_none() {
        form::set_token(&core, &mut response, &csrf);
    }
    protect(&mut response);
    response
}

/// What an authorize request that is not taken leads to.
pub(crate) fn refused(core: &Core, refusal: Refusal) -> Response {
    match refusal {
        Refusal::Page(message) => error_page(core, message),
        Refusal::Redirect(location) => found(&location),
    }
}

/// An error the person is told, since the client cannot be.
pub(crate) fn error_page(core: &Core, message: &str) -> Response {
    let hint = "Start again from your application. Any http://localhost or http://127.0.0.1 URL \
                is accepted for callbacks and sign-out.";
    let context = context! { title => "The request cannot be served", message, hint };
    core.pages
        .render(StatusCode::BAD_REQUEST, "error.html", context)
}

pub(crate) fn found(location: &str) -> Response {
    redirect(StatusCode::FOUND, location)
}

/// To another page after a form.
fn see_other(path: &str, query: &str, notice: Option<&str>) -> Response {
    let notice = notice
        .map(|name| format!("&notice={name}"))
        .unwrap_or_default();
    redirect(StatusCode::SEE_OTHER, &format!("{path}?{query}{notice}"))
}

fn redirect(status: StatusCode, location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (status, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn run(
    core: &Arc<Core>,
    page: Page,
    uri: &Uri,
    headers: HeaderMap,
    form: Option<Params>,
    csrf: String,
) -> Response {
    let query = uri.query().unwrap_or_default().to_owned();
    let answer = core.blocking(move |core| {
        page(
            core,
            &Visit {
                query,
                now: core.clock.now(),
                headers,
                form,
                csrf,
            },
        )
    });
    answer.await.unwrap_or_else(|_| {
        let context = context! {
            title => "Something failed here",
            message => "The local user pool could not answer. Its log says why.",
        };
        core.pages
            .render(StatusCode::INTERNAL_SERVER_ERROR, "error.html", context)
    })
}

fn refuse_form(core: &Core, message: &str) -> Response {
    let context = context! {
        title => "The form was not accepted",
        message,
        hint => "Go back, reload the page and try again.",
    };
    core.pages
        .render(StatusCode::FORBIDDEN, "error.html", context)
}

/// No script unless the page has said otherwise, no frames, no cache. `form-action` is left out on purpose: browsers apply it
/// to the redirect back to the application too. The referrer policy must let a form's own
/// `Origin` through.
pub(crate) fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
             frame-ancestors 'none'",
        ));
    for (name, value) in [
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// For a page with a script of the pool's own, which may ask the pool.
pub(crate) fn allow_own_scripts(response: &mut Response) {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
             img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
        ),
    );
}

pub(crate) fn html(status: StatusCode, body: String) -> Response {
    (status, Html(body)).into_response()
}
