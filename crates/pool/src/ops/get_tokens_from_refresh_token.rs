use serde_json::Value;

use super::input::{CLIENT_ID, CLIENT_SECRET, Input, TOKEN};
use super::result::authentication;
use crate::client::Client;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::grant;

pub(super) fn run(core: &Core, input: &mut Input<'_>, now: i64) -> Result<Value> {
    let refresh_token = input.required("RefreshToken", &TOKEN)?;
    let client_id = input.required("ClientId", &CLIENT_ID)?;
    let secret = input.optional("ClientSecret", &CLIENT_SECRET)?;
    input.check()?;
    let client = Client::require(client_id)?;
    if !client.secret_matches(secret) {
        return Err(ApiError::not_authorized(match secret {
            None => format!(
                "Client {client_id} is configured with secret but ClientSecret was not received"
            ),
            Some(_) => format!("Unable to verify secret for client {client_id}"),
        }));
    }
    let mut value = authentication(grant::refresh(core, client, refresh_token, now)?);
    if let Some(members) = value.as_object_mut() {
        members.remove("ChallengeParameters");
    }
    Ok(value)
}
