//! Signs anything whatever: what an issuer would, and what it never would.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// The pool's key is in the key set under several names, one of them good (`k1`).
pub(crate) struct Forge {
    pool: KeyPair,
    pub(crate) attacker: KeyPair,
    elliptic: EcdsaKeyPair,
}

impl Forge {
    pub(crate) fn new() -> Self {
        let rsa = || KeyPair::generate(KeySize::Rsa2048).unwrap();
        Self {
            pool: rsa(),
            attacker: rsa(),
            elliptic: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    /// What the pool publishes.
    pub(crate) fn jwks(&self) -> Value {
        let named =
            |kid: &str, more: &Value| merged(&jwk(&self.pool), &[&json!({"kid": kid}), more]);
        let point = self.elliptic.public_key().as_ref();
        json!({"keys": [
            named("k1", &json!({"alg": "RS256", "use": "sig"})),
            named("no-alg", &json!({})),
            named("encryption", &json!({"alg": "RS256", "use": "enc"})),
            named("wrap", &json!({"key_ops": ["wrapKey"]})),
            named("rs384", &json!({"alg": "RS384", "use": "sig"})),
            named("exponent-one", &json!({"alg": "RS256", "use": "sig", "e": "AQ"})),
            named("", &json!({"alg": "RS256", "use": "sig"})),
            {"kid": "elliptic", "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig",
             "x": base64(&point[1..33]), "y": base64(&point[33..])},
            {"kid": "octets", "kty": "oct", "alg": "HS256", "k": base64(b"a shared secret of 32 bytes, no!")},
        ]})
    }

    /// The token that a pool would make of these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(header().to_string(), claims.to_string())
    }

    pub(crate) fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        self.sign_text(&format!("{}.{}", base64(header), base64(payload)))
    }

    /// The two segments as they are to stand in the token.
    pub(crate) fn sign_text(&self, input: &str) -> String {
        format!("{input}.{}", base64(self.rsa(&RSA_PKCS1_SHA256, input)))
    }

    pub(crate) fn sign_as_attacker(&self, header: &Value, payload: &Value) -> String {
        let input = signing_input(header, payload);
        let signature = rsa(&self.attacker, &RSA_PKCS1_SHA256, &input);
        format!("{input}.{}", base64(signature))
    }

    /// By the pool's key under the algorithm that the header names.
    pub(crate) fn sign_by_alg(&self, header: &Value, payload: &Value) -> String {
        let input = signing_input(header, payload);
        let signature = match header["alg"].as_str().unwrap() {
            "RS384" => self.rsa(&RSA_PKCS1_SHA384, &input),
            "RS512" => self.rsa(&RSA_PKCS1_SHA512, &input),
            "PS256" => self.rsa(&RSA_PSS_SHA256, &input),
            "ES256" => {
                let signature = self.elliptic.sign(&SystemRandom::new(), input.as_bytes());
                signature.unwrap().as_ref().to_vec()
            }
            _ => self.rsa(&RSA_PKCS1_SHA256, &input),
        };
        format!("{input}.{}", base64(signature))
    }

    /// For an exponent of 1 the padded digest is its own signature (RFC 8017 §9.2): no key is needed.
    pub(crate) fn sign_for_exponent_one(&self, header: &Value, payload: &Value) -> String {
        const DIGEST_INFO: &[u8] =
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
        let input = signing_input(header, payload);
        let digest = digest::digest(&digest::SHA256, input.as_bytes());
        let mut padded = vec![0xff; self.pool.public_modulus_len()];
        padded[..2].copy_from_slice(&[0, 1]);
        let tail = [&[0], DIGEST_INFO, digest.as_ref()].concat();
        let start = padded.len() - tail.len();
        padded[start..].copy_from_slice(&tail);
        format!("{input}.{}", base64(padded))
    }

    fn rsa(&self, encoding: &'static dyn RsaEncoding, input: &str) -> Vec<u8> {
        rsa(&self.pool, encoding, input)
    }

    /// Everything public that somebody may take for a shared secret.
    pub(crate) fn public_as_secrets(&self) -> Vec<(&'static str, Vec<u8>)> {
        let key = self.pool.public_key();
        let spki: PublicKeyX509Der<'_> = key.as_der().unwrap();
        let [spki, pkcs1] = [spki.as_ref(), key.as_ref()];
        let pem = pem("PUBLIC KEY", spki);
        vec![
            ("pem", pem.clone().into_bytes()),
            ("pem-without-last-newline", pem.trim_end().into()),
            ("pem-after-newline", format!("\n{pem}").into_bytes()),
            ("pem-after-space", format!(" {pem}").into_bytes()),
            ("pem-crlf", pem.replace('\n', "\r\n").into_bytes()),
            ("pem-pkcs1", pem_pkcs1(pkcs1).into_bytes()),
            ("der", spki.to_vec()),
            ("der-pkcs1", pkcs1.to_vec()),
            ("jwk", jwk(&self.pool).to_string().into_bytes()),
            (
                "jwk-of-the-set",
                self.jwks()["keys"][0].to_string().into_bytes(),
            ),
            (
                "modulus",
                key.modulus().big_endian_without_leading_zero().to_vec(),
            ),
            (
                "modulus-text",
                jwk(&self.pool)["n"].as_str().unwrap().into(),
            ),
            ("empty", Vec::new()),
        ]
    }
}

pub(crate) fn header() -> Value {
    json!({"kid": "k1", "alg": "RS256"})
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn signing_input(header: &Value, payload: &Value) -> String {
    format!(
        "{}.{}",
        base64(header.to_string()),
        base64(payload.to_string())
    )
}

/// `alg` is one of HS256, HS384, HS512.
pub(crate) fn sign_hmac(header: &Value, payload: &Value, alg: &str, secret: &[u8]) -> String {
    let algorithm = match alg {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let input = signing_input(header, payload);
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), input.as_bytes());
    format!("{input}.{}", base64(tag))
}

/// The members of all; the later one's where both have a member.
pub(crate) fn merged(first: &Value, more: &[&Value]) -> Value {
    let mut all = first.clone();
    for object in more {
        all.as_object_mut()
            .unwrap()
            .extend(object.as_object().unwrap().clone());
    }
    all
}

pub(crate) fn jwk(pair: &KeyPair) -> Value {
    let key = pair.public_key();
    json!({
        "kty": "RSA",
        "n": base64(key.modulus().big_endian_without_leading_zero()),
        "e": base64(key.exponent().big_endian_without_leading_zero()),
    })
}

fn rsa(pair: &KeyPair, encoding: &'static dyn RsaEncoding, input: &str) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        encoding,
        &SystemRandom::new(),
        input.as_bytes(),
        &mut signature,
    )
    .unwrap();
    signature
}

fn pem_pkcs1(der: &[u8]) -> String {
    pem("RSA PUBLIC KEY", der)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
