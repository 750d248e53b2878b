use std::fmt;
use std::sync::Arc;

use super::payload::{as_str, required_text, required_time, sole, text, texts, time, truth};
use super::{Claims, Payload, Read, fields};
use crate::error::VerifyError;
use crate::policy::Trusted;

/// An ID token's claims. Times are seconds since the Unix epoch.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct IdClaims {
    /// The person, for ever; unique in the pool.
    pub sub: String,
    /// `cognito:username`.
    pub username: String,
    /// `email`; somebody's word until [`Self::email_verified`].
    pub email: Option<String>,
    /// `email_verified`: `true` or `"true"`, and nothing else.
    pub email_verified: bool,
    /// `given_name`.
    pub given_name: Option<String>,
    /// `family_name`.
    pub family_name: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `cognito:groups`; empty unless it is an array of strings.
    pub groups: Vec<String>,
    /// What the authorization request carried.
    pub nonce: Option<String>,
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
    /// The app client.
    pub aud: Arc<str>,
    /// The user pool.
    pub iss: Arc<str>,
    json: String,
}

impl Read for IdClaims {
    const KIND: &'static str = "id";

    fn read(payload: Payload<'_>, trusted: &Trusted) -> Result<Self, VerifyError> {
        let iss = payload.issuer(trusted)?;
        if as_str(&payload.token_use) != Some("id") {
            return Err(VerifyError::TokenUse);
        }
        let aud = trusted.clients.accept(sole(&payload.aud))?;
        Ok(Self {
            sub: required_text("sub", payload.sub)?,
            username: required_text("cognito:username", payload.cognito_username)?,
            email: text("email", payload.email)?,
            email_verified: truth(&payload.email_verified),
            given_name: text("given_name", payload.given_name)?,
            family_name: text("family_name", payload.family_name)?,
            name: text("name", payload.name)?,
            groups: texts(payload.groups),
            nonce: text("nonce", payload.nonce)?,
            auth_time: time("auth_time", &payload.auth_time)?,
            iat: required_time("iat", &payload.iat)?,
            nbf: time("nbf", &payload.nbf)?,
            exp: required_time("exp", &payload.exp)?,
            jti: text("jti", payload.jti)?,
            origin_jti: text("origin_jti", payload.origin_jti)?,
            aud,
            iss,
            json: String::new(),
        })
    }

    fn keep(&mut self, json: String) {
        self.json = json;
    }
}

impl Claims for IdClaims {
    fields!();

    fn username(&self) -> Option<&str> {
        Some(&self.username)
    }

    fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }

    fn client_id(&self) -> &str {
        &self.aud
    }

    fn scope(&self) -> &str {
        ""
    }
}

/// Claims are personal, and a nonce is a secret: they do not get into a log by `{:?}`.
impl fmt::Debug for IdClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("IdClaims");
        fields
            .field("sub", &self.sub)
            .field("aud", &self.aud)
            .field("exp", &self.exp);
        fields.finish_non_exhaustive()
    }
}
