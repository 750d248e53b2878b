use std::sync::Arc;

use serde_json::Value;

use super::input::Input;
use super::result::answer;
use crate::client::Client;
use crate::core::Core;
use crate::error::Result;
use crate::sign_in::{self, Answer, Channel, required};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let client = core.client(input.text("ClientId"))?;
    respond(core, &client, Channel::Api, input, now)
}

/// For AdminRespondToAuthChallenge too.
pub(super) fn respond(
    core: &Core,
    client: &Arc<Client>,
    channel: Channel,
    input: &Input<'_>,
    now: i64,
) -> Result<Value> {
    let responses = input.map("ChallengeResponses");
    let name = required(&responses, "USERNAME")?;
    client.check_secret_hash(name, responses.get("SECRET_HASH").copied())?;
    let given = Answer {
        client,
        channel,
        challenge: input.text("ChallengeName"),
        session: input.get("Session"),
        responses: &responses,
        metadata: input.owned_map("ClientMetadata"),
        peer: Some(input.peer),
    };
    answer(core, client, sign_in::respond(core, &given, now)?, now)
}
