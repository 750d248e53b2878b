//! From a signed payload to the members that claims are made of.

use std::sync::Arc;

use crate::error::VerifyError;
use crate::members::{self, Member};
use crate::policy::Trusted;

/// The last second of the year 9999; a later time is a mistake, milliseconds mostly.
const LAST_TIME: i64 = 253_402_300_799;

/// A claim with its name, there or not.
pub(super) struct Claim<'j> {
    name: &'static str,
    member: Option<Member<'j>>,
}

/// Each claim that is typed here stands once: as a field and as its name in JSON.
macro_rules! payload {
    ($($field:ident = $name:literal,)*) => {
        /// A payload taken apart: the claims that are typed here, of either kind of token.
        pub struct Payload<'j> {
            $(pub(super) $field: Claim<'j>,)*
        }

        impl<'j> Payload<'j> {
            pub(crate) fn read(json: &'j str) -> Result<Self, VerifyError> {
                let [$($field),*] = members::read(json, &[$($name),*])
                    .map_err(|_| VerifyError::Malformed)?;
                Ok(Self {
                    $($field: Claim { name: $name, member: $field },)*
                })
            }
        }
    };
}

payload! {
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

impl Payload<'_> {
    /// The issuer, if it is the one that is trusted.
    pub(super) fn issuer(&self, trusted: &Trusted) -> Result<Arc<str>, VerifyError> {
        let ours = trusted.pool.issuer_text();
        match self.iss.as_str() == Some(ours) {
            true => Ok(Arc::clone(ours)),
            false => Err(VerifyError::Issuer),
        }
    }
}

impl Claim<'_> {
    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.member {
            Some(Member::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The one audience: a string, or an array of exactly one string.
    pub(super) fn sole(&self) -> Option<&str> {
        match &self.member {
            Some(Member::Texts(several)) => match several.as_slice() {
                [one] => Some(one),
                _ => None,
            },
            _ => self.as_str(),
        }
    }

    pub(super) fn text(self) -> Result<Option<String>, VerifyError> {
        match self.member {
            None => Ok(None),
            Some(Member::Text(text)) => Ok(Some(text.into_owned())),
            Some(_) => Err(VerifyError::Claim { name: self.name }),
        }
    }

    pub(super) fn required_text(self) -> Result<String, VerifyError> {
        let name = self.name;
        let text = self.text()?.filter(|text| !text.is_empty());
        text.ok_or(VerifyError::Claim { name })
    }

    /// Seconds since the epoch; an integer, of the years 1970 to 9999.
    pub(super) fn time(self) -> Result<Option<i64>, VerifyError> {
        match self.member {
            None => Ok(None),
            Some(Member::Integer(seconds)) if (0..=LAST_TIME).contains(&seconds) => {
                Ok(Some(seconds))
            }
            Some(_) => Err(VerifyError::Claim { name: self.name }),
        }
    }

    pub(super) fn required_time(self) -> Result<i64, VerifyError> {
        let name = self.name;
        self.time()?.ok_or(VerifyError::Claim { name })
    }

    /// Cognito sends a boolean in tokens and a string elsewhere.
    pub(super) fn truth(&self) -> bool {
        matches!(self.member, Some(Member::Truth(true))) || self.as_str() == Some("true")
    }

    /// Empty unless it is an array of strings.
    pub(super) fn texts(self) -> Vec<String> {
        match self.member {
            Some(Member::Texts(texts)) => texts,
            _ => Vec::new(),
        }
    }
}
