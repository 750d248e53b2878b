//! `GET …/login`: to Cognito's sign-in page.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::audit::{self, Refused};
use cogward_auth::login::{self, Begin, Begun, LOGIN_SECONDS};
use cogward_auth::{Family, LoginRefusal};
use http::HeaderMap;
use http::request::Parts;
use url::Url;

use super::navigation::{is_navigation, query_value, without_a_person};
use crate::cookies::Which;
use crate::error::Error;
use crate::extract::Caller;
use crate::{App, redirect};

/// Sign in through the hosted page, for the backend-proxy family.
#[utoipa::path(
    get, path = "", operation_id = "login", tag = "Backend proxy",
    params(
        ("return_to" = Option<String>, Query, description = "A path on the frontend to end at"),
        ("identity_provider" = Option<String>, Query, description = "One of the configured providers"),
    ),
    responses(
        (status = 302, description = "To Cognito's authorize page"),
        (status = 400, description = "`return_to` or `identity_provider` is refused", body = crate::error::Problem),
        (status = 429, description = "Too many sign-ins begun", body = crate::error::Problem),
        (status = 503, description = "The session store does not answer", body = crate::error::Problem),
    ),
)]
pub(crate) async fn backend_proxy(
    State(app): State<Arc<App>>,
    caller: Caller,
    parts: Parts,
) -> Result<Response, Error> {
    answer(&app, Family::BackendProxy, caller, &parts).await
}

/// Sign in through the hosted page, for the Token Handler family.
#[utoipa::path(
    get, path = "", operation_id = "tokenHandlerLogin", tag = "Token Handler",
    params(
        ("return_to" = Option<String>, Query, description = "A path on the frontend to end at"),
        ("identity_provider" = Option<String>, Query, description = "One of the configured providers"),
    ),
    responses(
        (status = 302, description = "To Cognito's authorize page"),
        (status = 400, description = "`return_to` or `identity_provider` is refused", body = crate::error::TokenHandlerProblem),
        (status = 429, description = "Too many sign-ins begun", body = crate::error::TokenHandlerProblem),
        (status = 503, description = "The session store does not answer", body = crate::error::TokenHandlerProblem),
    ),
)]
pub(crate) async fn token_handler(
    State(app): State<Arc<App>>,
    caller: Caller,
    parts: Parts,
) -> Result<Response, Error> {
    answer(&app, Family::TokenHandler, caller, &parts).await
}

async fn answer(
    app: &App,
    family: Family,
    caller: Caller,
    parts: &Parts,
) -> Result<Response, Error> {
    if let Some(response) = without_a_person(&parts.method, &parts.headers) {
        return Ok(response);
    }
    match begin(app, family, caller, parts).await {
        // A person is shown a page of the application, not JSON.
        Err(error) if is_navigation(&parts.headers) => {
            error.log("sign-in not begun");
            Ok(error_page(app, family, &parts.headers, &error))
        }
        answer => answer,
    }
}

async fn begin(
    app: &App,
    family: Family,
    caller: Caller,
    parts: &Parts,
) -> Result<Response, Error> {
    let headers = &parts.headers;
    let query = parts.uri.query().unwrap_or_default();
    let once = |name| query_value(query, name);
    let (redirect_uri, frontend) = addresses(app, family, headers);
    let begun = login::begin(
        &app.auth,
        Begin {
            family,
            redirect_uri: &redirect_uri,
            frontend: &frontend,
            return_to: once("return_to")?.as_deref(),
            identity_provider: once("identity_provider")?.as_deref(),
            login_cookie: app.site.cookies.read(headers, Which::Login),
            client: &caller.into_client(),
        },
    )
    .await;
    begun.map(|begun| leave(app, &begun)).map_err(|refusal| {
        // A limit that is met has been told.
        if matches!(
            refusal,
            LoginRefusal::ReturnPath(_) | LoginRefusal::IdentityProvider
        ) {
            audit::refused(Refused::SignIn, &refusal);
        }
        refusal.into()
    })
}

/// `redirect_uri` and frontend: the configured ones, or those of the domain
/// asked for where several are configured.
fn addresses(app: &App, family: Family, headers: &HeaderMap) -> (Url, Url) {
    let site = &app.site;
    let callback = match family {
        Family::BackendProxy => &site.backend_callback,
        Family::TokenHandler => &site.token_handler_callback,
    };
    match site.own_origin(headers) {
        Some(origin) => (redirect::at(&origin, callback.path()), origin),
        None => (callback.clone(), site.frontend.clone()),
    }
}

fn leave(app: &App, begun: &Begun) -> Response {
    let mut response = redirect::to(&begun.location);
    let cookies = &app.site.cookies;
    cookies.set(
        response.headers_mut(),
        Which::Login,
        &begun.cookie,
        LOGIN_SECONDS,
    );
    response
}

fn error_page(app: &App, family: Family, headers: &HeaderMap, error: &Error) -> Response {
    let (frontend, pages) = (app.site.frontend_of(headers), &app.site.pages);
    redirect::to(&match family {
        Family::BackendProxy => {
            redirect::page(&frontend, &pages.error, &[("reason", error.kind())])
        }
        Family::TokenHandler => redirect::page(&frontend, &pages.login, &[("error", error.kind())]),
    })
}
