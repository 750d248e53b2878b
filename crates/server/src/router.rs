//! Every path there is.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use utoipa_axum::routes;

use crate::dispatch::Dispatch;
use crate::openapi::{self, Table};
use crate::site::Site;
use crate::{App, layers, routes as at};

/// The whole HTTP side of Cogward, as [`serve`](crate::serve()) takes it.
pub struct Routes(layers::Envelope);

impl Routes {
    pub(crate) async fn answer(&self, request: Request) -> Response {
        self.0.answer(request).await
    }

    /// Whether this is a proxy of ours.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.0.trusts(peer)
    }
}

/// All routes, with `extra` ones (a demo application's) beside them.
pub fn router(app: &Arc<App>, extra: Router) -> Routes {
    let (router, document) = table(&app.site).finish();
    let mut router = router.with_state(Arc::clone(app)).merge(extra);
    if app.site.show_api {
        router = router
            .route("/openapi.json", openapi::json(&document))
            .route("/docs", openapi::html())
            .route("/docs/page.css", openapi::css())
            .route("/docs/page.js", openapi::js());
    }
    let templates = document.paths.paths.keys().cloned().collect();
    let dispatch = Dispatch::new(app, &document, router);
    Routes(layers::around(app, templates, dispatch))
}

/// Path by path, with its documentation.
pub(crate) fn table(site: &Site) -> Table<'_> {
    let mut table = Table::new(site);
    table.add("/", routes!(at::root::root));
    table.add("/health", routes!(at::health::health));
    if let Some(prefix) = &site.token_handler {
        token_handler(&mut table, prefix);
    }
    if let Some(prefix) = &site.backend_proxy {
        backend_proxy(&mut table, prefix, site.accounts);
        if site.accounts {
            accounts(&mut table, prefix);
        }
    }
    table
}

/// contracts §1, `/auth` by default.
fn token_handler(table: &mut Table<'_>, prefix: &str) {
    let at = |path: &str| format!("{prefix}{path}");
    table.add(&at("/login"), routes!(at::login::token_handler));
    table.add(&at("/callback"), routes!(at::callback::token_handler));
    table.add(&at("/token"), routes!(at::token::token));
    table.add(&at("/session"), routes!(at::session::session));
    table.add(&at("/refresh"), routes!(at::refresh::token_handler));
    table.add(&at("/logout"), routes!(at::logout::token_handler));
    table.add(&at("/me"), routes!(at::me::me));
    table.add(&at("/authorize"), routes!(at::authorize::authorize));
    table.add(
        &at("/authorize/batch"),
        routes!(at::authorize::authorize_all),
    );
    table.add(&at("/permissions"), routes!(at::permissions::permissions));
    table.add(
        &at("/validate-credential"),
        routes!(at::validate_credential::validate_credential),
    );
}

/// contracts §2 and §7, `/api/v1` by default.
fn backend_proxy(table: &mut Table<'_>, prefix: &str, accounts: bool) {
    let at = |path: &str| format!("{prefix}{path}");
    table.add(&at("/health"), routes!(at::health::api_health));
    table.add(&at("/profile"), routes!(at::profile::profile));
    let login = match accounts {
        true => routes!(at::login::backend_proxy, at::accounts::login::login),
        false => routes!(at::login::backend_proxy),
    };
    table.add(&at("/auth/login"), login);
    table.add(&at("/auth/callback"), routes!(at::callback::backend_proxy));
    table.add(&at("/auth/check"), routes!(at::check::check));
    table.add(&at("/auth/context/{name}"), routes!(at::context::context));
    table.add(&at("/auth/refresh"), routes!(at::refresh::backend_proxy));
    table.add(&at("/auth/logout"), routes!(at::logout::backend_proxy));
    table.add(&at("/auth/logout/all"), routes!(at::logout_all::logout_all));
    table.add(
        &at("/auth/logout/redirect"),
        routes!(at::logout_redirect::logout_redirect),
    );
    table.add(&at("/auth/sessions"), routes!(at::sessions::list));
    table.add(
        &at("/auth/sessions/{handle}"),
        routes!(at::sessions::revoke),
    );
}

/// contracts §4; its sign-in shares a path with that of the hosted page.
fn accounts(table: &mut Table<'_>, prefix: &str) {
    let at = |path: &str| format!("{prefix}{path}");
    table.add(
        &at("/auth/register"),
        routes!(at::accounts::register::register),
    );
    table.add(
        &at("/auth/request-otp"),
        routes!(at::accounts::request_otp::request_otp),
    );
    table.add(
        &at("/auth/verify-otp"),
        routes!(at::accounts::verify_otp::verify_otp),
    );
    table.add(
        &at("/auth/login/continue"),
        routes!(at::accounts::login::proceed),
    );
    table.add(
        &at("/auth/change-password"),
        routes!(at::accounts::change_password::change_password),
    );
    table.add(
        &at("/auth/delete-account"),
        routes!(at::accounts::delete_account::delete_account),
    );
    table.add(&at("/auth/mfa"), routes!(at::accounts::mfa::list));
    table.add(
        &at("/auth/mfa/totp"),
        routes!(at::accounts::mfa::begin, at::accounts::mfa::remove),
    );
    table.add(
        &at("/auth/mfa/totp/verify"),
        routes!(at::accounts::mfa::verify),
    );
    table.add(
        &at("/auth/passkeys"),
        routes!(at::accounts::passkeys::list, at::accounts::passkeys::finish),
    );
    table.add(
        &at("/auth/passkeys/options"),
        routes!(at::accounts::passkeys::begin),
    );
    table.add(
        &at("/auth/passkeys/{id}"),
        routes!(at::accounts::passkeys::remove),
    );
}
