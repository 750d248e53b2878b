//! `POST …/auth/verify-otp`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::accounts;
use serde::Deserialize;

use super::{Purpose, Said};
use crate::App;
use crate::error::{Code, Error, Problem};
use crate::extract::{Caller, Json};
use crate::routes::answer;

/// A code as it was received.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Received {
    email: String,
    code: String,
    purpose: Purpose,
    /// With `password_reset`, and only there.
    new_password: Option<String>,
}

/// Confirm a new account's address, or set another password, with the code that was sent.
#[utoipa::path(
    post, path = "", operation_id = "verifyOtp", tag = "Accounts",
    request_body = Received,
    responses(
        (status = 200, description = "Done", body = Said),
        (status = 400, description = "`invalid_code`, `password_policy`, …", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The body is not JSON", body = Problem),
        (status = 429, description = "Too many codes tried; `Retry-After` says when again", body = Problem),
        (status = 503, description = "Cognito does not answer", body = Problem),
    ),
)]
pub(crate) async fn verify_otp(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(received): Json<Received>,
) -> Result<Response, Error> {
    let (auth, client) = (&app.auth, caller.into_client());
    let Received { email, code, .. } = &received;
    let message = match (received.purpose, &received.new_password) {
        (Purpose::EmailVerification, None) => {
            accounts::verify_email(auth, email, code, &client).await?;
            "Signup complete"
        }
        (Purpose::PasswordReset, Some(password)) => {
            accounts::reset_password(auth, email, code, password, &client).await?;
            "Password reset complete"
        }
        (Purpose::EmailVerification, Some(_)) => {
            return Err(Code::NewPasswordUnused.into());
        }
        (Purpose::PasswordReset, None) => {
            return Err(Code::NewPasswordMissing.into());
        }
    };
    answer(&Said { message })
}
