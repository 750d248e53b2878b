use std::mem::discriminant;

use cogward_jwt::{IdClaims, KeySet, UserPool, Verifier, VerifyError};
use serde_json::Value;

use super::{CLIENT, NOW, POOL, base64};

/// A key set is refused, or has bounds; and no key in it takes a signature that needs no
/// private key.
pub fn key_set(input: &[u8]) -> bool {
    let Ok(set) = KeySet::from_jwks(input) else {
        return false;
    };
    assert!(input.len() <= 512 * 1024 && (1..=100).contains(&set.len()));
    let json: Value = serde_json::from_slice(input).unwrap();
    let keys = json["keys"].as_array().unwrap();
    assert!(set.len() <= keys.len() && keys.len() <= 100);

    let verifier = Verifier::<IdClaims>::new(UserPool::offline(POOL, set.clone()).unwrap(), CLIENT);
    let (mut held, mut too_long) = (0, 0);
    for kid in keys.iter().filter_map(|key| key["kid"].as_str()) {
        let tokens = unsigned(kid);
        let refuse = |token: &String| verifier.verify_held_at(token, NOW).unwrap_err();
        let [refusal, others @ ..] = tokens.each_ref().map(refuse);
        let same = |other: &VerifyError| discriminant(other) == discriminant(&refusal);
        assert!(others.iter().all(same), "{kid}: {refusal:?}, {others:?}");
        match refusal {
            VerifyError::Signature => held += 1,
            VerifyError::UnknownKey => {}
            VerifyError::Header => assert_eq!(kid, ""),
            VerifyError::Malformed if tokens[0].len() > 16 * 1024 => too_long += 1,
            other => panic!("{kid}: {other:?}"),
        }
    }
    assert!((held..=held + too_long).contains(&set.len()));
    true
}

/// Signed with 0, with 1, and with what a key of exponent 1 takes.
fn unsigned(kid: &str) -> [String; 3] {
    let header = base64(serde_json::json!({"alg": "RS256", "kid": kid}).to_string());
    let input = format!("{header}.e30");
    let mut one = [0; 256];
    one[255] = 1;
    [[0; 256], one, padded_digest(&input)].map(|signature| format!("{input}.{}", base64(signature)))
}

/// RFC 8017 §9.2, for 2048 bits.
fn padded_digest(message: &str) -> [u8; 256] {
    const DIGEST_INFO: &[u8; 19] =
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message.as_bytes());
    let mut padded = [0xff; 256];
    padded[..2].copy_from_slice(&[0, 1]);
    padded[204] = 0;
    padded[205..224].copy_from_slice(DIGEST_INFO);
    padded[224..].copy_from_slice(digest.as_ref());
    padded
}
