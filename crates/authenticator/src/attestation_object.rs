use ciborium::Value;

use crate::cbor;

/// The CBOR that an authenticator sends of a new passkey (WebAuthn §6.5).
#[derive(Debug)]
pub struct AttestationObject {
    /// `fmt`, such as `none` or `packed`.
    pub format: String,
    /// `attStmt`, whose shape goes by the format.
    pub statement: Vec<(Value, Value)>,
    /// `authData`, for [`AuthenticatorData::parse`](crate::AuthenticatorData::parse).
    pub authenticator_data: Vec<u8>,
}

impl AttestationObject {
    /// `None` for anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let map = cbor::map(bytes)?;
        Some(Self {
            format: cbor::get(&map, "fmt")?.as_text()?.to_owned(),
            statement: cbor::get(&map, "attStmt")?.as_map()?.clone(),
            authenticator_data: cbor::get(&map, "authData")?.as_bytes()?.clone(),
        })
    }
}
