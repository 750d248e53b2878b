use serde_json::{Value, json};

use super::input::Input;
use super::result::code_delivery;
use crate::core::Core;
use crate::error::Result;
use crate::sign_in;
use crate::user::{self, NewUser};

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let (client, username) = input.client_and_username(core)?;
    let new = NewUser {
        username,
        password: input.get("Password"),
        attributes: input.attributes("UserAttributes"),
    };
    let (user, delivery) = user::sign_up(core, &client, new, now)?;
    let mut value = json!({ "UserConfirmed": false, "UserSub": user.sub });
    let session = sign_in::signed_up(core, &client, &user, now)?;
    if let Some(members) = value.as_object_mut() {
        if let Some(delivery) = delivery {
            members.insert("CodeDeliveryDetails".to_owned(), code_delivery(&delivery));
        }
        if let Some(session) = session {
            members.insert("Session".to_owned(), session.into());
        }
    }
    Ok(value)
}
