use serde_json::{Value, json};

use super::associate_software_token::{Caller, caller};
use super::input::Input;
use crate::core::Core;
use crate::error::Result;
use crate::user::totp;
use crate::{sign_in, token};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let code = input.text("UserCode");
    let name = input.get("FriendlyDeviceName");
    match caller(input)? {
        Caller::AccessToken(token) => {
            let user = token::authorized_user(core, token, now)?;
            totp::verify(core, &user, code, name, now)?;
            Ok(json!({ "Status": "SUCCESS" }))
        }
        Caller::Session(session) => {
            let session = sign_in::verify(core, session, false, code, name, now)?;
            Ok(json!({ "Status": "SUCCESS", "Session": session }))
        }
    }
}
