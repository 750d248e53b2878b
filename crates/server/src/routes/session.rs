//! `POST /auth/session`: a session of tokens that the page got by itself.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use cogward_auth::audit::{self, Refused};
use cogward_auth::chain;
use cogward_auth::session::{AdoptError, Handed, adopt};
use serde::Deserialize;

use super::{Success, answer};
use crate::App;
use crate::cookies::Which;
use crate::error::{Code, Error, TokenHandlerProblem};
use crate::extract::{Caller, Json};

/// Tokens of one sign-in.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Tokens {
    access_token: Option<String>,
    id_token: Option<String>,
    /// Without one the session ends with the tokens.
    refresh_token: Option<String>,
    /// `direct` (default), `password` or `passkey`.
    auth_method: Option<String>,
}

/// Cognito's have some 1,800 characters; it cannot be verified, so it is bounded.
const MAX_REFRESH_TOKEN: usize = 8192;

/// Start a session with tokens obtained elsewhere; both are verified.
#[utoipa::path(
    post, path = "", operation_id = "startSession", tag = "Token Handler",
    params(("X-L42-CSRF" = String, Header, description = "Exactly `1`")),
    request_body = Tokens,
    responses(
        (status = 200, description = "Signed in; the cookie is set", body = Success),
        (status = 400, description = "A token is missing", body = TokenHandlerProblem),
        (status = 403, description = "A token does not verify, both do not belong together, or the header is missing", body = TokenHandlerProblem),
        (status = 413, description = "The body is too large", body = TokenHandlerProblem),
        (status = 429, description = "Too many sessions begun", body = TokenHandlerProblem),
        (status = 415, description = "The body is not JSON", body = TokenHandlerProblem),
        (status = 503, description = "Keys or store do not answer", body = TokenHandlerProblem),
    ),
)]
pub(crate) async fn session(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Error> {
    let headers = request.headers().clone();
    let Json(tokens) = Json::<Tokens>::from_request(request, &app).await?;
    let given = |token: &Option<String>| token.clone().filter(|token| !token.is_empty());
    let (Some(access_token), Some(id_token)) =
        (given(&tokens.access_token), given(&tokens.id_token))
    else {
        return Err(Code::MissingTokens.into());
    };
    let refresh_token = tokens
        .refresh_token
        .as_deref()
        .filter(|token| !token.is_empty());
    if refresh_token.is_some_and(|token| token.len() > MAX_REFRESH_TOKEN) {
        return Err(Code::RefreshTokenTooLong.into());
    }
    let handed = Handed {
        access_token: &access_token,
        id_token: &id_token,
        refresh_token,
        auth_method: method(tokens.auth_method.as_deref())?,
    };
    let previous = app.site.cookies.sessions(&headers);
    let started = adopt(&app.auth, handed, caller.into_client(), &previous)
        .await
        .map_err(refusal)?;
    let mut response = answer(&Success::PLAIN)?;
    let cookies = &app.site.cookies;
    cookies.set(
        response.headers_mut(),
        Which::Session,
        &started.cookie,
        started.seconds,
    );
    Ok(response)
}

fn method(asked: Option<&str>) -> Result<&'static str, Error> {
    match asked {
        None | Some("direct") => Ok("direct"),
        Some("password") => Ok("password"),
        Some("passkey") => Ok("passkey"),
        Some(_) => Err(Code::AuthMethod.into()),
    }
}

fn refusal(error: AdoptError) -> Error {
    match error {
        AdoptError::Limited(limited) => Error::limited(limited),
        AdoptError::Unavailable(error) => error.into(),
        AdoptError::Refused(_) | AdoptError::Mismatch => {
            audit::refused(Refused::Session, &chain(&error));
            Code::TokensRefused.into()
        }
    }
}
