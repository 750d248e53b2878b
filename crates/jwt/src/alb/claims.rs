//! What a verified token says.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::AlbError;
use crate::members;

/// Claims that the load balancer signed for a person; made by [`super::AlbVerifier`] only.
#[derive(Clone)]
pub struct VerifiedAlb {
    /// Who it is, for this issuer; never empty.
    pub sub: String,
    /// Cognito's name for the person.
    pub username: Option<String>,
    /// The address; look at `email_verified` before trusting it.
    pub email: Option<String>,
    /// Whether the claim is `true` or, as Cognito's user info says it, `"true"`.
    pub email_verified: bool,
    /// The name as shown.
    pub name: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
    /// Seconds since the epoch until which the token is good: the sooner of header and payload.
    pub exp: i64,
    /// The issuer that signed the person in.
    pub iss: Arc<str>,
    /// The app client of the listener rule's action.
    pub client: Arc<str>,
    /// The load balancer's ARN.
    pub signer: Arc<str>,
    json: String,
}

/// What is known of a token when its payload is read.
pub(super) struct Origin {
    pub(super) signer: Arc<str>,
    pub(super) client: Arc<str>,
    pub(super) iss: Arc<str>,
}

impl VerifiedAlb {
    /// Any claim; `None` when the token has none of that name.
    ///
    /// # Errors
    /// The claim is not a `T`.
    pub fn claim<'c, T: Deserialize<'c>>(
        &'c self,
        name: &str,
    ) -> Result<Option<T>, serde_json::Error> {
        members::read_one(&self.json, name)
    }

    /// The whole payload as it was signed.
    pub fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn read(
        json: String,
        mut claims: Map<String, Value>,
        origin: Origin,
        exp: i64,
    ) -> Result<Self, AlbError> {
        let email_verified = claims.get("email_verified");
        let email_verified = email_verified.is_some_and(|v| *v == true || *v == "true");
        let mut text = |name| text(&mut claims, name);
        let sub = text("sub")?.filter(|sub| !sub.is_empty());
        Ok(Self {
            sub: sub.ok_or(AlbError::Claim { name: "sub" })?,
            username: text("username")?,
            email: text("email")?,
            email_verified,
            name: text("name")?,
            given_name: text("given_name")?,
            family_name: text("family_name")?,
            exp,
            iss: origin.iss,
            client: origin.client,
            signer: origin.signer,
            json,
        })
    }
}

/// Names the token, not the person.
impl fmt::Debug for VerifiedAlb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedAlb")
            .field("signer", &self.signer)
            .field("client", &self.client)
            .field("iss", &self.iss)
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

/// `null` is what some issuers' user info has for "not known".
fn text(claims: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, AlbError> {
    match claims.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(AlbError::Claim { name }),
    }
}

/// A NumericDate (RFC 7519 §2) in whole seconds.
pub(super) fn seconds(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<i64>, AlbError> {
    let whole = |value: &Value| value.as_i64().ok_or(AlbError::Claim { name });
    claims.get(name).map(whole).transpose()
}
