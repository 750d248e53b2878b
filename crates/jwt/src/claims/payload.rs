//! From a signed payload to the members that claims are made of.

use std::sync::Arc;

use crate::error::VerifyError;
use crate::members::{self, Member, members};
use crate::policy::Trusted;

/// The last second of the year 9999; a later time is a mistake, milliseconds mostly.
const LAST_TIME: i64 = 253_402_300_799;

members! {
    /// The claims that are typed here, of either kind of token.
    pub struct Payload {
        iss = "iss",
        token_use = "token_use",
        aud = "aud",
        client_id = "client_id",
        sub = "sub",
        cognito_username = "cognito:username",
        username = "username",
        groups = "cognito:groups",
        scope = "scope",
        email = "email",
        email_verified = "email_verified",
        given_name = "given_name",
        family_name = "family_name",
        name = "name",
        nonce = "nonce",
        auth_time = "auth_time",
        iat = "iat",
        nbf = "nbf",
        exp = "exp",
        jti = "jti",
        origin_jti = "origin_jti",
    }
}

/// A claim as it was signed, if it was.
type Claim<'j> = Option<Member<'j>>;

impl<'j> Payload<'j> {
    pub(crate) fn read(json: &'j str) -> Result<Self, VerifyError> {
        members::read(json).map_err(|_| VerifyError::Malformed)
    }

    /// The issuer, if it is the one that is trusted.
    pub(super) fn issuer(&self, trusted: &Trusted) -> Result<Arc<str>, VerifyError> {
        let ours = trusted.pool.issuer_text();
        match as_str(&self.iss) == Some(ours) {
            true => Ok(Arc::clone(ours)),
            false => Err(VerifyError::Issuer),
        }
    }
}

pub(super) fn as_str<'c>(claim: &'c Claim<'_>) -> Option<&'c str> {
    match claim {
        Some(Member::Text(text)) => Some(text),
        _ => None,
    }
}

/// The one audience: a string, or an array of exactly one string.
pub(super) fn sole<'c>(claim: &'c Claim<'_>) -> Option<&'c str> {
    match claim {
        Some(Member::Texts(several)) => match several.as_slice() {
            [one] => Some(one),
            _ => None,
        },
        _ => as_str(claim),
    }
}

pub(super) fn text(name: &'static str, claim: Claim<'_>) -> Result<Option<String>, VerifyError> {
    match claim {
        None => Ok(None),
        Some(Member::Text(text)) => Ok(Some(text.into_owned())),
        Some(_) => Err(VerifyError::Claim { name }),
    }
}

pub(super) fn required_text(name: &'static str, claim: Claim<'_>) -> Result<String, VerifyError> {
    let text = text(name, claim)?.filter(|text| !text.is_empty());
    text.ok_or(VerifyError::Claim { name })
}

/// Seconds since the epoch; an integer, of the years 1970 to 9999.
pub(super) fn time(name: &'static str, claim: &Claim<'_>) -> Result<Option<i64>, VerifyError> {
    match claim {
        None => Ok(None),
        Some(Member::Integer(seconds)) if (0..=LAST_TIME).contains(seconds) => Ok(Some(*seconds)),
        Some(_) => Err(VerifyError::Claim { name }),
    }
}

pub(super) fn required_time(name: &'static str, claim: &Claim<'_>) -> Result<i64, VerifyError> {
    time(name, claim)?.ok_or(VerifyError::Claim { name })
}

/// Cognito sends a boolean in tokens and a string elsewhere.
pub(super) fn truth(claim: &Claim<'_>) -> bool {
    matches!(claim, Some(Member::Truth(true))) || as_str(claim) == Some("true")
}

/// Empty unless it is an array of strings.
pub(super) fn texts(claim: Claim<'_>) -> Vec<String> {
    match claim {
        Some(Member::Texts(texts)) => texts,
        _ => Vec::new(),
    }
}
