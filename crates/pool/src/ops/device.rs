//! What the operations on devices share with their administrators' twins, which name the user
//! in another way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::devices::Device;
use crate::db::users::User;
use crate::device;
use crate::error::{ApiError, Result};

/// As many as Cognito gives at once.
const MOST: i64 = 60;

/// GetDevice of a user's `DeviceKey`.
pub(super) fn get(core: &Core, user: &User, input: &Input<'_>) -> Result<Value> {
    let device = device::get(core, user, input.text("DeviceKey"))?;
    Ok(json!({ "Device": shown(&device) }))
}

/// ListDevices: `Limit` and `PaginationToken` are those of the call.
pub(super) fn list(core: &Core, user: &User, input: &Input<'_>) -> Result<Value> {
    let limit = input
        .number("Limit")
        .filter(|limit| (1..=MOST).contains(limit))
        .unwrap_or(MOST);
    let after = input.get("PaginationToken").map(position).transpose()?;
    let after = after.as_ref().map(|(at, key)| (*at, key.as_str()));
    let mut devices = device::page(core, user, after, limit + 1)?;
    let more = i64::try_from(devices.len()).is_ok_and(|found| found > limit);
    if more {
        devices.pop();
    }
    let shown: Vec<_> = devices.iter().map(shown).collect();
    Ok(match devices.last().filter(|_| more) {
        Some(last) => json!({ "Devices": shown, "PaginationToken": token(last) }),
        None => json!({ "Devices": shown }),
    })
}

/// UpdateDeviceStatus: without a status nothing changes.
pub(super) fn update_status(
    core: &Core,
    user: &User,
    input: &Input<'_>,
    now: i64,
) -> Result<Value> {
    let key = input.text("DeviceKey");
    match input.get("DeviceRememberedStatus") {
        Some(status) => device::set_remembered(core, user, key, status == "remembered", now)?,
        None => device::get(core, user, key).map(drop)?,
    }
    Ok(json!({}))
}

/// ForgetDevice.
pub(super) fn forget(core: &Core, user: &User, input: &Input<'_>, now: i64) -> Result<Value> {
    device::forget(core, user, input.text("DeviceKey"), now)?;
    Ok(json!({}))
}

/// `DeviceType`.
fn shown(device: &Device) -> Value {
    let remembered = if device.remembered {
        "remembered"
    } else {
        "not_remembered"
    };
    let attributes = [
        Some(("device_status", "valid")),
        device.name.as_deref().map(|name| ("device_name", name)),
        Some(("last_ip_used", device.ip.as_str())),
        Some(("dev:device_remembered_status", remembered)),
    ];
    let attributes: Vec<_> = attributes
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    json!({
        "DeviceKey": device.device_key,
        "DeviceAttributes": attributes,
        "DeviceCreateDate": device.created_at,
        "DeviceLastModifiedDate": device.modified_at,
        "DeviceLastAuthenticatedDate": device.authenticated_at,
    })
}

/// Where the next page begins.
fn token(last: &Device) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", last.created_at, last.device_key))
}

fn position(token: &str) -> Result<(i64, String)> {
    let text = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.split_once(' '))
        .and_then(|(at, key)| Some((at.parse().ok()?, key.to_owned())))
        .ok_or_else(|| ApiError::invalid_parameter("Invalid pagination token given."))
}
