use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::error::public_headers;
use crate::core::Core;
use crate::fault;
use crate::scope;
use crate::token;

/// `GET /oauth2/userInfo`: the attributes the token's scopes open and the client may
/// read, as strings.
pub(crate) async fn user_info(State(core): State<Arc<Core>>, headers: HeaderMap) -> Response {
    let mut response = match fault::arrive(&core, "oauth2/userInfo").await {
        Some(response) => response,
        None => {
            let result = core.here(move |core| Ok(answer(core, &headers))).await;
            result.unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "server_error", ""))
        }
    };
    public_headers(&core, &mut response);
    response
}

fn answer(core: &Core, headers: &HeaderMap) -> Response {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(value)), None) => bearer(value),
        _ => None,
    };
    let Some(token) = token else {
        let description = "A bearer access token is required";
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", description);
    };
    let scoped = token::authenticate(core, token, core.clock.now())
        .ok()
        .filter(|(claims, _)| scope::has(&claims.scope, "openid"));
    let Some((claims, user)) = scoped else {
        let description = "Access token is expired, disabled, or deleted, or the user has \
                           globally signed out.";
        return refuse(StatusCode::UNAUTHORIZED, "invalid_token", description);
    };
    let mut body = Map::new();
    body.insert("sub".into(), user.sub.as_str().into());
    body.insert("username".into(), user.username.as_str().into());
    let client = core.find_client(&claims.client_id);
    let open = |name: &str| {
        let readable = client.as_ref().is_some_and(|client| client.may_read(name));
        readable && scope::opens(&claims.scope, name)
    };
    for (name, value) in user.attributes.iter().filter(|(name, _)| open(name)) {
        body.insert(name.clone(), value.as_str().into());
    }
    Value::Object(body).to_string().into_response()
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn refuse(status: StatusCode, error: &'static str, description: &'static str) -> Response {
    let body = json!({ "error": error, "error_description": description }).to_string();
    let mut response = (status, body).into_response();
    let challenge = format!("Bearer error=\"{error}\", error_description=\"{description}\"");
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
