use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{CLIENT_ID, Input, Rule, USERNAME};
use super::result::authentication;
use crate::client::Client;
use crate::core::Core;
use crate::db::families;
use crate::db::users::User;
use crate::error::{ApiError, Result};
use crate::grant::{self, Request};
use crate::settings::Settings;
use crate::token::ADMIN_SCOPE;
use crate::user::{self, Authenticated};

const FLOWS: [&str; 8] = [
    "USER_SRP_AUTH",
    "REFRESH_TOKEN_AUTH",
    "REFRESH_TOKEN",
    "CUSTOM_AUTH",
    "ADMIN_NO_SRP_AUTH",
    "USER_PASSWORD_AUTH",
    "ADMIN_USER_PASSWORD_AUTH",
    "USER_AUTH",
];
const FLOW: Rule = USERNAME;

type Parameters<'a> = BTreeMap<&'a str, &'a str>;

pub(super) fn run(core: &Core, input: &mut Input<'_>, now: i64) -> Result<Value> {
    let flow = input.required("AuthFlow", &FLOW)?;
    if !flow.is_empty() {
        input.one_of("AuthFlow", flow, &FLOWS);
    }
    let client_id = input.required("ClientId", &CLIENT_ID)?;
    let parameters = input.map("AuthParameters")?;
    input.check()?;
    let client = Client::require(client_id)?;
    match flow {
        "USER_PASSWORD_AUTH" => password(core, client, &parameters, now),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => refresh(core, client, &parameters, now),
        "ADMIN_NO_SRP_AUTH" | "ADMIN_USER_PASSWORD_AUTH" => Err(ApiError::invalid_parameter(
            format!("{flow} is not valid for InitiateAuth: use AdminInitiateAuth"),
        )),
        _ => Err(not_enabled(flow)),
    }
}

fn password(
    core: &Core,
    client: &'static Client,
    parameters: &Parameters<'_>,
    now: i64,
) -> Result<Value> {
    let username = required(parameters, "USERNAME")?;
    let password = required(parameters, "PASSWORD")?;
    client.check_secret_hash(username, parameters.get("SECRET_HASH").copied())?;
    match user::authenticate(core, username, password, now)? {
        Authenticated::SignedIn(user) => {
            let request = Request {
                client,
                scope: ADMIN_SCOPE,
                nonce: None,
                auth_time: now,
            };
            Ok(authentication(grant::begin(core, &user, &request, now)?))
        }
        Authenticated::NewPasswordRequired(user) => Ok(challenge(
            core,
            "NEW_PASSWORD_REQUIRED",
            &new_password_parameters(&user),
        )),
        Authenticated::MfaSetup(user) => Ok(challenge(
            core,
            "MFA_SETUP",
            &json!({ "MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\"]", "USER_ID_FOR_SRP": user.sub }),
        )),
    }
}

fn refresh(
    core: &Core,
    client: &'static Client,
    parameters: &Parameters<'_>,
    now: i64,
) -> Result<Value> {
    let token = required(parameters, "REFRESH_TOKEN")?;
    let secret_hash = parameters.get("SECRET_HASH").copied();
    let (rotation, username) = core.db.run(|tx| {
        let family = families::of_refresh_token(tx, token)?;
        let username = family.map_or_else(String::new, |(family, _)| family.sub);
        Ok::<_, ApiError>((Settings::load(tx)?.refresh_rotation, username))
    })?;
    if rotation {
        return Err(not_enabled("REFRESH_TOKEN_AUTH"));
    }
    // Of an unknown token there is no name to check the hash with: it is only asked for.
    if !username.is_empty() || secret_hash.is_none() {
        client.check_secret_hash(&username, secret_hash)?;
    }
    Ok(authentication(grant::refresh(core, client, token, now)?))
}

/// The session of a challenge is opaque; answering challenges is not offered yet.
fn challenge(core: &Core, name: &str, parameters: &Value) -> Value {
    let session = core.random.refresh_token();
    json!({ "ChallengeName": name, "Session": session, "ChallengeParameters": parameters })
}

fn new_password_parameters(user: &User) -> Value {
    json!({
        "USER_ID_FOR_SRP": user.sub,
        "requiredAttributes": "[]",
        "userAttributes": json!(user.attributes).to_string(),
    })
}

fn required<'a>(parameters: &Parameters<'a>, name: &str) -> Result<&'a str> {
    parameters
        .get(name)
        .copied()
        .filter(|value| !value.is_empty())
        .ok_or_else(|| ApiError::invalid_parameter(format!("Missing required parameter {name}")))
}

fn not_enabled(flow: &str) -> ApiError {
    ApiError::invalid_parameter(format!("{flow} flow not enabled for this client"))
}
