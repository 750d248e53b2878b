//! What a verification costs beside its RSA operation: `cargo bench -p cogward-jwt`.
//!
//! All of them run in turn, round by round, so that whatever else the machine does hits
//! them alike; the ratios are medians over the rounds.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first fault and prints its table"
)]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_jwt::{AccessClaims, KeySet, Keys, TokenCache, UserPool, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI";
const CLIENT: &str = "1example23456789";
const NOW: i64 = 1_790_000_000;
const TWENTY_YEARS: i64 = 20 * 365 * 24 * 3600;
const ROUNDS: usize = 61;

fn main() {
    let sample = Sample::new();
    let mut contenders = contenders(&sample);
    let mut nanos = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, nanos) in contenders.iter_mut().zip(&mut nanos) {
            nanos.push(contender.nanos());
        }
    }
    println!(
        "a token of {} bytes, {ROUNDS} rounds in turn\n",
        sample.token.len()
    );
    println!(
        "{:42} {:>8} {:>11} {:>17}",
        "", "ns", "per second", "of raw RSA"
    );
    for (contender, own) in contenders.iter().zip(&nanos) {
        let ratios = own.iter().zip(&nanos[0]).map(|(own, raw)| raw / own);
        let (time, ratio) = (median(own.iter().copied()), median(ratios) * 100.0);
        println!(
            "{:42} {time:>8.0} {:>11.0} {ratio:>15.1} %",
            contender.name,
            1e9 / time
        );
    }
    let pairs = nanos[1].iter().zip(&nanos[2]);
    let times = median(pairs.map(|(cold, warm)| cold / warm));
    println!("\na remembered token is verified {times:.0} times as fast");
}

/// A way to verify the token, and how often in a round.
struct Contender<'s> {
    name: &'static str,
    repeat: u32,
    run: Box<dyn FnMut() + 's>,
}

impl Contender<'_> {
    fn nanos(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..self.repeat {
            (self.run)();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(self.repeat)
    }
}

fn contenders(sample: &Sample) -> Vec<Contender<'_>> {
    let token = sample.token.as_str();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (cold, warm) = (
        sample.verifier(),
        sample.verifier().cache(TokenCache::new(10)),
    );
    let (key, validation) = sample.jsonwebtoken();
    let raw = move || {
        let message = black_box(message.as_bytes());
        sample.key.verify_sig(message, &signature).unwrap();
    };
    let cold = move || {
        drop(black_box(
            cold.verify_held_at(black_box(token), NOW).unwrap(),
        ));
    };
    let warm = move || {
        drop(black_box(
            warm.verify_held_at(black_box(token), NOW).unwrap(),
        ));
    };
    let other = move || {
        let claims = jsonwebtoken::decode::<Value>(black_box(token), &key, &validation);
        drop(black_box(claims.unwrap()));
    };
    let contender = |name, repeat, run| Contender { name, repeat, run };
    vec![
        contender("RSA alone (aws-lc-rs, key kept parsed)", 300, Box::new(raw)),
        contender("cogward-jwt", 300, Box::new(cold)),
        contender("cogward-jwt, token remembered", 10_000, Box::new(warm)),
        contender("jsonwebtoken on aws-lc-rs", 300, Box::new(other)),
    ]
}

/// One key and one token of the usual size.
struct Sample {
    key: ParsedPublicKey,
    jwk: Value,
    token: String,
}

impl Sample {
    fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let n = part(public.modulus().big_endian_without_leading_zero());
        let e = part(public.exponent().big_endian_without_leading_zero());
        let kid = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ=";
        let header = json!({"kid": kid, "alg": "RS256"}).to_string();
        let payload = claims().to_string();
        let input = format!("{}.{}", part(header.as_bytes()), part(payload.as_bytes()));
        let mut signature = vec![0; pair.public_modulus_len()];
        let rng = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &rng, input.as_bytes(), &mut signature)
            .unwrap();
        Self {
            key: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_ref()).unwrap(),
            jwk: json!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e}),
            token: format!("{input}.{}", part(&signature)),
        }
    }

    fn verifier(&self) -> Verifier<AccessClaims> {
        let set = json!({ "keys": [self.jwk] }).to_string();
        let keys = Keys::preloaded(KeySet::from_jwks(set.as_bytes()).unwrap());
        Verifier::new(UserPool::custom(ISSUER, keys), CLIENT)
    }

    /// As its users set it up for Cognito's access tokens, the key kept.
    fn jsonwebtoken(&self) -> (DecodingKey, Validation) {
        let part = |name: &str| self.jwk[name].as_str().unwrap();
        let key = DecodingKey::from_rsa_components(part("n"), part("e")).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[ISSUER]);
        validation.validate_aud = false;
        validation.validate_nbf = true;
        (key, validation)
    }
}

/// An access token's claims as the developer guide shows them.
fn claims() -> Value {
    json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["admin", "staff"],
        "iss": ISSUER, "version": 2, "client_id": CLIENT,
        "origin_jti": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", "token_use": "access",
        "scope": "openid profile email", "auth_time": NOW - 10, "exp": NOW + TWENTY_YEARS,
        "iat": NOW - 10, "jti": "a1b2c3d4-5678-90ab-cdef-EXAMPLE22222", "username": "janedoe",
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
