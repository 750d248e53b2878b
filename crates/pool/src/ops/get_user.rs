use serde_json::{Value, json};

use super::input::{Input, TOKEN};
use crate::core::Core;
use crate::error::Result;
use crate::token;

pub(super) fn run(core: &Core, input: &mut Input<'_>, now: i64) -> Result<Value> {
    let access_token = input.required("AccessToken", &TOKEN)?;
    input.check()?;
    let user = token::authorized_user(core, access_token, now)?;
    let sub = ("sub", user.sub.as_str());
    let others = user
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let attributes: Vec<_> = std::iter::once(sub)
        .chain(others)
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    Ok(json!({ "Username": user.sub, "UserAttributes": attributes }))
}
