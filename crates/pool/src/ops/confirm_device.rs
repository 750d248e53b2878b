use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::device::{self, Confirmation};
use crate::error::Result;
use crate::token;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = token::authorized_user(core, input.text("AccessToken"), now)?;
    let verifier = input.structure("DeviceSecretVerifierConfig");
    let given = Confirmation {
        ip: input.peer,
        device_key: input.text("DeviceKey"),
        name: input.get("DeviceName"),
        verifier: verifier.map(|config| (config.text("PasswordVerifier"), config.text("Salt"))),
    };
    let asks = device::confirm(core, &user, &given, now)?;
    Ok(json!({ "UserConfirmationNecessary": asks }))
}
