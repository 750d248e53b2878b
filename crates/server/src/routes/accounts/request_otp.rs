//! `POST …/auth/request-otp`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts;
use serde::Deserialize;

use super::{OTP_SENT, Purpose, Said};
use crate::App;
use crate::error::{Error, Problem};
use crate::extract::{Caller, Json};
use crate::routes::answer;

/// Who wants a code, and what for.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Wanted {
    email: String,
    purpose: Purpose,
}

/// Send a code to confirm an address, or to choose another password.
///
/// An address without an account is answered the same, unless `accounts.hide_existing` is off.
#[utoipa::path(
    post, path = "", operation_id = "requestOtp", tag = "Accounts",
    request_body = Wanted,
    responses(
        (status = 200, description = "A code is on its way", body = Said),
        (status = 400, description = "`invalid_email`", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many codes; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito does not answer", body = Problem),
    ),
)]
pub(crate) async fn request_otp(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Error> {
    let (auth, client) = (&app.auth, caller.into_client());
    match wanted.purpose {
        Purpose::EmailVerification => accounts::resend_code(auth, &wanted.email, &client).await?,
        Purpose::PasswordReset => accounts::forgot_password(auth, &wanted.email, &client).await?,
    }
    answer(&OTP_SENT)
}
