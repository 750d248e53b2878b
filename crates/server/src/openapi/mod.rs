//! The API described by the code that serves it (OpenAPI 3.1).

mod limited;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Info, License, OpenApi, OpenApiBuilder, Paths};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::App;
use crate::layers::UNCOUNTED;
use crate::router::table;
use crate::site::Site;

/// Routes and their documentation, added together so that neither can lack the other.
pub(crate) struct Table<'s> {
    site: &'s Site,
    router: Router<Arc<App>>,
    document: OpenApi,
}

impl<'s> Table<'s> {
    pub(crate) fn new(site: &'s Site) -> Self {
        let mut info = Info::new("Cogward", env!("CARGO_PKG_VERSION"));
        info.description =
            Some("Sign-in on Amazon Cognito with every token kept from the browser.".into());
        let mut license = License::new("Apache-2.0");
        license.identifier = Some("Apache-2.0".into());
        info.license = Some(license);
        let document = OpenApiBuilder::new()
            .info(info)
            .paths(Paths::new())
            .components(Some(credentials(site)))
            .build();
        Self {
            site,
            router: Router::new(),
            document,
        }
    }

    /// Serves `routes` at `path` and documents them there.
    pub(crate) fn add(&mut self, path: &str, routes: UtoipaMethodRouter<Arc<App>>) {
        let (schemas, paths, methods) = routes;
        let problem = match self.site.in_token_handler(path) {
            true => "TokenHandlerProblem",
            false => "Problem",
        };
        for (_, mut item) in paths.paths {
            if path != UNCOUNTED {
                limited::document(&mut item, problem);
            }
            self.document.paths.paths.insert(path.to_owned(), item);
        }
        self.document
            .components
            .get_or_insert_default()
            .schemas
            .extend(schemas);
        self.router = std::mem::take(&mut self.router).route(path, methods);
    }

    pub(crate) fn finish(self) -> (Router<Arc<App>>, OpenApi) {
        (self.router, self.document)
    }
}

/// By what a route may know its caller, each under the name that routes call it by.
fn credentials(site: &Site) -> Components {
    let cookie = ApiKeyValue::with_description(
        site.cookies.session.as_str(),
        "The session, set by a sign-in. A bearer token beside it decides alone.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "A person's access or ID token of this user pool and app client; which kinds count is \
             the setting `bearer.tokens`.",
        ))
        .build();
    let mut components = Components::new();
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components
}

/// The document of a deployment's routes, as `/openapi.json` and
/// `cogward openapi` show it.
///
/// # Errors
/// It could not be written as JSON.
pub fn document(site: &Site) -> Result<String, serde_json::Error> {
    table(site).finish().1.to_pretty_json()
}

/// The document and the page that shows it, everything in the binary.
pub(crate) fn json(document: &OpenApi) -> MethodRouter {
    let json = document.to_json().unwrap_or_default();
    get(move || serve("application/json", json.clone()))
}

pub(crate) fn html() -> MethodRouter {
    get(|| serve("text/html; charset=utf-8", include_str!("page.html")))
}

pub(crate) fn css() -> MethodRouter {
    get(|| serve("text/css", include_str!("page.css")))
}

pub(crate) fn js() -> MethodRouter {
    get(|| serve("text/javascript", include_str!("page.js")))
}

/// A page that takes styles, scripts and data from this server alone.
pub fn page(html: &'static str) -> Response {
    with_policy("text/html; charset=utf-8", html)
}

async fn serve(kind: &'static str, text: impl IntoResponse) -> Response {
    with_policy(kind, text)
}

fn with_policy(kind: &'static str, text: impl IntoResponse) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
             connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    );
    response
}
