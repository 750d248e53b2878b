use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ClientSecret;

/// `SECRET_HASH` of a confidential app client: base64 of HMAC-SHA256, keyed by the client's
/// secret, over username and client id (Cognito developer guide, "Computing secret hash values").
pub(super) fn of(secret: &ClientSecret, username: &str, client_id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(username.as_bytes());
    context.update(client_id.as_bytes());
    STANDARD.encode(context.sign())
}
