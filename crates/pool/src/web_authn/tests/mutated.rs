//! Valid input damaged in every way a small generator comes upon: nothing panics, and what was
//! signed is never taken once a byte of it has changed.

use serde_json::{Value, json};

use super::authenticator::{attestation_object, client_data, encode};
use super::{
    ALGORITHMS, ANSWER, Algorithm, Authenticator, ORIGIN, bytes, ceremony, creation, register,
    registered, request, sign_in, text,
};
use crate::web_authn::cose::PublicKey;
use crate::web_authn::{Assertion, Registration};

/// A xorshift generator, so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap()
    }

    /// Flips, sets, cuts, doubles or inserts in one to four places.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len());
            let end = (at + 1 + self.roll(16)).min(bytes.len());
            match self.roll(6) {
                0 if at < end => bytes[at] ^= 1 << self.roll(8),
                1 if at < end => bytes[at] = self.byte(),
                2 if at < end => drop(bytes.drain(at..end)),
                3 if at < end => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                4 => bytes.truncate(at),
                _ => {
                    let byte = self.byte();
                    bytes.insert(at, byte);
                }
            }
        }
    }

    fn damage_text(&mut self, value: &mut Value) -> bool {
        let before = bytes(value);
        let mut after = before.clone();
        self.damage(&mut after);
        *value = text(&after);
        before != after
    }
}

#[test]
fn damaged_registrations_panic_nowhere() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for algorithm in ALGORITHMS {
        let ceremony = ceremony();
        let mut authenticator = Authenticator::new(algorithm, ORIGIN);
        authenticator.attests = algorithm != Algorithm::Es256;
        let json = authenticator.register(&creation(&ceremony));
        let client_data = client_data("webauthn.create", &json!(ceremony.challenge), ORIGIN);
        let key = encode(&authenticator.cose_key());
        for _ in 0..2_000 {
            let mut whole = json.to_string().into_bytes();
            dice.damage(&mut whole);
            let _ = Registration::parse(&whole).map(|it| it.verify(&ceremony, &ANSWER));

            for part in ["clientDataJSON", "attestationObject"] {
                let mut damaged = json.clone();
                dice.damage_text(&mut damaged["response"][part]);
                let _ = register(&damaged, &ceremony);
            }

            let mut key = key.clone();
            dice.damage(&mut key);
            let _ = PublicKey::from_cose(&key);
            let mut data = authenticator.new_passkey(&json!("example.com"), &key);
            dice.damage(&mut data);
            let none = ("none", ciborium::Value::Map(Vec::new()));
            let object = attestation_object(none, &data);
            let _ = register(
                &authenticator.registration_of(&client_data, &object),
                &ceremony,
            );
        }
    }
}

#[test]
fn a_registration_that_attests_to_itself_is_never_taken_damaged() {
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    for algorithm in ALGORITHMS {
        let ceremony = ceremony();
        let mut authenticator = Authenticator::new(algorithm, ORIGIN);
        authenticator.attests = true;
        let json = authenticator.register(&creation(&ceremony));
        for _ in 0..500 {
            let mut damaged = json.clone();
            if dice.damage_text(&mut damaged["response"]["clientDataJSON"]) {
                assert!(register(&damaged, &ceremony).is_err(), "{damaged}");
            }
        }
    }
}

#[test]
fn a_sign_in_is_never_taken_damaged() {
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    for algorithm in ALGORITHMS {
        let (mut authenticator, held) = registered(algorithm);
        let ceremony = ceremony();
        let json = authenticator.sign_in(&request(&ceremony, &held));
        for _ in 0..2_000 {
            let mut whole = json.to_string().into_bytes();
            dice.damage(&mut whole);
            let _ = Assertion::parse(&whole).map(|it| it.verify(&ceremony, &ANSWER, &held));

            for part in [
                "clientDataJSON",
                "authenticatorData",
                "signature",
                "userHandle",
            ] {
                let mut damaged = json.clone();
                if dice.damage_text(&mut damaged["response"][part]) {
                    let result = sign_in(&damaged, &ceremony, &held);
                    assert!(result.is_err(), "{part}: {damaged}");
                }
            }
        }
    }
}

#[test]
fn noise_panics_nowhere() {
    let mut dice = Dice(0xBF58_476D_1CE4_E5B9);
    let ceremony = ceremony();
    let authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    let client_data = client_data("webauthn.create", &json!(ceremony.challenge), ORIGIN);
    for _ in 0..20_000 {
        let length = dice.roll(200);
        let noise: Vec<u8> = (0..length).map(|_| dice.byte()).collect();
        assert!(Registration::parse(&noise).is_err() && Assertion::parse(&noise).is_err());
        assert!(PublicKey::from_cose(&noise).is_err());
        let json = authenticator.registration_of(&client_data, &noise);
        assert!(register(&json, &ceremony).is_err());
    }
}
