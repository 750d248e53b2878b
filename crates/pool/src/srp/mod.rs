//! SRP-6a as Cognito speaks it, the server's side: the hash is SHA-256, the group RFC 3526's of
//! 3072 bits with g = 2, and the proof an HMAC over what was agreed on. The maths is that of
//! `amazon-cognito-identity-js`.
//!
//! A prefix goes with each id: the pool's name with a user's, the device group key with a
//! device's.

mod exchange;
mod group;
mod hex;
mod powers;
mod timestamp;
mod verifier;

pub(crate) use exchange::{Challenge, Claim};
pub(crate) use verifier::Verifier;

/// SHA-256 of the parts, one after the other.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A number as the clients hash it (`padHex`): no zero byte in front but the one that keeps the
/// top bit clear.
fn padded(number: &[u8]) -> Vec<u8> {
    let digits = trimmed(number);
    let mut padded = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| *first >= 0x80) {
        padded.push(0);
    }
    padded.extend_from_slice(digits);
    padded
}

/// A big-endian number without zero bytes in front.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_as_the_clients_do() {
        assert_eq!(padded(&[]), [0]);
        assert_eq!(padded(&[0, 0]), [0]);
        assert_eq!(padded(&[0x7f, 0]), [0x7f, 0]);
        assert_eq!(padded(&[0x80]), [0, 0x80]);
        assert_eq!(padded(&[0, 0, 0x80]), [0, 0x80]);
        assert_eq!(padded(&[0, 0x12]), [0x12]);
    }
}
