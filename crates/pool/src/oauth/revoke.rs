use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::client_auth;
use super::error::{self, OAuthError};
use crate::core::Core;
use crate::fault;
use crate::grant::{self, Revoked};

/// `POST /oauth2/revoke`: ends everything that came with a refresh token.
pub(crate) async fn revoke(
    State(core): State<Arc<Core>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(mut response) = fault::arrive(&core, "oauth2/revoke").await {
        error::public_headers(&core, &mut response);
        return response;
    }
    let ended = core.here(move |core| Ok(end(core, &headers, &body)));
    let ended = ended.await.unwrap_or_else(|error| Err(error.into()));
    error::answer(&core, ended)
}

fn end(core: &Core, headers: &HeaderMap, body: &[u8]) -> Result<Option<Value>, OAuthError> {
    let form = client_auth::form(headers, body)?;
    let client = client_auth::client(core, headers, &form).map_err(|error| match error.error {
        "invalid_client" => OAuthError {
            status: StatusCode::UNAUTHORIZED,
            ..error
        },
        _ => error,
    })?;
    let token = form
        .get("token")?
        .ok_or(OAuthError::new("invalid_request"))?;
    match grant::revoke(core, &client, token)? {
        Revoked::Done => Ok(None),
        Revoked::OtherClient => Err(OAuthError::new("invalid_request")),
        Revoked::NotRefreshToken => Err(OAuthError::new("unsupported_token_type")),
    }
}
