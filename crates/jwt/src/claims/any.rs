use super::payload::as_str;
use super::{AccessClaims, Claims, IdClaims, Payload, Read};
use crate::error::VerifyError;
use crate::policy::Trusted;

/// The claims of a token of either kind, for routes that take both.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyClaims {
    /// An ID token's.
    Id(IdClaims),
    /// An access token's.
    Access(AccessClaims),
}

impl AnyClaims {
    /// `email`, which only ID tokens carry.
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::Id(id) => id.email.as_deref(),
            Self::Access(_) => None,
        }
    }
}

impl Read for AnyClaims {
    const KIND: &'static str = "any";

    fn read(payload: Payload<'_>, trusted: &Trusted) -> Result<Self, VerifyError> {
        match as_str(&payload.token_use) {
            Some("id") => IdClaims::read(payload, trusted).map(Self::Id),
            _ => AccessClaims::read(payload, trusted).map(Self::Access),
        }
    }

    fn keep(&mut self, json: String) {
        match self {
            Self::Id(claims) => claims.keep(json),
            Self::Access(claims) => claims.keep(json),
        }
    }
}

/// The same call on whichever claims there are.
macro_rules! either {
    ($($name:ident: $output:ty,)*) => {
        impl Claims for AnyClaims {
            $(fn $name(&self) -> $output {
                match self {
                    Self::Id(claims) => claims.$name(),
                    Self::Access(claims) => claims.$name(),
                }
            })*
        }
    };
}

either! {
    sub: &str,
    username: Option<&str>,
    client_id: &str,
    issuer: &str,
    groups: &[String],
    scope: &str,
    issued_at: i64,
    not_before: Option<i64>,
    expires_at: i64,
    origin_jti: Option<&str>,
    json: &str,
    verified_email: Option<&str>,
}
