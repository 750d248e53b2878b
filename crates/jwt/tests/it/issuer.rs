use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cogward_jwt::{
    AccessClaims, ClientIds, IdClaims, KeySet, Keys, UserPool, Verified, Verifier, VerifyError,
};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Cogward01";
pub(crate) const CLIENT: &str = "cogwardlocalpublicclient01";
pub(crate) const NOW: i64 = 1_790_000_000;

/// A signing key with its name.
pub(crate) struct Signer {
    pub(crate) kid: String,
    key: EncodingKey,
}

impl Signer {
    pub(crate) fn new(kid: &str) -> Self {
        Self::sized(kid, KeySize::Rsa2048)
    }

    pub(crate) fn sized(kid: &str, size: KeySize) -> Self {
        let pair = KeyPair::generate(size).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        Self {
            kid: kid.to_owned(),
            key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    pub(crate) fn header(&self) -> Value {
        json!({"kid": self.kid, "alg": "RS256"})
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    /// Signs whatever stands in the two parts.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let input = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        );
        let signature =
            jsonwebtoken::crypto::sign(input.as_bytes(), &self.key, Algorithm::RS256).unwrap();
        format!("{input}.{signature}")
    }
}

pub(crate) fn jwks(signers: &[&Signer]) -> Vec<u8> {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({"keys": keys}).to_string().into_bytes()
}

pub(crate) fn key_set(signers: &[&Signer]) -> KeySet {
    KeySet::from_jwks(&jwks(signers)).unwrap()
}

/// One verifier for each kind of token, over the same keys.
pub(crate) struct Verifiers {
    pub(crate) id: Verifier<IdClaims>,
    pub(crate) access: Verifier<AccessClaims>,
}

impl Verifiers {
    pub(crate) fn new(clients: impl Into<ClientIds>, keys: Arc<Keys>) -> Self {
        let (pool, clients) = (UserPool::custom(ISSUER, keys), clients.into());
        Self {
            id: Verifier::new(pool.clone(), clients.clone()),
            access: Verifier::new(pool, clients),
        }
    }

    pub(crate) fn leeway(self, secs: u32) -> Self {
        Self {
            id: self.id.leeway(secs),
            access: self.access.leeway(secs),
        }
    }

    pub(crate) async fn id_token(
        &self,
        token: &str,
        now: i64,
    ) -> Result<Verified<IdClaims>, VerifyError> {
        self.id.verify_at(token, now).await
    }

    pub(crate) async fn access_token(
        &self,
        token: &str,
        now: i64,
    ) -> Result<Verified<AccessClaims>, VerifyError> {
        self.access.verify_at(token, now).await
    }
}

pub(crate) fn verifier(signer: &Signer) -> Verifiers {
    Verifiers::new(CLIENT, Keys::preloaded(key_set(&[signer])))
}

/// The claims of an ID token as the developer guide shows them.
pub(crate) fn id_claims() -> Value {
    json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "iss": ISSUER, "aud": CLIENT,
        "token_use": "id", "cognito:username": "janedoe", "cognito:groups": ["admin", "staff"],
        "email": "jane@example.com", "email_verified": true, "given_name": "Jane",
        "custom:tenant": "blue", "nonce": "n-0S6_WzA2Mj", "auth_time": NOW - 10, "iat": NOW - 10,
        "exp": NOW + 3600, "jti": "j", "origin_jti": "o", "event_id": "e",
    })
}

pub(crate) fn access_claims() -> Value {
    json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "iss": ISSUER, "client_id": CLIENT,
        "token_use": "access", "username": "janedoe", "scope": "openid profile",
        "cognito:groups": ["admin"], "version": 2, "auth_time": NOW - 10, "iat": NOW - 10,
        "exp": NOW + 3600, "jti": "j", "origin_jti": "o",
    })
}

/// `claims` with one changed; `null` takes it away.
pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    let object = claims.as_object_mut().unwrap();
    object.remove(name);
    if !value.is_null() {
        object.insert(name.to_owned(), value);
    }
    claims
}
