use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::core::Core;
use crate::fault;
use crate::options::POOL_ID;

/// `GET /{pool id}/.well-known/jwks.json`: two keys.
pub(crate) async fn jwks(State(core): State<Arc<Core>>) -> Response {
    if let Some(response) = fault::arrive(&core, "jwks").await {
        return response;
    }
    match core
        .blocking(|core| Ok(core.keys.with(crate::key::Ring::jwks)))
        .await
    {
        Ok(Some(keys)) => public(&keys),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// `GET /{pool id}/.well-known/openid-configuration`. As in Cognito it does not name the
/// PKCE methods, though S256 works.
pub(crate) async fn openid_configuration(State(core): State<Arc<Core>>) -> Response {
    if let Some(response) = fault::arrive(&core, "openid-configuration").await {
        return response;
    }
    let base = core.base_url.as_str();
    public(&json!({
        "authorization_endpoint": format!("{base}oauth2/authorize"),
        "end_session_endpoint": format!("{base}logout"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": core.issuer,
        "jwks_uri": format!("{base}{POOL_ID}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": format!("{base}oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{base}oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": format!("{base}oauth2/userInfo"),
    }))
}

fn public(body: &Value) -> Response {
    let mut response = body.to_string().into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}
