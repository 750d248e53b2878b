//! A relying party and the authenticators that answer it.

mod assertion;
#[path = "../../../tests/pool/authenticator.rs"]
mod authenticator;
mod key;
mod mutated;
mod options;
mod origin;
mod recorded;
mod registration;

use authenticator::{Algorithm, Authenticator};
use serde_json::Value;

use super::assertion::Verified;
use super::error::Result;
use super::{
    Answer, Assertion, Base64Url, Ceremony, CreationOptions, Credential, Registration,
    RequestOptions, UserVerification,
};
use crate::random::Random;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ed25519];
const SUB: &str = "0b7d1c52-3a0f-4b9e-8a53-6a2f3c1d9e77";
const CLIENT: &str = "client";
const ORIGIN: &str = "https://app.example.com";
const NOW: i64 = 1_700_000_000;
const ANSWER: Answer<'_> = Answer {
    client_id: CLIENT,
    origins: None,
    now: NOW,
};

fn ceremony() -> Ceremony {
    let expires_at = NOW + 60;
    let preferred = UserVerification::Preferred;
    let random = Random::default();
    Ceremony::begin(&random, "example.com", SUB, CLIENT, preferred, expires_at)
}

fn strict() -> Ceremony {
    Ceremony {
        user_verification: UserVerification::Required,
        ..ceremony()
    }
}

fn creation(ceremony: &Ceremony) -> Value {
    serde_json::to_value(CreationOptions::new(ceremony, "name", "Name", &[])).unwrap()
}

fn request(ceremony: &Ceremony, held: &Credential) -> Value {
    serde_json::to_value(RequestOptions::new(ceremony, std::slice::from_ref(held))).unwrap()
}

fn register(json: &Value, ceremony: &Ceremony) -> Result<Credential> {
    Registration::parse(json.to_string().as_bytes())?.verify(ceremony, &ANSWER)
}

fn sign_in(json: &Value, ceremony: &Ceremony, held: &Credential) -> Result<Verified> {
    Assertion::parse(json.to_string().as_bytes())?.verify(ceremony, &ANSWER, held)
}

/// An authenticator with a passkey, and that passkey as it is kept.
fn registered(algorithm: Algorithm) -> (Authenticator, Credential) {
    let mut authenticator = Authenticator::new(algorithm, ORIGIN);
    let ceremony = ceremony();
    let json = authenticator.register(&creation(&ceremony));
    let held = register(&json, &ceremony).unwrap();
    (authenticator, held)
}

fn bytes(value: &Value) -> Vec<u8> {
    Base64Url::parse(value.as_str().unwrap()).unwrap().0
}

fn text(bytes: &[u8]) -> Value {
    Base64Url(bytes.to_vec()).text().into()
}
