use serde_json::{Value, json};

use crate::grant::Granted;

/// `CodeDeliveryDetails` for a code mailed to a masked address.
pub(super) fn code_delivery(destination: &str) -> Value {
    json!({ "Destination": destination, "DeliveryMedium": "EMAIL", "AttributeName": "email" })
}

/// An answer with `AuthenticationResult`.
pub(super) fn authentication(granted: Granted) -> Value {
    let mut result = json!({
        "AccessToken": granted.tokens.access,
        "ExpiresIn": granted.tokens.expires_in,
        "IdToken": granted.tokens.id,
        "TokenType": "Bearer",
    });
    if let (Some(token), Some(members)) = (granted.refresh_token, result.as_object_mut()) {
        members.insert("RefreshToken".to_owned(), Value::String(token));
    }
    json!({ "AuthenticationResult": result, "ChallengeParameters": {} })
}
