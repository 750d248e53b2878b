//! `POST /auth/validate-credential`: whether a new passkey is of a kind that is allowed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::audit::{self, Refused};
use cogward_auth::passkey::{Device as Judged, PasskeyRefusal};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::answer;
use crate::App;
use crate::error::{Code, Error, OwnWords, TokenHandlerProblem};
use crate::extract::{CurrentSession, Json};

/// A new passkey, in base64url.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Credential {
    /// `response.attestationObject` of the browser's credential.
    attestation_object: String,
    /// `response.clientDataJSON`.
    client_data_json: String,
}

/// It is allowed.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Allowed {
    /// `true`.
    allowed: bool,
    device: Device,
}

/// It is not.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotAllowed {
    /// `false`.
    allowed: bool,
    reason: String,
}

/// What the authenticator says of itself; nobody vouches for it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Device {
    /// Its model; all zero where it does not tell.
    aaguid: String,
    /// The passkey may be copied to other devices.
    backup_eligible: bool,
    /// It is copied.
    backup_state: bool,
    /// It knew its user, by a PIN or a fingerprint.
    user_verified: bool,
}

impl From<Judged> for Device {
    fn from(device: Judged) -> Self {
        Self {
            aaguid: device.aaguid.to_string(),
            backup_eligible: device.backup_eligible,
            backup_state: device.backup_state,
            user_verified: device.user_verified,
        }
    }
}

/// Whether a passkey's authenticator is of a kind that this deployment allows.
#[utoipa::path(
    post, path = "", operation_id = "validateCredential", tag = "Token Handler",
    security(("session" = [])),
    params(("X-L42-CSRF" = String, Header, description = "Exactly `1`")),
    request_body = Credential,
    responses(
        (status = 200, description = "Allowed", body = Allowed),
        (status = 400, description = "Not a new passkey", body = TokenHandlerProblem),
        (status = 401, description = "Not signed in", body = TokenHandlerProblem),
        (status = 403, description = "Not allowed; or (`error`) the header is missing", body = NotAllowed),
        (status = 413, description = "The body is too large", body = TokenHandlerProblem),
        (status = 415, description = "The body is not JSON", body = TokenHandlerProblem),
        (status = 503, description = "Store or Cognito do not answer", body = TokenHandlerProblem),
    ),
)]
pub(crate) async fn validate_credential(
    State(app): State<Arc<App>>,
    CurrentSession(_): CurrentSession,
    Json(given): Json<Credential>,
) -> Result<Response, Error> {
    let rules = &app.auth.settings().passkeys;
    match rules.judge(&given.attestation_object, &given.client_data_json) {
        Ok(device) => answer(&Allowed {
            allowed: true,
            device: device.into(),
        }),
        Err(PasskeyRefusal::Malformed) => Err(Code::Attestation.into()),
        Err(refusal) => {
            audit::refused(Refused::Passkey, &refusal);
            let body = NotAllowed {
                allowed: false,
                reason: refusal.to_string(),
            };
            let mut said = answer(&body)?;
            *said.status_mut() = StatusCode::FORBIDDEN;
            said.extensions_mut().insert(OwnWords);
            Ok(said)
        }
    }
}
