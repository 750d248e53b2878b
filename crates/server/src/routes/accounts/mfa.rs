//! `…/auth/mfa`: second factors of who is signed in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts::{self, Enrolment};
use cogward_authenticator::key_uri::{QrPath, key_uri, qr_path};
use serde::{Deserialize, Serialize};

use super::Said;
use crate::App;
use crate::error::{Error, Problem};
use crate::extract::{Bodyless, Caller, CurrentSession, Json};
use crate::routes::answer;

/// Second factors, by Cognito's names.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Factors {
    /// Such as `SOFTWARE_TOKEN_MFA`.
    enabled: Vec<String>,
    /// The one that is asked for.
    preferred: Option<String>,
}

/// What an authenticator app is told: by a link, by its camera, or by hand.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Totp {
    /// The key in base32, to be typed.
    secret: String,
    /// `otpauth://totp/…`, to be opened on the phone itself.
    uri: String,
    /// The link as a QR code: an SVG, black on white, for an `img` or for the page.
    qr_svg: Option<String>,
}

impl Totp {
    pub(super) fn new(app: &App, enrolment: &Enrolment) -> Self {
        let secret = enrolment.secret.expose();
        let uri = key_uri(&app.site.app_name, secret, &enrolment.account);
        Self {
            qr_svg: qr_path(&uri).map(svg),
            secret: secret.to_owned(),
            uri,
        }
    }
}

fn svg(QrPath { path, width }: QrPath) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{width}v{width}H0z\"/>\
         <path d=\"{path}\"/></svg>"
    )
}

/// The second factors of the account.
#[utoipa::path(
    get, path = "", operation_id = "mfa", tag = "Accounts",
    security(("session" = [])),
    responses(
        (status = 200, description = "The factors", body = Factors),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`insufficient_scope`", body = Problem),
        (status = 429, description = "Cognito is asked too often; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    CurrentSession(current): CurrentSession,
) -> Result<Response, Error> {
    let factors = accounts::factors(&app.auth, &current).await?;
    answer(&Factors {
        enabled: factors.enabled,
        preferred: factors.preferred,
    })
}

/// Make a key for an authenticator app; it counts once a code of it was verified.
#[utoipa::path(
    post, path = "", operation_id = "beginTotp", tag = "Accounts",
    security(("session" = [])),
    responses(
        (status = 200, description = "The key", body = Totp),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`reauthentication_required`: sign in again first; `not_offered`, `insufficient_scope`", body = Problem),
        (status = 429, description = "Cognito is asked too often; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    _: Bodyless,
    CurrentSession(current): CurrentSession,
) -> Result<Response, Error> {
    let enrolment = accounts::begin_totp(&app.auth, &current).await?;
    answer(&Totp::new(&app, &enrolment))
}

/// A first code of the app.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct FirstCode {
    code: String,
    /// What the app is called.
    device_name: Option<String>,
}

/// Take the app into use with its first code: it is asked for at every sign-in from here on.
#[utoipa::path(
    post, path = "", operation_id = "verifyTotp", tag = "Accounts",
    security(("session" = [])),
    request_body = FirstCode,
    responses(
        (status = 200, description = "In use", body = Said),
        (status = 400, description = "`invalid_code`", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`reauthentication_required`: sign in again first; `not_offered`, `insufficient_scope`", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    caller: Caller,
    CurrentSession(current): CurrentSession,
    Json(given): Json<FirstCode>,
) -> Result<Response, Error> {
    let (code, name) = (&given.code, given.device_name.as_deref());
    let client = caller.into_client();
    accounts::finish_totp(&app.auth, &current, code, name, &client).await?;
    answer(&Said {
        message: "Authenticator app in use",
    })
}

/// Take the app out of use.
#[utoipa::path(
    delete, path = "", operation_id = "removeTotp", tag = "Accounts",
    security(("session" = [])),
    responses(
        (status = 200, description = "Out of use", body = Said),
        (status = 400, description = "`invalid_parameter`: the pool wants a second factor", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`reauthentication_required`: sign in again first; `insufficient_scope`", body = Problem),
        (status = 429, description = "Cognito is asked too often; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    _: Bodyless,
    CurrentSession(current): CurrentSession,
) -> Result<Response, Error> {
    accounts::remove_totp(&app.auth, &current).await?;
    answer(&Said {
        message: "Authenticator app removed",
    })
}
