//! `POST …/auth/login`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts::{self, LoggedIn, Login};
use cogward_cognito::TokenText;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::cookies::Which;
use crate::error::{Error, Problem};
use crate::extract::{Caller, Json};
use crate::routes::{Success, answer};

/// Who signs in.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Credentials {
    email: String,
    password: String,
    /// `true`: the session cookie and no token; `false`: tokens. Without it the deployment's
    /// setting `accounts.session_by_default` says which.
    session: Option<bool>,
}

/// Cognito's tokens, for an application that keeps them itself.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct IssuedTokens<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    token_type: &'static str,
    /// Seconds the access token lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
}

/// Sign in by address and password.
#[utoipa::path(
    post, path = "", operation_id = "passwordLogin", tag = "Accounts",
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in: tokens, or (`\"session\":true`) `{\"success\":true}` and the session cookie", body = IssuedTokens<'static>),
        (status = 400, description = "`invalid_email`, `tokens_not_given`, …", body = Problem),
        (status = 401, description = "`invalid_credentials`", body = Problem),
        (status = 403, description = "`user_not_confirmed`: the address is to be verified first; `challenge_required`", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Error> {
    app.login_limit.check(caller.address)?;
    let cookies = &app.site.cookies;
    let ask = Login {
        email: &credentials.email,
        password: &credentials.password,
        session: credentials.session,
        previous: &cookies.sessions(&headers),
    };
    let started = match accounts::login(&app.auth, &ask, caller.into_client()).await? {
        LoggedIn::Session(started) => started,
        LoggedIn::Tokens(tokens) => {
            return answer(&IssuedTokens {
                access_token: tokens.access_token.expose(),
                refresh_token: tokens.refresh_token.as_ref().map(TokenText::expose),
                id_token: tokens.id_token.as_ref().map(TokenText::expose),
                token_type: "Bearer",
                expires_in: tokens.expires_in,
            });
        }
    };
    let mut response = answer(&Success::PLAIN)?;
    let (cookie, seconds) = (&started.cookie, started.seconds);
    cookies.set(response.headers_mut(), Which::Session, cookie, seconds);
    Ok(response)
}
