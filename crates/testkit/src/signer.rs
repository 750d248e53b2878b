//! A key pair as a user pool has one, and tokens signed with it.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto, encode};
use serde_json::{Value, json};

/// Signs what a test wants signed.
pub struct Signer {
    /// The `kid` of its key.
    pub kid: String,
    key: EncodingKey,
    jwk: Value,
    public_der: Vec<u8>,
}

impl Signer {
    /// A new RSA-2048 key.
    pub fn new(kid: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let components = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let base64 = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        let jwk = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
            "n": URL_SAFE_NO_PAD.encode(&components.n),
            "e": URL_SAFE_NO_PAD.encode(&components.e),
        });
        let public_der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            public_der: public_der.as_ref().to_vec(),
            kid: kid.to_owned(),
            key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
            jwk,
        }
    }

    /// The public half, as it stands in a key set.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The same as `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    pub fn public_der(&self) -> &[u8] {
        &self.public_der
    }

    /// A token of these claims, RS256.
    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.typ = None;
        header.kid = Some(self.kid.clone());
        encode(&header, claims, &self.key).unwrap()
    }

    /// A token of these claims under a header of the test's own.
    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }

    /// RS256 over these two texts, whatever they say.
    pub fn sign_text(&self, header: &str, payload: &str) -> String {
        self.sign_input(
            &[header, payload]
                .map(|text| URL_SAFE_NO_PAD.encode(text))
                .join("."),
        )
    }

    /// RS256 over the first two segments as they are to stand in the token.
    pub fn sign_input(&self, input: &str) -> String {
        let signature = crypto::sign(input.as_bytes(), &self.key, Algorithm::RS256);
        format!("{input}.{}", signature.unwrap())
    }
}
