//! The user-pool API: `POST /` with `X-Amz-Target`. One file an operation.

mod admin;
mod associate_software_token;
mod change_password;
mod complete_web_authn_registration;
mod confirm_device;
mod confirm_forgot_password;
mod confirm_sign_up;
mod delete_user;
mod delete_user_attributes;
mod delete_web_authn_credential;
mod device;
mod forget_device;
mod forgot_password;
mod get_device;
mod get_tokens_from_refresh_token;
mod get_user;
mod get_user_attribute_verification_code;
mod get_user_auth_factors;
mod global_sign_out;
mod initiate_auth;
mod input;
mod list_devices;
mod list_user_sessions;
mod list_web_authn_credentials;
mod resend_confirmation_code;
mod respond_to_auth_challenge;
mod result;
mod revoke_token;
mod revoke_user_session;
mod set_user_mfa_preference;
mod set_user_settings;
mod sign_up;
mod start_web_authn_registration;
mod table;
mod update_auth_event_feedback;
mod update_device_status;
mod update_user_attributes;
mod verify_software_token;
mod verify_user_attribute;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use url::{Host, Url};

use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::fault;
use crate::limit;
use crate::listen::Peer;
use crate::model::OperationModel;
use crate::options::POOL_ID;
use input::Input;
use table::Operation;

const CONTENT: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-amzn-errormessage");

/// Answers one call of the user-pool API.
pub(crate) async fn call(
    State(core): State<Arc<Core>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut response = match answer(&core, peer, &headers, &body).await {
        Ok(response) => response,
        Err(error) => refusal(&error),
    };
    if let Ok(id) = HeaderValue::from_str(&core.random.uuid()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The answer to a browser that asks before it calls.
pub(crate) async fn preflight() -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST, GET, OPTIONS"),
        (
            "access-control-allow-headers",
            "authorization, content-type, x-amz-target, x-amz-user-agent, x-amz-date, \
             x-amz-security-token, x-amz-content-sha256, cache-control, amz-sdk-request, \
             amz-sdk-invocation-id",
        ),
        ("access-control-max-age", "86400"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

/// An error in Cognito's form: status, headers and body.
pub(crate) fn refusal(error: &ApiError) -> Response {
    let status = if error.is_fault() {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::BAD_REQUEST
    };
    let mut response = reply(
        status,
        json!({ "__type": error.kind, "message": error.message }).to_string(),
    );
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&format!("{}:", error.kind)) {
        headers.insert(ERROR_TYPE, kind);
    }
    // Header values are visible ASCII; what a caller sent may be anything.
    let message: String = error
        .message
        .chars()
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect();
    if let Ok(message) = HeaderValue::from_str(&message) {
        headers.insert(ERROR_MESSAGE, message);
    }
    response
}

async fn answer(
    core: &Arc<Core>,
    peer: IpAddr,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response> {
    let operation = target(headers)?;
    if let Some(response) = fault::arrive(core, operation.name).await {
        return Ok(response);
    }
    let run = operation.run()?;
    if !operation.model.unsigned && !from_here(headers) {
        return Err(ApiError::new(
            "ForbiddenException",
            "Pages of other hosts may not administer the local user pool.",
        ));
    }
    let members: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| ApiError::new("SerializationException", "The body is not a JSON object"))?;
    operation.model.check(&members)?;
    check_pool(&members)?;
    let waits = waits(&operation, &members);
    let work = move |core: &Core| {
        let now = core.clock.now();
        limit::request(core, operation.name, operation.model, &members, now)?;
        run(core, &Input::new(&members, peer), now)
    };
    let value = if waits {
        core.blocking(work).await
    } else {
        core.here(work).await
    };
    let value = value.map_err(|error| as_declared(operation.model, error))?;
    let body = if operation.model.has_output {
        value.to_string()
    } else {
        String::new()
    };
    Ok(reply(StatusCode::OK, body))
}

/// Whether functions beside the pool may have to be waited for.
fn waits(operation: &Operation, members: &Map<String, Value>) -> bool {
    operation.name.ends_with("RespondToAuthChallenge")
        || members.get("AuthFlow").and_then(Value::as_str) == Some("CUSTOM_AUTH")
}

/// No signature is asked of an administrator: what tells a page somewhere on the web from him is
/// the origin its browser names.
fn from_here(headers: &HeaderMap) -> bool {
    headers.get_all(ORIGIN).iter().all(|origin| {
        let url = origin
            .to_str()
            .ok()
            .and_then(|origin| Url::parse(origin).ok());
        url.is_some_and(|url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        })
    })
}

/// Whatever names a pool has to name this one.
fn check_pool(members: &Map<String, Value>) -> Result<()> {
    match members.get("UserPoolId").and_then(Value::as_str) {
        Some(id) if id != POOL_ID => Err(ApiError::new(
            "ResourceNotFoundException",
            format!("User pool {id} does not exist."),
        )),
        _ => Ok(()),
    }
}

/// What has become of a token's user, or client, is no error of every operation. There it is the
/// token that is refused.
fn as_declared(model: &OperationModel, error: ApiError) -> ApiError {
    let of_bearer = matches!(
        &*error.kind,
        "UserNotFoundException"
            | "UserNotConfirmedException"
            | "PasswordResetRequiredException"
            | "ResourceNotFoundException"
            | "RefreshTokenReuseException"
    );
    if of_bearer && !model.declares(&error.kind) && model.declares("NotAuthorizedException") {
        return ApiError::not_authorized(error.message);
    }
    error
}

fn target(headers: &HeaderMap) -> Result<Operation> {
    let target = headers.get("x-amz-target").ok_or_else(|| {
        ApiError::new(
            "UnknownOperationException",
            "The header X-Amz-Target is missing: AWSCognitoIdentityProviderService.InitiateAuth, \
             for example",
        )
    })?;
    let name = target.to_str().ok();
    let name = name.and_then(|name| name.strip_prefix("AWSCognitoIdentityProviderService."));
    table::operation(name.unwrap_or_default())
}

fn reply(status: StatusCode, body: String) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, CONTENT);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"),
    );
    response
}
