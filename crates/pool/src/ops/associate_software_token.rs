use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::user::totp;
use crate::{sign_in, token};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    match caller(input)? {
        Caller::AccessToken(token) => {
            let user = token::authorized_user(core, token, now)?;
            Ok(json!({ "SecretCode": totp::associate(core, &user)? }))
        }
        Caller::Session(session) => {
            let (secret, session) = sign_in::associate(core, session, false, now)?;
            Ok(json!({ "SecretCode": secret, "Session": session }))
        }
    }
}

/// Who enrols an app: somebody signed in, or a sign-in that waits for it.
pub(super) enum Caller<'a> {
    AccessToken(&'a str),
    Session(&'a str),
}

pub(super) fn caller<'a>(input: &Input<'a>) -> Result<Caller<'a>> {
    match (input.get("AccessToken"), input.get("Session")) {
        (Some(token), None) => Ok(Caller::AccessToken(token)),
        (None, Some(session)) => Ok(Caller::Session(session)),
        _ => Err(ApiError::invalid_parameter(
            "Give either an AccessToken or a Session.",
        )),
    }
}
