use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

use super::error::OAuthError;
use super::params::Params;
use crate::client::Client;
use crate::core::Core;

/// The form of a POST.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if is_form {
        Ok(Params::parse(body))
    } else {
        Err(OAuthError::new("invalid_request"))
    }
}

/// `client_secret_basic`, `client_secret_post`, or a public client's bare `client_id`.
pub(super) fn client(
    core: &Core,
    headers: &HeaderMap,
    form: &Params,
) -> Result<Arc<Client>, OAuthError> {
    let posted = (form.get("client_id")?, form.get("client_secret")?);
    let basic = headers
        .get(header::AUTHORIZATION)
        .map(|value| basic(value.as_bytes()));
    let (id, secret) = match (&basic, posted) {
        (None, (None, _)) => return Err(OAuthError::new("invalid_request")),
        (None, (Some(id), secret)) => (id, secret),
        (Some(None), _) => return Err(OAuthError::new("invalid_client")),
        (Some(Some(_)), (_, Some(_))) => return Err(OAuthError::new("invalid_request")),
        (Some(Some((id, secret))), (posted, None)) => {
            if posted.is_some_and(|posted| posted != id) {
                return Err(OAuthError::new("invalid_request"));
            }
            (id.as_str(), Some(secret.as_str()))
        }
    };
    core.find_client(id)
        .filter(|client| client.secret_matches(secret))
        .ok_or(OAuthError::new("invalid_client"))
}

fn basic(value: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(value).ok()?;
    let (scheme, credentials) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
