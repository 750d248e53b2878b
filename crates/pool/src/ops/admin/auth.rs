//! A sign-in through an administrator's server: the same steps, through a door of its own.

use serde_json::Value;

use crate::core::Core;
use crate::error::Result;
use crate::ops::input::Input;
use crate::ops::{initiate_auth, respond_to_auth_challenge};
use crate::sign_in::Channel;

pub(in crate::ops) fn initiate(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let client = core.client(input.text("ClientId"))?;
    initiate_auth::begin(core, &client, Channel::Admin, input, now)
}

pub(in crate::ops) fn respond(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let client = core.client(input.text("ClientId"))?;
    respond_to_auth_challenge::respond(core, &client, Channel::Admin, input, now)
}
