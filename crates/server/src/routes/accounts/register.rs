//! `POST …/auth/register`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts;
use serde::Deserialize;

use super::{OTP_SENT, Said};
use crate::App;
use crate::error::{Error, Problem};
use crate::extract::{Caller, Json};
use crate::routes::answer;

/// A person who registers.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Registration {
    email: String,
    password: String,
    first_name: String,
    last_name: String,
    /// Has to be `true`.
    accept_terms: bool,
}

/// Register; a code is sent to the address.
///
/// An address that has an account is answered the same, unless `accounts.hide_existing` is off.
#[utoipa::path(
    post, path = "", operation_id = "register", tag = "Accounts",
    request_body = Registration,
    responses(
        (status = 200, description = "A code is on its way", body = Said),
        (status = 400, description = "`invalid_email`, `invalid_name`, `terms_not_accepted`, `password_policy`, …", body = Problem),
        (status = 409, description = "`user_exists`, where that is no secret", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many registrations; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito does not answer", body = Problem),
    ),
)]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(person): Json<Registration>,
) -> Result<Response, Error> {
    let registration = accounts::Registration {
        email: &person.email,
        password: &person.password,
        first_name: &person.first_name,
        last_name: &person.last_name,
        accept_terms: person.accept_terms,
    };
    accounts::register(&app.auth, &registration, &caller.into_client()).await?;
    answer(&OTP_SENT)
}
