//! Many access tokens, as the local user pool signs them.

use std::path::Path;

use anyhow::Result;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_jwt::{KeySet, Keys, UserPool};
use cogward_session::{Clock as _, SystemClock};
use serde_json::json;

use crate::sessions::CLIENT_ID;

const KID: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ=";

/// Who signs them.
pub(crate) struct Issuer {
    name: String,
    key: KeyPair,
}

impl Issuer {
    pub(crate) fn new(name: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            key: KeyPair::generate(KeySize::Rsa2048)?,
        })
    }

    /// Keys at hand, nothing to fetch.
    pub(crate) fn pool(&self) -> Result<UserPool> {
        let public = self.key.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        let key = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID, "n": n, "e": e});
        let set = KeySet::from_jwks(json!({ "keys": [key] }).to_string().as_bytes())?;
        Ok(UserPool::custom(&self.name, Keys::preloaded(set)))
    }

    /// Writes headers with `count` tokens, one a line, into a file.
    pub(crate) fn make(&self, count: usize, to: &Path) -> Result<()> {
        let lines: Result<String> = (0..count).map(|number| self.header(number)).collect();
        Ok(std::fs::write(to, lines?)?)
    }

    /// Every field of the same length for every person.
    fn header(&self, number: usize) -> Result<String> {
        let now = SystemClock.now().as_secs();
        let sub = format!("7d3f2a10-90a1-70c2-4b1e-{number:012}");
        let claims = json!({
            "sub": sub, "username": sub, "iss": self.name, "client_id": CLIENT_ID, "version": 2,
            "cognito:groups": ["admin", "editors", "eu-central"], "token_use": "access",
            "scope": "openid email profile", "auth_time": now, "iat": now, "exp": now + 24 * 3600,
            "jti": format!("01234567-89ab-cdef-0123-{number:012}"),
            "origin_jti": "01234567-89ab-cdef-0123-456789abcdef",
            "event_id": "89abcdef-0123-4567-89ab-cdef01234567",
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!(
            "{}.{}",
            part(&json!({"kid": KID, "alg": "RS256"})),
            part(&claims)
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        let rng = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &rng, input.as_bytes(), &mut signature)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(format!("Authorization: Bearer {input}.{signature}\n"))
    }
}
