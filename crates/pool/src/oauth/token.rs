use std::sync::Arc;

use aws_lc_rs::digest;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::client_auth;
use super::error::{self, OAuthError};
use super::params::Params;
use crate::client::{Client, OAuthFlow};
use crate::core::Core;
use crate::db::{auth_codes, users};
use crate::fault;
use crate::grant::{self, Granted, Request};
use crate::{scope, token};

/// `POST /oauth2/token`: `authorization_code`, `refresh_token` and `client_credentials`.
pub(crate) async fn token(
    State(core): State<Arc<Core>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(mut response) = fault::arrive(&core, "oauth2/token").await {
        error::public_headers(&core, &mut response);
        return response;
    }
    let granted = core.here(move |core| Ok(grant(core, &headers, &body)));
    let granted = granted.await.unwrap_or_else(|error| Err(error.into()));
    error::answer(&core, granted)
}

fn grant(core: &Core, headers: &HeaderMap, body: &[u8]) -> Result<Option<Value>, OAuthError> {
    let form = client_auth::form(headers, body)?;
    let client = client_auth::client(core, headers, &form)?;
    let now = core.clock.now();
    let machine = client.is_machine();
    match form.get("grant_type")? {
        Some("authorization_code") if client.oauth_flows.contains(&OAuthFlow::Code) => {
            Ok(Some(success(exchange(core, &client, &form, now)?)))
        }
        Some("refresh_token") if !machine => {
            let token = form
                .get("refresh_token")?
                .ok_or(OAuthError::new("invalid_request"))?;
            let granted = grant::refresh(core, &client, token, None, now)?;
            Ok(Some(success(granted)))
        }
        Some("client_credentials") if machine => {
            client_credentials(core, &client, &form, now).map(Some)
        }
        Some("authorization_code" | "refresh_token" | "client_credentials") => {
            Err(OAuthError::new("unauthorized_client"))
        }
        Some(_) => Err(OAuthError::new("unsupported_grant_type")),
        None => Err(OAuthError::new("invalid_request")),
    }
}

/// An access token for the client itself (RFC 6749 section 4.4). It is for no one resource:
/// Cognito binds tokens of users only.
fn client_credentials(
    core: &Core,
    client: &Client,
    form: &Params,
    now: i64,
) -> Result<Value, OAuthError> {
    if form.get("resource")?.is_some() {
        return Err(OAuthError::new("invalid_request"));
    }
    let scope = scope::of_client(&core.definition(), client, form.get("scope")?)
        .ok_or(OAuthError::new("invalid_scope"))?;
    let (token, expires_in) = token::issue_to_client(core, client, &scope, now)?;
    Ok(json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in }))
}

/// A code works once, for its client, redirect URI and verifier.
fn exchange(core: &Core, client: &Client, form: &Params, now: i64) -> Result<Granted, OAuthError> {
    let code = form
        .get("code")?
        .ok_or(OAuthError::new("invalid_request"))?;
    let redirect_uri = form
        .get("redirect_uri")?
        .ok_or(OAuthError::new("invalid_request"))?;
    let verifier = form.get("code_verifier")?;
    let taken = core.db.run(|tx| {
        let Some(code) = auth_codes::take(tx, code, &client.id)? else {
            return Ok(None);
        };
        let user = users::find(tx, &code.sub)?;
        Ok::<_, crate::error::ApiError>(user.map(|user| (code, user)))
    })?;
    let (code, user) = taken.ok_or(OAuthError::new("invalid_grant"))?;
    if code.expires_at <= now || !user.enabled || code.epoch != user.epoch {
        return Err(OAuthError::new("invalid_grant"));
    }
    if code.redirect_uri != redirect_uri {
        return Err(OAuthError::new("unauthorized_client").describe("invalid_redirect"));
    }
    let proven = match (&code.challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => proves(verifier, challenge),
        // A verifier nobody announced is a downgraded request (RFC 9700 section 2.1.1).
        _ => false,
    };
    if !proven || !scope::readable(&code.scope, client) {
        return Err(OAuthError::new("invalid_grant"));
    }
    let (scope, nonce) = (code.scope.as_str(), code.nonce.as_deref());
    let request = Request {
        client,
        scope,
        nonce,
        auth_time: code.auth_time,
        device_key: None,
        hosted: true,
        resource: code.resource.as_deref(),
    };
    Ok(grant::begin(core, &user, &request, now)?)
}

/// RFC 7636 section 4.6.
fn proves(verifier: &str, challenge: &str) -> bool {
    let valid = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
    let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
    valid
        && bool::from(
            URL_SAFE_NO_PAD
                .encode(hash)
                .as_bytes()
                .ct_eq(challenge.as_bytes()),
        )
}

fn success(granted: Granted) -> Value {
    let members = [
        ("access_token", Some(Value::from(granted.tokens.access))),
        (
            "id_token",
            granted.identifies.then(|| granted.tokens.id.into()),
        ),
        ("refresh_token", granted.refresh_token.map(Value::from)),
        ("token_type", Some("Bearer".into())),
        ("expires_in", Some(granted.tokens.expires_in.into())),
    ];
    members
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
}
