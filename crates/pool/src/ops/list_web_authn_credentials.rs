use serde_json::{Value, json};

use super::input::Input;
use crate::core::Core;
use crate::db::web_authn;
use crate::error::{ApiError, Result};
use crate::token::authorized_user;
use crate::web_authn::{Base64Url, Credential};

/// On a page, unless fewer are asked for.
const MOST: i64 = 20;

pub(super) fn run(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let user = authorized_user(core, input.text("AccessToken"), now)?;
    let after = input.get("NextToken").map_or(Ok(0), position)?;
    let wanted = input.number("MaxResults").filter(|wanted| *wanted > 0);
    let wanted = wanted.unwrap_or(MOST).min(MOST);
    // One more than is wanted tells whether there is more.
    let mut page = core
        .db
        .run(|tx| web_authn::page(tx, &user.sub, after, wanted + 1))?;
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let more = page.len() > wanted;
    page.truncate(wanted);
    let credentials: Vec<_> = page.iter().map(|kept| describe(&kept.credential)).collect();
    let mut answer = json!({ "Credentials": credentials });
    if let (true, Some(last), Some(members)) = (more, page.last(), answer.as_object_mut()) {
        members.insert("NextToken".to_owned(), token(last.position).into());
    }
    Ok(answer)
}

/// A `WebAuthnCredentialDescription`.
fn describe(credential: &Credential) -> Value {
    let mut value = json!({
        "CredentialId": credential.id,
        "FriendlyCredentialName": credential.friendly_name,
        "RelyingPartyId": credential.rp_id,
        "AuthenticatorTransports": credential.transports,
        "CreatedAt": credential.created_at,
    });
    if let (Some(attachment), Some(members)) = (credential.attachment, value.as_object_mut()) {
        members.insert("AuthenticatorAttachment".to_owned(), json!(attachment));
    }
    value
}

fn token(position: i64) -> String {
    Base64Url(position.to_be_bytes().to_vec()).text()
}

fn position(token: &str) -> Result<i64> {
    Base64Url::parse(token)
        .and_then(|bytes| bytes.0.try_into().ok())
        .map(i64::from_be_bytes)
        .ok_or_else(|| ApiError::invalid_parameter("NextToken is not one of this pool's"))
}
