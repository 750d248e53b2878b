//! `GET …/callback`: back from Cognito's sign-in page.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::audit::{self, Refused};
use cogward_auth::login::{self, Answer, Callback, Finished};
use cogward_auth::{Family, LoginError, chain};
use http::HeaderMap;
use http::request::Parts;
use url::Url;

use super::navigation::{query_value, without_a_person};
use crate::cookies::Which;
use crate::extract::Caller;
use crate::{App, redirect};

/// Ends a sign-in of the backend-proxy family.
#[utoipa::path(
    get, path = "", operation_id = "callback", tag = "Backend proxy",
    params(
        ("code" = Option<String>, Query), ("state" = Option<String>, Query),
        ("error" = Option<String>, Query), ("error_description" = Option<String>, Query),
    ),
    responses((status = 302, description = "To the frontend: `/dashboard`, `return_to`, or `/auth/error`")),
)]
pub(crate) async fn backend_proxy(
    State(app): State<Arc<App>>,
    caller: Caller,
    parts: Parts,
) -> Response {
    if let Some(response) = without_a_person(&parts.method, &parts.headers) {
        return response;
    }
    let query = parts.uri.query().unwrap_or_default();
    match finish(&app, Family::BackendProxy, caller, query, &parts.headers).await {
        Ok(finished) => {
            let location = match &finished.return_path {
                Some(path) => redirect::at(&finished.frontend, path.as_str()),
                None => redirect::page(&finished.frontend, &app.site.pages.dashboard, &[]),
            };
            enter(&app, &finished, &location)
        }
        Err(error) => redirect::to(&backend_error_page(&app, &parts.headers, &error)),
    }
}

fn backend_error_page(app: &App, headers: &HeaderMap, error: &LoginError) -> Url {
    let (frontend, path) = (app.site.frontend_of(headers), &app.site.pages.error);
    let page = |values: &[(&str, &str)]| redirect::page(&frontend, path, values);
    match error {
        LoginError::InvalidState => page(&[("reason", "invalid_state")]),
        LoginError::Provider { error, description } => page(&[
            ("error", error),
            ("description", description.as_deref().unwrap_or_default()),
        ]),
        LoginError::Failed | LoginError::Store(_) => page(&[("reason", "oauth_failed")]),
    }
}

/// Ends a sign-in of the Token Handler family.
#[utoipa::path(
    get, path = "", operation_id = "tokenHandlerCallback", tag = "Token Handler",
    params(
        ("code" = Option<String>, Query), ("state" = Option<String>, Query),
        ("error" = Option<String>, Query), ("error_description" = Option<String>, Query),
    ),
    responses((status = 302, description = "To the frontend: `/auth/success?state=…`, `return_to`, or `/login?error=…`")),
)]
pub(crate) async fn token_handler(
    State(app): State<Arc<App>>,
    caller: Caller,
    parts: Parts,
) -> Response {
    if let Some(response) = without_a_person(&parts.method, &parts.headers) {
        return response;
    }
    let query = parts.uri.query().unwrap_or_default();
    match finish(&app, Family::TokenHandler, caller, query, &parts.headers).await {
        Ok(finished) => {
            let state = query_value(query, "state")
                .ok()
                .flatten()
                .unwrap_or_default();
            let location = match &finished.return_path {
                Some(path) => redirect::at(&finished.frontend, path.as_str()),
                None => {
                    let success = &app.site.pages.success;
                    redirect::page(&finished.frontend, success, &[("state", &state)])
                }
            };
            enter(&app, &finished, &location)
        }
        Err(error) => redirect::to(&token_handler_error_page(&app, &parts.headers, &error)),
    }
}

fn token_handler_error_page(app: &App, headers: &HeaderMap, error: &LoginError) -> Url {
    let (frontend, path) = (app.site.frontend_of(headers), &app.site.pages.login);
    let page = |error: &str| redirect::page(&frontend, path, &[("error", error)]);
    match error {
        LoginError::InvalidState => page("invalid_state"),
        LoginError::Provider { error, .. } => page(error),
        LoginError::Failed | LoginError::Store(_) => page("oauth_failed"),
    }
}

async fn finish(
    app: &App,
    family: Family,
    caller: Caller,
    query: &str,
    headers: &HeaderMap,
) -> Result<Finished, LoginError> {
    // A parameter that stands twice is somebody's trick (RFC 6749 §3.1).
    let refuse = || {
        audit::refused(
            Refused::SignIn,
            &"parameters are missing, doubled or too long",
        );
        LoginError::InvalidState
    };
    let once = |name| query_value(query, name).map_err(|_| refuse());
    let (state, code, error) = (once("state")?, once("code")?, once("error")?);
    let description = once("error_description")?;
    let answer = match (&code, &error) {
        (Some(code), None) => Answer::Code(code),
        (None, Some(error)) => Answer::Error(error, description.as_deref()),
        _ => return Err(refuse()),
    };
    let cookies = &app.site.cookies;
    let callback = Callback {
        family,
        state: state.as_deref(),
        answer,
        login_cookie: cookies.read(headers, Which::Login),
        session_cookies: &cookies.sessions(headers),
        client: caller.into_client(),
    };
    let finished = login::finish(&app.auth, callback).await;
    if let Err(error @ LoginError::Store(_)) = &finished {
        tracing::error!(error = chain(error), "sign-in not finished");
    }
    finished
}

fn enter(app: &App, finished: &Finished, location: &Url) -> Response {
    let mut response = redirect::to(location);
    let (headers, cookies) = (response.headers_mut(), &app.site.cookies);
    cookies.set(
        headers,
        Which::Session,
        &finished.started.cookie,
        finished.started.seconds,
    );
    cookies.clear(headers, Which::Login);
    response
}
