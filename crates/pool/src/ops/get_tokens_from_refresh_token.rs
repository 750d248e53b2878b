use serde_json::Value;

use super::input::Input;
use super::result::authentication;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::grant;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let client = core.client(input.text("ClientId"))?;
    let secret = input.get("ClientSecret");
    if !client.secret_matches(secret) {
        let id = &client.id;
        return Err(ApiError::not_authorized(match secret {
            None => {
                format!("Client {id} is configured with secret but ClientSecret was not received")
            }
            Some(_) => format!("Unable to verify secret for client {id}"),
        }));
    }
    let (token, device_key) = (input.text("RefreshToken"), input.get("DeviceKey"));
    Ok(authentication(grant::refresh(
        core, &client, token, device_key, now,
    )?))
}
