//! From a string to claims one may believe: the only place that makes a [`Verified`].

use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::claims::{AccessClaims, IdClaims, sole_audience, time};
use crate::fetch::FetchError;
use crate::flight::{KeyError, Keys};
use crate::json::Object;
use crate::parse::Unverified;

/// Clocks of two machines differ by so much before a token counts as from the future.
const IAT_TOLERANCE: i64 = 60;
const MAX_LEEWAY: u32 = 300;

/// Claims of a token that passed every check of a [`Verifier`].
#[derive(Clone, Debug)]
pub struct Verified<C>(C);

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C> Verified<C> {
    /// The claims, without the proof.
    pub fn into_inner(self) -> C {
        self.0
    }
}

/// Why a token was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No JWS in compact form, or its JSON is broken or names something twice.
    #[error("token is malformed")]
    Malformed,
    /// Not RS256, no `kid`, or an extension (`crit`, `b64`, `zip`).
    #[error("token header is not that of a Cognito token")]
    Header,
    /// The issuer has no such key.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// Changed, or signed by someone else.
    #[error("token signature does not verify")]
    Signature,
    /// `exp` is over.
    #[error("token has expired")]
    Expired,
    /// `nbf` or `iat` is ahead.
    #[error("token is not valid yet")]
    NotYetValid,
    /// Another user pool's token.
    #[error("token is from another issuer")]
    Issuer,
    /// Another app client's token.
    #[error("token is for another app client")]
    Audience,
    /// An access token where an ID token is wanted, or the reverse.
    #[error("token is of the wrong kind")]
    TokenUse,
    /// A claim that is missing or of the wrong type.
    #[error("token claim `{name}` is missing or unusable")]
    Claim {
        /// The claim's name.
        name: &'static str,
    },
    /// Nothing is known about the token, for want of keys.
    #[error("signing keys are unavailable")]
    KeysUnavailable {
        /// What stood in the way.
        #[source]
        source: FetchError,
    },
}

impl VerifyError {
    /// Whether the same token may pass in a moment: the fault is not the token's.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::KeysUnavailable { .. })
    }
}

/// The app clients whose tokens are accepted: at least one.
#[derive(Clone, Debug)]
pub struct ClientIds(Box<[Box<str>]>);

/// An empty list of app clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no app client id: name at least one")]
pub struct NoClientId;

impl From<&str> for ClientIds {
    fn from(only: &str) -> Self {
        Self([only.into()].into())
    }
}

impl From<String> for ClientIds {
    fn from(only: String) -> Self {
        Self([only.into()].into())
    }
}

impl TryFrom<Vec<String>> for ClientIds {
    type Error = NoClientId;

    fn try_from(ids: Vec<String>) -> Result<Self, NoClientId> {
        match ids.is_empty() {
            true => Err(NoClientId),
            false => Ok(Self(ids.into_iter().map(Into::into).collect())),
        }
    }
}

/// What a token must be to be accepted: one user pool's, for one of its app clients.
pub struct Verifier {
    issuer: Box<str>,
    client_ids: ClientIds,
    keys: Arc<Keys>,
    leeway: i64,
}

impl Verifier {
    /// `issuer` is compared as it stands, byte by byte:
    /// `https://cognito-idp.<region>.amazonaws.com/<pool id>`, without a slash at the end.
    pub fn new(issuer: &str, client_ids: impl Into<ClientIds>, keys: Arc<Keys>) -> Self {
        Self {
            issuer: issuer.into(),
            client_ids: client_ids.into(),
            keys,
            leeway: 0,
        }
    }

    /// Seconds that `exp` may be over and `nbf` or `iat` ahead; 0 unless set, 300 at most.
    #[must_use]
    pub fn leeway(self, secs: u32) -> Self {
        Self {
            leeway: secs.min(MAX_LEEWAY).into(),
            ..self
        }
    }

    /// Verifies an ID token (OpenID Connect Core §3.1.3.7). `nonce` is for the caller,
    /// who knows what to expect.
    ///
    /// # Errors
    /// See [`VerifyError`]; only [`VerifyError::is_transient`] ones are not the token's fault.
    pub async fn id_token(
        &self,
        token: &str,
        now_secs: i64,
    ) -> Result<Verified<IdClaims>, VerifyError> {
        let mut claims = self.signed_claims(token, "id", sole_audience).await?;
        let nbf = time(&mut claims, "nbf")?;
        let claims = IdClaims::read(claims)?;
        self.check_times(nbf, claims.iat, claims.exp, now_secs)?;
        Ok(Verified(claims))
    }

