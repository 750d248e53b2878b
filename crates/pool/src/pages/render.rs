use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use minijinja::{Environment, Value, context};

use super::{Visit, html, identifier};
use crate::core::Core;
use crate::oauth::request::AuthorizeRequest;

const STYLE: &str = include_str!("templates/pool.css");

const TEMPLATES: [(&str, &str); 18] = [
    ("base.html", include_str!("templates/base.html")),
    ("choice.html", include_str!("templates/choice.html")),
    ("code.html", include_str!("templates/code.html")),
    ("confirm.html", include_str!("templates/confirm.html")),
    ("error.html", include_str!("templates/error.html")),
    ("forgot.html", include_str!("templates/forgot.html")),
    ("inbox.html", include_str!("templates/inbox.html")),
    ("inbox_hint.html", include_str!("templates/inbox_hint.html")),
    ("mfa_setup.html", include_str!("templates/mfa_setup.html")),
    ("name_field.html", include_str!("templates/name_field.html")),
    (
        "new_password.html",
        include_str!("templates/new_password.html"),
    ),
    ("passkey.html", include_str!("templates/passkey.html")),
    (
        "passkey_add.html",
        include_str!("templates/passkey_add.html"),
    ),
    (
        "passkey_sign_in.html",
        include_str!("templates/passkey_sign_in.html"),
    ),
    ("password.html", include_str!("templates/password.html")),
    ("reset.html", include_str!("templates/reset.html")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
    ("sign_up.html", include_str!("templates/sign_up.html")),
];

/// The templates, escaped for HTML by their names.
pub(crate) struct Pages(Environment<'static>);

impl Pages {
    pub(crate) fn new() -> Option<Self> {
        let mut environment = Environment::new();
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).ok()?;
        }
        Some(Self(environment))
    }

    pub(crate) fn render(&self, status: StatusCode, name: &str, context: Value) -> Response {
        match self
            .0
            .get_template(name)
            .and_then(|template| template.render(context))
        {
            Ok(body) => html(status, body),
            Err(error) => {
                tracing::error!(%error, name, "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// A form page: fresh, or again with what was wrong.
    pub(super) fn form(
        &self,
        name: &str,
        core: &Core,
        visit: &Visit,
        request: &AuthorizeRequest,
        state: &FormState<'_>,
    ) -> Response {
        let status = if state.error.is_some() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        let context = context! {
            csrf => &visit.csrf,
            query => request.query(),
            client_id => &request.client.id,
            error => state.error,
            notice => state.notice,
            values => &state.values,
            password_hint => &state.password_hint,
            name_field => identifier::field(&core.definition().settings, false),
        };
        self.render(status, name, context)
    }
}

/// What a form page shows besides its request.
#[derive(Default)]
pub(super) struct FormState<'a> {
    pub(super) error: Option<&'a str>,
    pub(super) notice: Option<&'a str>,
    /// The fields again; never a password.
    pub(super) values: Value,
    pub(super) password_hint: Option<String>,
}

/// `GET /_local/assets/pool.css`.
pub(crate) async fn stylesheet() -> Response {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], STYLE).into_response()
}

/// `GET /_local/assets/inbox.js`.
pub(crate) async fn inbox_script() -> Response {
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    let script = include_str!("templates/inbox.js");
    ([(header::CONTENT_TYPE, kind)], script).into_response()
}
