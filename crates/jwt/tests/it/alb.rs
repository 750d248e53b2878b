//! Threat 115: what passes for a load balancer's `x-amzn-oidc-data`, and what does not.

mod claims;
mod configuration;
mod forgeries;
mod keys;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use cogward_jwt::alb::{AlbKeys, AlbVerifier};
use serde_json::{Value, json};

const ARN: &str =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/my-alb/50dc6c495c0c9188";

const OTHER_ARN: &str =
    "arn:aws:elasticloadbalancing:us-east-1:999999999999:loadbalancer/app/my-alb/50dc6c495c0c9188";

const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI";

const CLIENT: &str = "4hvjvjoad5it235gtfn2qp5qce";

const KID: &str = "c2f80c8b-c05c-4068-af14-17299f7896b1";

const NOW: i64 = 1_790_000_000;

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self::of(&ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    fn of(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        Self(EcdsaKeyPair::generate(algorithm).unwrap())
    }

    fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        pem(der.as_ref())
    }

    /// As a load balancer does it: padded, and the padding signed.
    fn sign(&self, header: &str, payload: &str) -> String {
        self.sign_segments(&URL_SAFE.encode(header), &URL_SAFE.encode(payload))
    }

    fn sign_segments(&self, header: &str, payload: &str) -> String {
        let input = format!("{header}.{payload}");
        let signature = self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        let encoding = match input.contains('=') {
            true => URL_SAFE,
            false => URL_SAFE_NO_PAD,
        };
        format!("{input}.{}", encoding.encode(signature))
    }

    fn token(&self) -> String {
        self.sign(&header().to_string(), &payload().to_string())
    }

    fn verifier(&self) -> AlbVerifier {
        let keys = AlbKeys::preloaded([(KID, &*self.pem())]).unwrap();
        AlbVerifier::with_keys(ARN, ISSUER, CLIENT, keys).unwrap()
    }
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

fn header() -> Value {
    json!({
        "typ": "JWT", "kid": KID, "alg": "ES256", "iss": ISSUER, "client": CLIENT, "signer": ARN,
        "exp": NOW + 120,
    })
}

/// Cognito's user info, and what the load balancer adds.
fn payload() -> Value {
    json!({
        "sub": "23d498b2-3031-70d2-8a15-49dd886a087b", "email_verified": "true",
        "email": "jane@example.com", "username": "janedoe", "given_name": "Jane",
        "custom:level": 7, "exp": NOW + 120, "iss": ISSUER,
    })
}

async fn error_of(verifier: &AlbVerifier, token: &str) -> String {
    match verifier.verify_at(token, NOW).await {
        Ok(claims) => format!("{claims:?}"),
        Err(error) => format!("{error:?}"),
    }
}
