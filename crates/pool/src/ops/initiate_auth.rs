use std::sync::Arc;

use serde_json::{Value, json};

use super::input::Input;
use super::result::{answer, authentication};
use crate::client::{AuthFlow, Client};
use crate::core::Core;
use crate::db::{families, users};
use crate::error::{ApiError, Result};
use crate::grant;
use crate::sign_in::{self, Begin, Channel, required};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let client = core.client(input.text("ClientId"))?;
    begin(core, &client, Channel::Api, input, now)
}

/// What asks somebody who is signed in for more.
const STEP_UP: [&str; 3] = ["TARGET_ACR_VALUES", "MAX_AGE", "ACCESS_TOKEN"];

/// For AdminInitiateAuth too.
pub(super) fn begin(
    core: &Core,
    client: &Arc<Client>,
    channel: Channel,
    input: &Input<'_>,
    now: i64,
) -> Result<Value> {
    let name = input.text("AuthFlow");
    let flow = match (name, channel) {
        ("USER_PASSWORD_AUTH", _) => AuthFlow::UserPassword,
        ("USER_SRP_AUTH", _) => AuthFlow::UserSrp,
        ("USER_AUTH", _) => AuthFlow::User,
        ("CUSTOM_AUTH", _) => AuthFlow::Custom,
        ("REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN", _) => AuthFlow::RefreshToken,
        ("ADMIN_NO_SRP_AUTH" | "ADMIN_USER_PASSWORD_AUTH", Channel::Admin) => {
            AuthFlow::AdminUserPassword
        }
        _ => {
            return Err(ApiError::invalid_parameter(format!(
                "{name} is not valid for InitiateAuth: use AdminInitiateAuth"
            )));
        }
    };
    if !client.flows.contains(&flow) {
        return Err(not_enabled(name));
    }
    if flow == AuthFlow::RefreshToken {
        return refresh(core, client, input, now);
    }
    let parameters = input.map("AuthParameters");
    // Ignored, they would let in whoever should have been asked for more.
    if let Some(name) = STEP_UP.iter().find(|name| parameters.contains_key(**name)) {
        return Err(ApiError::invalid_parameter(format!(
            "{name} is not supported by the local user pool: it has no step-up authentication"
        )));
    }
    if let (AuthFlow::User, Some(session)) = (flow, input.get("Session")) {
        let name = parameters.get("USERNAME").copied();
        let secret_hash = parameters.get("SECRET_HASH").copied();
        client.check_secret_hash(name.unwrap_or_default(), secret_hash)?;
        let outcome = sign_in::straight_in(core, client, channel, session, name, now)?;
        return answer(core, client, outcome, now);
    }
    let name = required(&parameters, "USERNAME")?;
    client.check_secret_hash(name, parameters.get("SECRET_HASH").copied())?;
    let begin = Begin {
        client,
        channel,
        flow,
        name,
        parameters: &parameters,
        metadata: input.owned_map("ClientMetadata"),
        peer: Some(input.peer),
    };
    answer(core, client, sign_in::begin(core, &begin, now)?, now)
}

fn refresh(core: &Core, client: &Arc<Client>, input: &Input<'_>, now: i64) -> Result<Value> {
    let parameters = input.map("AuthParameters");
    let token = required(&parameters, "REFRESH_TOKEN")?;
    let secret_hash = parameters.get("SECRET_HASH").copied();
    if client.lifetimes(&core.definition().settings).rotation {
        return Err(not_enabled("REFRESH_TOKEN_AUTH"));
    }
    if client.has_secret() || secret_hash.is_some() {
        let user = core
            .db
            .run(|tx| match families::of_refresh_token(tx, token)? {
                Some((family, _)) => users::find(tx, &family.sub),
                None => Ok(None),
            })?;
        // Of an unknown token there is no name to check the hash with: it is only asked for.
        match user {
            Some(user) => {
                client.check_secret_hash_of(&[&user.username, &user.sub], secret_hash)?;
            }
            None if secret_hash.is_none() => client.check_secret_hash("", None)?,
            None => {}
        }
    }
    let device_key = parameters.get("DEVICE_KEY").copied();
    let mut value = authentication(grant::refresh(core, client, token, device_key, now)?);
    if let Some(members) = value.as_object_mut() {
        members.insert("ChallengeParameters".to_owned(), json!({}));
    }
    Ok(value)
}

fn not_enabled(flow: &str) -> ApiError {
    ApiError::invalid_parameter(format!("{flow} flow not enabled for this client"))
}
