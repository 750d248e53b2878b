use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, options, post};
use http::uri::Authority;
use http::{StatusCode, header};

use crate::core::Core;
use crate::options::POOL_ID;
use crate::{calls, local, oauth, ops, pages};

const LARGEST_BODY: usize = 256 * 1024;

/// Every path of the pool.
pub(crate) fn router(core: Arc<Core>) -> Router {
    let hosted = || get(pages::page).post(pages::page);
    Router::new()
        .route(
            "/",
            post(ops::call)
                .options(ops::preflight)
                .get(|| async { Redirect::to("/_local/") }),
        )
        .route("/login", hosted())
        .route("/signup", hosted())
        .route("/challenge", hosted())
        .route("/passkeys/add", hosted())
        .route("/passkeys/challenge", hosted())
        .route("/passkeys/creation", hosted())
        .route("/passkeys/request", hosted())
        .route("/passkeys/sign-in", hosted())
        .route("/confirm", hosted())
        .route("/forgotPassword", hosted())
        .route("/confirmforgotPassword", hosted())
        .route("/logout", get(oauth::logout))
        .route("/oauth2/authorize", get(oauth::authorize))
        .route(
            "/oauth2/token",
            post(oauth::token).merge(options(ops::preflight)),
        )
        .route(
            "/oauth2/revoke",
            post(oauth::revoke).merge(options(ops::preflight)),
        )
        .route(
            "/oauth2/userInfo",
            get(oauth::user_info).merge(options(ops::preflight)),
        )
        .route(
            &format!("/{POOL_ID}/.well-known/jwks.json"),
            get(oauth::jwks),
        )
        .route(
            &format!("/{POOL_ID}/.well-known/openid-configuration"),
            get(oauth::openid_configuration),
        )
        .nest("/_local", local::router(&core))
        .route("/_local/", get(local::inbox).fallback(local::wrong_method))
        .route("/_local", get(|| async { Redirect::to("/_local/") }))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&core),
            calls::remember,
        ))
        .with_state(core)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(require_local_host))
}

async fn require_local_host(request: Request, next: Next) -> Response {
    if is_for_this_host(&request) {
        next.run(request).await
    } else {
        let message = "The local user pool answers to localhost, 127.0.0.1 and [::1] only.\n";
        (StatusCode::FORBIDDEN, message).into_response()
    }
}

/// A name that an attacker's DNS resolves to the loopback interface is not ours.
fn is_for_this_host(request: &Request) -> bool {
    let named = request
        .headers()
        .get_all(header::HOST)
        .iter()
        .map(|value| value.to_str().ok());
    let target = request
        .uri()
        .authority()
        .map(|authority| Some(authority.as_str()));
    let mut hosts = named.chain(target).peekable();
    hosts.peek().is_some() && hosts.all(|host| host.is_some_and(is_local))
}

fn is_local(host: &str) -> bool {
    host.parse::<Authority>().is_ok_and(|authority| {
        !authority.as_str().contains('@')
            && ["localhost", "127.0.0.1", "[::1]"]
                .iter()
                .any(|name| authority.host().eq_ignore_ascii_case(name))
    })
}