    /// Verifies an access token. A machine's token passes too: it has no `username`.
    ///
    /// # Errors
    /// See [`VerifyError`]; only [`VerifyError::is_transient`] ones are not the token's fault.
    pub async fn access_token(
        &self,
        token: &str,
        now_secs: i64,
    ) -> Result<Verified<AccessClaims>, VerifyError> {
        let mut claims = self.signed_claims(token, "access", client_id).await?;
        let nbf = time(&mut claims, "nbf")?;
        let claims = AccessClaims::read(claims)?;
        self.check_times(nbf, claims.iat, claims.exp, now_secs)?;
        Ok(Verified(claims))
    }

    /// Claims of a token that the issuer signed, of this kind and for a known client.
    async fn signed_claims(
        &self,
        token: &str,
        token_use: &str,
        client: fn(&Map<String, Value>) -> Option<&str>,
    ) -> Result<Map<String, Value>, VerifyError> {
        let mut claims = self.signed_payload(token).await?;
        let text = |name| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(&*self.issuer) {
            return Err(VerifyError::Issuer);
        }
        if text("token_use") != Some(token_use) {
            return Err(VerifyError::TokenUse);
        }
        let known = |client: &str| self.client_ids.0.iter().any(|id| **id == *client);
        if !client(&claims).is_some_and(known) {
            return Err(VerifyError::Audience);
        }
        claims.remove("token_use");
        Ok(claims)
    }

    async fn signed_payload(&self, token: &str) -> Result<Map<String, Value>, VerifyError> {
        let token = Unverified::parse(token)?;
        let key = self
            .keys
            .find(token.kid())
            .await
            .map_err(|error| match error {
                KeyError::Unknown => VerifyError::UnknownKey,
                KeyError::Unavailable(source) => VerifyError::KeysUnavailable { source },
            })?;
        if !key.verifies(token.signing_input(), token.signature()) {
            return Err(VerifyError::Signature);
        }
        let payload = token.payload()?;
        let Object(claims) =
            serde_json::from_slice(&payload).map_err(|_| VerifyError::Malformed)?;
        Ok(claims)
    }

    /// Last of all, so that "expired" means good but for its age.
    fn check_times(
        &self,
        nbf: Option<i64>,
        iat: i64,
        exp: i64,
        now: i64,
    ) -> Result<(), VerifyError> {
        if exp.saturating_add(self.leeway) <= now {
            return Err(VerifyError::Expired);
        }
        let latest = now.saturating_add(self.leeway);
        if nbf.is_some_and(|nbf| nbf > latest) || iat > latest.saturating_add(IAT_TOLERANCE) {
            return Err(VerifyError::NotYetValid);
        }
        Ok(())
    }
}

fn client_id(claims: &Map<String, Value>) -> Option<&str> {
    claims.get("client_id")?.as_str()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;
    use crate::KeySet;

    /// Signature and key alone: the vectors' payloads are no claims.
    fn accepts(key: &Value, jws: &str) -> bool {
        let set = match key.get("keys") {
            Some(_) => key.clone(),
            None => json!({"keys": [key]}),
        };
        let Ok(keys) = KeySet::from_jwks(set.to_string().as_bytes()) else {
            return false;
        };
        let Ok(token) = Unverified::parse(jws) else {
            return false;
        };
        let key = keys.get(token.kid());
        key.is_some_and(|key| key.verifies(token.signing_input(), token.signature()))
            && token.payload().is_ok()
    }

    fn claims_rs256(jws: &str) -> bool {
        let header = URL_SAFE_NO_PAD
            .decode(jws.split('.').next().unwrap())
            .unwrap_or_default();
        let header: Value = serde_json::from_slice(&header).unwrap_or_default();
        header["alg"] == "RS256"
    }

    #[test]
    fn wycheproof_vectors_are_judged_as_their_authors_do() {
        let files = [
            include_str!("../tests/vectors/json_web_signature_test.json"),
            include_str!("../tests/vectors/json_web_key_test.json"),
            include_str!("../tests/vectors/json_web_crypto_test.json"),
        ];
        let (mut accepted, mut rejected, mut wrong) = (0, 0, Vec::new());
        for (file, vectors) in files.iter().enumerate() {
            let vectors: Value = serde_json::from_str(vectors).unwrap();
            for group in vectors["testGroups"].as_array().unwrap() {
                let key = group.get("public").unwrap_or(&group["private"]);
                for test in group["tests"].as_array().unwrap() {
                    let Some(jws) = test["jws"].as_str().or(test["jwe"].as_str()) else {
                        continue;
                    };
                    let expected = test["result"] == "valid" && claims_rs256(jws);
                    let got = accepts(key, jws);
                    *(if got { &mut accepted } else { &mut rejected }) += 1;
                    if got != expected {
                        wrong.push((file, test["tcId"].clone(), test["comment"].clone()));
                    }
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "accepted {accepted}, rejected {rejected}, wrong {wrong:?}"
        );
        assert_eq!((accepted, rejected), (10, 498));
    }
}
