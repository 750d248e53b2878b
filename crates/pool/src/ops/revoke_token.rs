use serde_json::{Value, json};

use super::input::{CLIENT_ID, CLIENT_SECRET, Input, TOKEN};
use crate::client::Client;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::grant::{self, Revoked};

pub(super) fn run(core: &Core, input: &mut Input<'_>, _now: i64) -> Result<Value> {
    let refresh_token = input.required("Token", &TOKEN)?;
    let client_id = input.required("ClientId", &CLIENT_ID)?;
    let secret = input.optional("ClientSecret", &CLIENT_SECRET)?;
    input.check()?;
    let client = Client::find(client_id)
        .filter(|client| client.secret_matches(secret))
        .ok_or_else(|| unauthorized("Invalid client id or secret"))?;
    match grant::revoke(core, client, refresh_token)? {
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
