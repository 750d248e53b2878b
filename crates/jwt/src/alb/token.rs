//! The compact serialization (RFC 7515 §7.1) as a load balancer writes it.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::error::AlbError;
use super::key::AlbKid;
use crate::json::Object;

/// No header line carries more; the load balancer stops at 11 KB of claims.
const MAX_TOKEN: usize = 16 * 1024;

/// A token of the right form, of which nothing is proven yet.
pub(super) struct Token<'t> {
    pub(super) kid: AlbKid,
    pub(super) header: Map<String, Value>,
    /// What the signature is over, padding included.
    pub(super) signing_input: &'t str,
    pub(super) signature: [u8; 64],
    payload: &'t str,
    encoding: &'static GeneralPurpose,
}

impl<'t> Token<'t> {
    /// A load balancer pads its segments, which RFC 7515 §2 does not allow. Both are read, each to
    /// the letter: padded throughout or nowhere, as the signature is, whose 64 bytes need it.
    pub(super) fn parse(token: &'t str) -> Result<Self, AlbError> {
        if token.len() > MAX_TOKEN {
            return Err(AlbError::Malformed);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(AlbError::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(AlbError::Malformed)?;
        let encoding = match signature.ends_with('=') {
            true => &URL_SAFE,
            false => &URL_SAFE_NO_PAD,
        };
        let signature = decode(encoding, signature)?;
        let header = object(&decode(encoding, header)?)?;
        Ok(Self {
            kid: read_header(&header)?,
            header,
            signing_input,
            signature: signature.try_into().map_err(|_| AlbError::Malformed)?,
            payload,
            encoding,
        })
    }

    /// JSON text, to be believed after the signature is found good.
    pub(super) fn payload(&self) -> Result<String, AlbError> {
        let bytes = decode(self.encoding, self.payload)?;
        String::from_utf8(bytes).map_err(|_| AlbError::Malformed)
    }
}

pub(super) fn object(json: &[u8]) -> Result<Map<String, Value>, AlbError> {
    let Object(members) = serde_json::from_slice(json).map_err(|_| AlbError::Malformed)?;
    Ok(members)
}

fn decode(encoding: &GeneralPurpose, segment: &str) -> Result<Vec<u8>, AlbError> {
    encoding.decode(segment).map_err(|_| AlbError::Malformed)
}

/// Keys a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
fn read_header(header: &Map<String, Value>) -> Result<AlbKid, AlbError> {
    let extended = ["crit", "b64", "zip"]
        .iter()
        .any(|name| header.contains_key(*name));
    if extended || header.get("alg").and_then(Value::as_str) != Some("ES256") {
        return Err(AlbError::Header);
    }
    let kid = header.get("kid").and_then(Value::as_str);
    kid.and_then(AlbKid::parse).ok_or(AlbError::Header)
}
