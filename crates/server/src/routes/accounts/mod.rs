//! Accounts on the application's own pages (contracts §4).

pub(crate) mod change_password;
pub(crate) mod delete_account;
pub(crate) mod login;
pub(crate) mod mfa;
pub(crate) mod passkeys;
mod refusal;
pub(crate) mod register;
pub(crate) mod request_otp;
pub(crate) mod verify_otp;

use serde::{Deserialize, Serialize};

/// What was done, in the words of the protocol.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Said {
    message: &'static str,
}

const OTP_SENT: Said = Said {
    message: "OTP sent",
};

/// What a one-time code is for.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// To confirm the address of a new account.
    EmailVerification,
    /// To choose another password.
    PasswordReset,
}
