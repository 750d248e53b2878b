use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::ceremony::Ceremony;
use super::error::{Result, WebAuthnError};

/// What a browser was asked to do, as it says in `type`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Create,
    Get,
}

/// `CollectedClientData`: what the browser says of the page that asked. Members this does not
/// name may appear and mean nothing here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

impl ClientData {
    fn parse(json: &[u8]) -> Result<Self> {
        // The standard decodes it as UTF-8, which drops a byte order mark.
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        serde_json::from_slice(json)
            .map_err(|_| WebAuthnError::NotValid("its clientDataJSON is not client data"))
    }
}

/// The challenge it claims to answer, to look up what was asked.
///
/// # Errors
/// When it is not client data.
pub(super) fn challenge(json: &[u8]) -> Result<String> {
    ClientData::parse(json).map(|data| data.challenge)
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Checks `clientDataJSON` against what was asked. `origins` replaces the relying party's.
///
/// # Errors
/// For another challenge or type, a foreign origin, or a page in a foreign frame.
pub(super) fn check(
    json: &[u8],
    purpose: Purpose,
    ceremony: &Ceremony,
    origins: Option<&[String]>,
) -> Result<()> {
    let data = ClientData::parse(json)?;
    if data.kind != purpose.name() {
        return Err(WebAuthnError::NotValid("it was made for another purpose"));
    }
    let (given, asked) = (data.challenge.as_bytes(), ceremony.challenge.as_bytes());
    if !bool::from(given.ct_eq(asked)) {
        return Err(WebAuthnError::ChallengeNotFound);
    }
    let allowed = match origins {
        Some(list) => list.contains(&data.origin),
        None => is_of(&data.origin, &ceremony.rp_id),
    };
    if !allowed || data.cross_origin == Some(true) || data.top_origin.is_some() {
        return Err(WebAuthnError::OriginNotAllowed);
    }
    Ok(())
}

/// Whether a page of this origin may use the relying party's passkeys.
fn is_of(origin: &str, rp_id: &str) -> bool {
    let Ok(url) = Url::parse(origin) else {
        return false;
    };
    // An origin is scheme, host and port, in the one way browsers write it.
    if url.origin().ascii_serialization() != origin {
        return false;
    }
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => is_within(host, rp_id),
        "http" => is_loopback(host) && (rp_id == "localhost" || is_within(host, rp_id)),
        _ => false,
    }
}

fn is_within(host: &str, rp_id: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.ends_with('.');
    !rp_id.is_empty() && host.strip_suffix(rp_id).is_some_and(below)
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}
