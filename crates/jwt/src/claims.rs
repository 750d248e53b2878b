//! What Cognito's tokens say, typed
//! (<https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html>).

use std::fmt;

use serde_json::{Map, Value};

use crate::verify::VerifyError;

/// The last second of the year 9999; a later time is a mistake, milliseconds mostly.
const LAST_TIME: i64 = 253_402_300_799;

/// An ID token's claims. Times are seconds since the Unix epoch.
#[derive(Clone, PartialEq)]
pub struct IdClaims {
    /// The person, for ever; unique in the pool.
    pub sub: String,
    /// `cognito:username`.
    pub username: String,
    /// `email`.
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
    /// From then on the token is refused.
    pub exp: i64,
    /// The token's own name.
    pub jti: Option<String>,
    /// Names the sign-in that the token comes from.
    pub origin_jti: Option<String>,
    /// The app client.
    pub aud: String,
    /// The user pool.
    pub iss: String,
    /// Every other claim, `custom:` attributes among them.
    pub extra: Map<String, Value>,
}

/// An access token's claims. Times are seconds since the Unix epoch.
#[derive(Clone, PartialEq)]
pub struct AccessClaims {
    /// The person, or the client itself for a machine's token.
    pub sub: String,
    /// `username`; a machine's token has none.
    pub username: Option<String>,
    /// The app client.
    pub client_id: String,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// `cognito:groups`; empty unless it is an array of strings.
    pub groups: Vec<String>,
    /// When the person signed in; refreshing does not change it.
    pub auth_time: Option<i64>,
    /// When the token was made.
    pub iat: i64,
    /// From then on the token is refused.
    pub exp: i64,
    /// The token's own name.
    pub jti: Option<String>,
    /// Names the sign-in that the token comes from.
    pub origin_jti: Option<String>,
    /// The user pool.
    pub iss: String,
    /// Every other claim.
    pub extra: Map<String, Value>,
}

impl IdClaims {
    pub(crate) fn read(mut from: Map<String, Value>) -> Result<Self, VerifyError> {
        let from = &mut from;
        Ok(Self {
            sub: required_text(from, "sub")?,
            username: required_text(from, "cognito:username")?,
            email: text(from, "email")?,
            email_verified: truth(from, "email_verified"),
            given_name: text(from, "given_name")?,
            family_name: text(from, "family_name")?,
            name: text(from, "name")?,
            groups: groups(from),
            nonce: text(from, "nonce")?,
            auth_time: time(from, "auth_time")?,
            iat: required_time(from, "iat")?,
            exp: required_time(from, "exp")?,
            jti: text(from, "jti")?,
            origin_jti: text(from, "origin_jti")?,
            aud: audience(from),
            iss: required_text(from, "iss")?,
            extra: std::mem::take(from),
        })
    }
}

impl AccessClaims {
    /// Whether the token was granted this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope
            .split(' ')
            .any(|granted| granted == scope && !scope.is_empty())
    }

    pub(crate) fn read(mut from: Map<String, Value>) -> Result<Self, VerifyError> {
        let from = &mut from;
        Ok(Self {
            sub: required_text(from, "sub")?,
            username: text(from, "username")?,
            client_id: required_text(from, "client_id")?,
            scope: text(from, "scope")?.unwrap_or_default(),
            groups: groups(from),
            auth_time: time(from, "auth_time")?,
            iat: required_time(from, "iat")?,
            exp: required_time(from, "exp")?,
            jti: text(from, "jti")?,
            origin_jti: text(from, "origin_jti")?,
            iss: required_text(from, "iss")?,
            extra: std::mem::take(from),
        })
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

impl fmt::Debug for AccessClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("AccessClaims");
        fields
            .field("sub", &self.sub)
            .field("client_id", &self.client_id);
        fields.field("exp", &self.exp).finish_non_exhaustive()
    }
}

/// The one audience: a string, or an array of exactly one string.
pub(crate) fn sole_audience(claims: &Map<String, Value>) -> Option<&str> {
    match claims.get("aud")? {
        Value::Array(several) => match several.as_slice() {
            [one] => one.as_str(),
            _ => None,
        },
        one => one.as_str(),
    }
}

/// # Errors
/// A value that is no integer, or no time of the years 1970 to 9999.
pub(crate) fn time(
    claims: &mut Map<String, Value>,
    name: &'static str,
) -> Result<Option<i64>, VerifyError> {
    let Some(value) = claims.remove(name) else {
        return Ok(None);
    };
    let seconds = value
        .as_i64()
        .filter(|seconds| (0..=LAST_TIME).contains(seconds));
    seconds.map(Some).ok_or(VerifyError::Claim { name })
}

fn required_time(claims: &mut Map<String, Value>, name: &'static str) -> Result<i64, VerifyError> {
    time(claims, name)?.ok_or(VerifyError::Claim { name })
}

fn text(
    claims: &mut Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, VerifyError> {
    match claims.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(VerifyError::Claim { name }),
    }
}

fn required_text(
    claims: &mut Map<String, Value>,
    name: &'static str,
) -> Result<String, VerifyError> {
    text(claims, name)?
        .filter(|text| !text.is_empty())
        .ok_or(VerifyError::Claim { name })
}

fn audience(claims: &mut Map<String, Value>) -> String {
    let audience = sole_audience(claims).unwrap_or_default().to_owned();
    claims.remove("aud");
    audience
}

/// Cognito sends a boolean in tokens and a string elsewhere.
fn truth(claims: &mut Map<String, Value>, name: &str) -> bool {
    match claims.remove(name) {
        Some(Value::Bool(truth)) => truth,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

fn groups(claims: &mut Map<String, Value>) -> Vec<String> {
    match claims.remove("cognito:groups") {
        Some(Value::Array(names)) => {
            let text = |name| match name {
                Value::String(text) => Some(text),
                _ => None,
            };
            names
                .into_iter()
                .map(text)
                .collect::<Option<_>>()
                .unwrap_or_default()
        }
        _ => Vec::new(),
    }
}
