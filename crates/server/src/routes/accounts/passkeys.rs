//! `…/auth/passkeys`: passkeys of who is signed in.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use cogward_auth::accounts;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Said;
use crate::App;
use crate::error::{Error, Problem};
use crate::extract::{Bodyless, CurrentSession, Json};
use crate::routes::answer;

/// The account's passkeys.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Passkeys {
    passkeys: Vec<Passkey>,
}

/// One of them.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Passkey {
    id: String,
    name: String,
    /// `platform` or `cross-platform`.
    attachment: Option<String>,
    /// Epoch seconds.
    created_at: i64,
}

/// A new passkey.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct NewPasskey {
    /// As the browser gives it (`toJSON()`).
    #[schema(value_type = Object)]
    credential: Value,
}

/// The passkeys of the account.
#[utoipa::path(
    get, path = "", operation_id = "passkeys", tag = "Accounts",
    security(("session" = [])),
    responses(
        (status = 200, description = "The passkeys", body = Passkeys),
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
    let passkeys = accounts::list_passkeys(&app.auth, &current).await?;
    let shown = passkeys.into_iter().map(|passkey| Passkey {
        id: passkey.id,
        name: passkey.name,
        attachment: passkey.attachment,
        created_at: passkey.created_at,
    });
    answer(&Passkeys {
        passkeys: shown.collect(),
    })
}

/// Begin a registration: what `navigator.credentials.create` is to be asked
/// (`PublicKeyCredential.parseCreationOptionsFromJSON`).
#[utoipa::path(
    post, path = "", operation_id = "beginPasskey", tag = "Accounts",
    security(("session" = [])),
    responses(
        (status = 200, description = "`PublicKeyCredentialCreationOptionsJSON`", body = Object),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`reauthentication_required`: sign in again first; `not_offered`, `insufficient_scope`", body = Problem),
        (status = 429, description = "Too many passkeys, or Cognito is asked too often; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    _: Bodyless,
    CurrentSession(current): CurrentSession,
) -> Result<Response, Error> {
    answer(&accounts::begin_passkey(&app.auth, &current).await?)
}

/// Register the passkey that the browser made.
#[utoipa::path(
    post, path = "", operation_id = "finishPasskey", tag = "Accounts",
    security(("session" = [])),
    request_body = NewPasskey,
    responses(
        (status = 200, description = "Registered", body = Said),
        (status = 400, description = "`passkey_expired`, `passkey_refused`, …", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`reauthentication_required`: sign in again first; `passkey_not_allowed`, `insufficient_scope`", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many passkeys, or Cognito is asked too often; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    CurrentSession(current): CurrentSession,
    Json(given): Json<NewPasskey>,
) -> Result<Response, Error> {
    accounts::finish_passkey(&app.auth, &current, &given.credential).await?;
    answer(&Said {
        message: "Passkey registered",
    })
}

/// Take a passkey away.
#[utoipa::path(
    delete, path = "", operation_id = "removePasskey", tag = "Accounts",
    security(("session" = [])),
    params(("id" = String, Path, description = "As in the list")),
    responses(
        (status = 200, description = "Gone", body = Said),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "`reauthentication_required`: sign in again first; `insufficient_scope`", body = Problem),
        (status = 404, description = "The account has no such passkey", body = Problem),
        (status = 429, description = "Cognito is asked too often; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito or the session store does not answer", body = Problem),
    ),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    _: Bodyless,
    CurrentSession(current): CurrentSession,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    accounts::remove_passkey(&app.auth, &current, &id).await?;
    answer(&Said {
        message: "Passkey removed",
    })
}
