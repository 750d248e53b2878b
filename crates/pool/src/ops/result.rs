use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::core::Core;
use crate::db::users::User;
use crate::device;
use crate::error::Result;
use crate::grant::{self, Granted, Request};
use crate::settings::SecondFactor;
use crate::sign_in::Outcome;
use crate::token::ADMIN_SCOPE;
use crate::user::Delivery;

/// `CodeDeliveryDetails` of a code that was sent.
pub(super) fn code_delivery(delivery: &Delivery) -> Value {
    json!({
        "Destination": delivery.masked(),
        "DeliveryMedium": delivery.address.medium(),
        "AttributeName": delivery.address.attribute(),
    })
}

/// The answer of InitiateAuth and its like: tokens, or the challenge to answer first.
pub(super) fn answer(
    core: &Core,
    client: &Arc<Client>,
    outcome: Outcome,
    now: i64,
) -> Result<Value> {
    match outcome {
        Outcome::Challenge(challenge) => {
            let mut value = json!({
                "ChallengeName": challenge.name,
                "ChallengeParameters": challenge.parameters,
            });
            if let Some(members) = value.as_object_mut() {
                if let Some(session) = challenge.session {
                    members.insert("Session".to_owned(), session.into());
                }
                if !challenge.available.is_empty() {
                    members.insert("AvailableChallenges".to_owned(), json!(challenge.available));
                }
            }
            Ok(value)
        }
        Outcome::Done(done) => {
            let request = Request {
                client,
                scope: ADMIN_SCOPE,
                nonce: None,
                auth_time: now,
                device_key: done.device.as_ref().map(|device| device.key.as_str()),
                hosted: false,
                resource: None,
            };
            let mut result = tokens(grant::begin(core, &done.user, &request, now)?);
            if let (Some(device), Some(members)) = (
                done.device.filter(|device| device.is_new),
                result.as_object_mut(),
            ) {
                let metadata = json!({
                    "DeviceKey": device.key,
                    "DeviceGroupKey": device::group_key(),
                });
                members.insert("NewDeviceMetadata".to_owned(), metadata);
            }
            Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
        }
    }
}

/// An answer with `AuthenticationResult`.
pub(super) fn authentication(granted: Granted) -> Value {
    json!({ "AuthenticationResult": tokens(granted) })
}

fn tokens(granted: Granted) -> Value {
    let mut result = json!({
        "AccessToken": granted.tokens.access,
        "ExpiresIn": granted.tokens.expires_in,
        "IdToken": granted.tokens.id,
        "TokenType": "Bearer",
    });
    if let (Some(token), Some(members)) = (granted.refresh_token, result.as_object_mut()) {
        members.insert("RefreshToken".to_owned(), Value::String(token));
    }
    result
}

/// A user's attributes as `[{Name, Value}]`, the `sub` first.
pub(super) fn attributes(user: &User) -> Value {
    let sub = ("sub", user.sub.as_str());
    let others = user
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    std::iter::once(sub)
        .chain(others)
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect()
}

/// `MFAOptions` (SMS alone, as of old), `PreferredMfaSetting` and `UserMFASettingList`, of which
/// those stay away that have nothing to say.
pub(super) fn mfa_settings(user: &User) -> Value {
    let mut members = Map::new();
    if user.mfa.enabled.contains(&SecondFactor::SmsMfa) {
        let sms = json!([{ "DeliveryMedium": "SMS", "AttributeName": "phone_number" }]);
        members.insert("MFAOptions".to_owned(), sms);
    }
    if let Some(preferred) = user.mfa.preferred {
        members.insert("PreferredMfaSetting".to_owned(), preferred.name().into());
    }
    let enabled: Vec<_> = user.mfa.enabled.iter().map(|one| one.name()).collect();
    if !enabled.is_empty() {
        members.insert("UserMFASettingList".to_owned(), json!(enabled));
    }
    Value::Object(members)
}
