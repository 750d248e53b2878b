use std::fmt;
use std::sync::Arc;

use super::payload::{as_str, required_text, required_time, text, texts, time};
use super::{Claims, Payload, Read, fields};
use crate::error::VerifyError;
use crate::policy::Trusted;

/// An access token's claims. Times are seconds since the Unix epoch.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct AccessClaims {
    /// The person, or the app client itself for a machine's token.
    pub sub: String,
    /// `username`; a machine's token has none.
    pub username: Option<String>,
    /// The app client.
    pub client_id: Arc<str>,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// `cognito:groups`; empty unless it is an array of strings.
    pub groups: Vec<String>,
    /// When the person signed in; refreshing does not change it.
    pub auth_time: Option<i64>,
    /// When the token was made.
    pub iat: i64,
    /// Before, the token is refused.
    pub nbf: Option<i64>,
    /// From then on the token is refused.
    pub exp: i64,
    /// The token's own name.
    pub jti: Option<String>,
    /// Names the sign-in that the token comes from.
    pub origin_jti: Option<String>,
    /// The user pool.
    pub iss: Arc<str>,
    json: String,
}

impl Read for AccessClaims {
    const KIND: &'static str = "access";

    fn read(payload: Payload<'_>, trusted: &Trusted) -> Result<Self, VerifyError> {
        let iss = payload.issuer(trusted)?;
        if as_str(&payload.token_use) != Some("access") {
            return Err(VerifyError::TokenUse);
        }
        let client_id = trusted.clients.accept(as_str(&payload.client_id))?;
        Ok(Self {
            sub: required_text("sub", payload.sub)?,
            username: text("username", payload.username)?.filter(|name| !name.is_empty()),
            client_id,
            scope: text("scope", payload.scope)?.unwrap_or_default(),
            groups: texts(payload.groups),
            auth_time: time("auth_time", &payload.auth_time)?,
            iat: required_time("iat", &payload.iat)?,
            nbf: time("nbf", &payload.nbf)?,
            exp: required_time("exp", &payload.exp)?,
            jti: text("jti", payload.jti)?,
            origin_jti: text("origin_jti", payload.origin_jti)?,
            iss,
            json: String::new(),
        })
    }

    fn keep(&mut self, json: String) {
        self.json = json;
    }
}

impl Claims for AccessClaims {
    fields!();

    fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    fn client_id(&self) -> &str {
        &self.client_id
    }

    fn scope(&self) -> &str {
        &self.scope
    }
}

/// Claims are personal: they do not get into a log by `{:?}`.
impl fmt::Debug for AccessClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("AccessClaims");
        fields
            .field("sub", &self.sub)
            .field("client_id", &self.client_id);
        fields.field("exp", &self.exp).finish_non_exhaustive()
    }
}
