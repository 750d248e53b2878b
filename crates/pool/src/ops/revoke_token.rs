use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::grant::{self, Revoked};

pub(super) fn run(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let client = core
        .find_client(input.text("ClientId"))
        .filter(|client| client.secret_matches(input.get("ClientSecret")))
        .ok_or_else(|| unauthorized("Invalid client id or secret"))?;
    match grant::revoke(core, &client, input.text("Token"))? {
        Revoked::Done => Ok(json!({})),
        Revoked::OtherClient => Err(unauthorized("The token was not issued to this client")),
        Revoked::NotRefreshToken => Err(ApiError::new(
            "UnsupportedTokenTypeException",
            "Unsupported token type",
        )),
    }
}

fn unauthorized(message: &'static str) -> ApiError {
    ApiError::new("UnauthorizedException", message)
}
