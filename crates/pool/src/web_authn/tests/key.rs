use ciborium::Value as Cbor;
use serde_json::json;

use super::authenticator::{client_data, encode};
use super::{Algorithm, Authenticator, ORIGIN, ceremony, register};
use crate::web_authn::WebAuthnError;
use crate::web_authn::error::Result;

/// Registers after `change` was made to the public key.
fn with_key(algorithm: Algorithm, change: impl FnOnce(&mut Vec<(Cbor, Cbor)>)) -> Result<()> {
    let mut authenticator = Authenticator::new(algorithm, ORIGIN);
    let mut key = authenticator.cose_key();
    change(key.as_map_mut().unwrap());
    with_key_bytes(&mut authenticator, &encode(&key))
}

fn with_key_bytes(authenticator: &mut Authenticator, key: &[u8]) -> Result<()> {
    let ceremony = ceremony();
    let data = authenticator.new_passkey(&json!("example.com"), key);
    let client_data = client_data("webauthn.create", &json!(ceremony.challenge), ORIGIN);
    register(&authenticator.registration(&client_data, &data), &ceremony).map(drop)
}

fn set(key: &mut [(Cbor, Cbor)], label: i64, value: impl Into<Cbor>) {
    let entry = key.iter_mut().find(|(name, _)| *name == Cbor::from(label));
    entry.unwrap().1 = value.into();
}

fn remove(key: &mut Vec<(Cbor, Cbor)>, label: i64) {
    key.retain(|(name, _)| *name != Cbor::from(label));
}

#[test]
fn keys_of_other_algorithms_and_curves_are_not_supported() {
    let kinds = [
        // P-256 with SHA-512, P-384 and secp256k1 under ES256, EC under EdDSA, EdDSA on Ed448,
        // a key type that is not its algorithm's.
        with_key(Algorithm::Es256, |key| set(key, 3, -36)),
        with_key(Algorithm::Es256, |key| set(key, -1, 2)),
        with_key(Algorithm::Es256, |key| set(key, -1, 8)),
        with_key(Algorithm::Es256, |key| set(key, 3, -8)),
        with_key(Algorithm::Ed25519, |key| set(key, -1, 7)),
        with_key(Algorithm::Rs256, |key| set(key, 3, -37)),
        with_key(Algorithm::Rs256, |key| set(key, 1, 2)),
        with_key(Algorithm::Es256, |key| set(key, 1, 1)),
        with_key(Algorithm::Es256, |key| remove(key, -1)),
    ];
    let why = "its key is none of ES256, RS256 and Ed25519";
    let expected = Err(WebAuthnError::CredentialNotSupported(why));
    for (index, result) in kinds.into_iter().enumerate() {
        assert_eq!(result, expected, "{index}");
    }
}

#[test]
fn malformed_keys_are_refused() {
    let long = |length| Cbor::Bytes(vec![0xFF; length]);
    let zero_first = || Cbor::Bytes([vec![0], vec![0xFF; 256]].concat());
    let results = [
        with_key(Algorithm::Es256, |key| set(key, -2, long(32))),
        with_key(Algorithm::Es256, |key| set(key, -2, long(31))),
        with_key(Algorithm::Es256, |key| set(key, -3, long(33))),
        with_key(Algorithm::Es256, |key| set(key, -3, true)),
        with_key(Algorithm::Es256, |key| set(key, 3, "ES256")),
        with_key(Algorithm::Es256, |key| remove(key, 3)),
        with_key(Algorithm::Es256, |key| remove(key, 1)),
        with_key(Algorithm::Es256, |key| remove(key, -3)),
        with_key(Algorithm::Ed25519, |key| set(key, -2, long(31))),
        with_key(Algorithm::Ed25519, |key| set(key, -2, long(33))),
        with_key(Algorithm::Rs256, |key| set(key, -1, long(255))),
        with_key(Algorithm::Rs256, |key| set(key, -1, long(1025))),
        with_key(Algorithm::Rs256, |key| set(key, -1, long(0))),
        with_key(Algorithm::Rs256, |key| set(key, -1, zero_first())),
        with_key(Algorithm::Rs256, |key| set(key, -2, long(9))),
        with_key(Algorithm::Rs256, |key| set(key, -2, long(0))),
    ];
    for (index, result) in results.into_iter().enumerate() {
        let malformed = WebAuthnError::NotValid("its public key is malformed");
        assert_eq!(result, Err(malformed), "{index}");
    }
    let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    assert!(with_key_bytes(&mut authenticator, &encode(&Cbor::from(1))).is_err());
    assert!(with_key_bytes(&mut authenticator, &[]).is_err());
    assert_eq!(with_key(Algorithm::Es256, |_| ()), Ok(()));
}

#[test]
fn a_label_given_twice_in_a_key_is_refused() {
    let malformed = Err(WebAuthnError::NotValid(
        "its authenticator data is malformed",
    ));
    let twice = with_key(Algorithm::Es256, |key| key.push((3.into(), (-7).into())));
    assert_eq!(twice, malformed);
}

#[test]
fn bytes_after_a_key_are_refused() {
    let mut authenticator = Authenticator::new(Algorithm::Es256, ORIGIN);
    let key = [encode(&authenticator.cose_key()), vec![0xA0]].concat();
    assert!(with_key_bytes(&mut authenticator, &key).is_err());
}
