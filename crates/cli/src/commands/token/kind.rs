//! What kind of token one says it is.

use serde_json::{Map, Value};

pub(super) fn kind(header: &Map<String, Value>, claims: &Map<String, Value>) -> &'static str {
    match claims.get("token_use").and_then(Value::as_str) {
        Some("id") => "an ID token of a Cognito user pool",
        Some("access") if claims.contains_key("username") => {
            "an access token of a Cognito user pool, a person's"
        }
        Some("access") => {
            "an access token of a Cognito user pool, a machine's (client_credentials): of no person"
        }
        _ if is_alb(header) => "an Application Load Balancer's x-amzn-oidc-data",
        _ => "neither an ID nor an access token of Cognito (`token_use`)",
    }
}

/// An Application Load Balancer names itself in the header.
pub(super) fn is_alb(header: &Map<String, Value>) -> bool {
    header.contains_key("signer")
}
