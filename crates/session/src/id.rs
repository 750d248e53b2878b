use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::rand::SecureRandom;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroize;

/// The bearer secret of one session or one sign-in under way: 256 random bits.
///
/// Its lookup key is computed once, when the id is made.
#[derive(Clone)]
pub struct SessionId {
    secret: [u8; 32],
    lookup: LookupKey,
}

impl SessionId {
    /// A new id from `rng`.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no randomness.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, RandomError> {
        let mut secret = [0; 32];
        rng.fill(&mut secret).map_err(|_| RandomError)?;
        Ok(Self::from_secret(secret))
    }

    pub(crate) fn from_secret(secret: [u8; 32]) -> Self {
        let lookup = LookupKey(sha256(&[b"cogward session", &secret]));
        Self { secret, lookup }
    }

    /// The secret itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The store's key for this session.
    #[must_use]
    pub fn lookup_key(&self) -> LookupKey {
        self.lookup
    }
}

impl Drop for SessionId {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// The store's key of a session: SHA-256 over `"cogward session"` and the id.
/// Safe to store: the id cannot be had from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupKey([u8; 32]);

impl LookupKey {
    /// The key a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Beside sessions: what the servers of a user pool tell each other. SHA-256 over
    /// `"cogward notices"` and the pool's id.
    #[must_use]
    pub fn of_notices(pool_id: &str) -> Self {
        Self(sha256(&[b"cogward notices", pool_id.as_bytes()]))
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public name of the session.
    #[must_use]
    pub fn handle(&self) -> Handle {
        let [a, b, c, d, e, ..] = sha256(&[b"cogward handle", &self.0]);
        let bits = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        let mut shift = 40;
        Handle([(); 8].map(|()| {
            shift -= 5;
            base32_digit(((bits >> shift) & 31) as u8)
        }))
    }
}

impl fmt::Debug for LookupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LookupKey({})", self.handle())
    }
}

/// The public name of a session, for people and APIs: eight characters of lowercase base32
/// (RFC 4648 section 6, no padding) over a one-way hash of its lookup key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle([u8; 8]);

impl Handle {
    fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}

impl FromStr for Handle {
    type Err = ParseHandleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let chars: [u8; 8] = text.as_bytes().try_into().map_err(|_| ParseHandleError)?;
        if chars.iter().all(|c| matches!(c, b'a'..=b'z' | b'2'..=b'7')) {
            Ok(Self(chars))
        } else {
            Err(ParseHandleError)
        }
    }
}

impl Serialize for Handle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A user's sessions are found by this: an HMAC-SHA256 of pool id and `sub` under the key
/// ring's index key, so that a dump of the store names nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIndex([u8; 32]);

impl UserIndex {
    /// The index a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The index's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for UserIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserIndex(..)")
    }
}

/// The system's random source failed.
#[derive(Debug, thiserror::Error)]
#[error("no randomness from the operating system")]
pub struct RandomError;

/// Not a session handle.
#[derive(Debug, thiserror::Error)]
#[error("a session handle is eight characters of a-z and 2-7")]
pub struct ParseHandleError;

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

fn base32_digit(value: u8) -> u8 {
    match value {
        0..26 => b'a' + value,
        _ => b'2' + (value & 31) - 26,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;

    use super::*;

    #[test]
    fn ids_are_new_each_time_and_do_not_print() {
        let rng = SystemRandom::new();
        let (one, two) = (
            SessionId::generate(&rng).unwrap(),
            SessionId::generate(&rng).unwrap(),
        );
        assert_ne!(one.as_bytes(), two.as_bytes());
        assert_ne!(one.lookup_key(), two.lookup_key());
        assert_eq!(format!("{one:?}"), "SessionId(..)");
        let index = UserIndex::from_bytes([1; 32]);
        assert_eq!(format!("{index:?}"), "UserIndex(..)");
    }

    /// What people see of a session leads back neither to the cookie nor to the store's key,
    /// and has no bits of them.
    #[test]
    fn the_handle_is_one_way() {
        let id = SessionId::from_secret([0xa5; 32]);
        let key = id.lookup_key();
        assert_eq!(*key.as_bytes(), sha256(&[b"cogward session", &[0xa5; 32]]));
        let expected = sha256(&[b"cogward handle", key.as_bytes()]);
        let handle = key.handle().to_string();
        assert_eq!(base32_bits(&handle), expected[..5]);
        assert_ne!(base32_bits(&handle), key.as_bytes()[..5]);
        assert_ne!(base32_bits(&handle), id.as_bytes()[..5]);
        assert_eq!(format!("{key:?}"), format!("LookupKey({handle})"));
    }

    #[test]
    fn a_handle_reads_as_it_prints_and_nothing_else_does() {
        let handle = LookupKey::from_bytes([3; 32]).handle();
        assert_eq!(handle.to_string().parse::<Handle>().unwrap(), handle);
        let json = serde_json::to_string(&handle).unwrap();
        assert_eq!(json, format!("\"{handle}\""));
        assert_eq!(serde_json::from_str::<Handle>(&json).unwrap(), handle);
        for wrong in [
            "",
            "abcdefg",
            "abcdefgh2",
            "ABCDEFGH",
            "abcdefg1",
            "abcdefg8",
            "../../..",
            "abcdef\u{e9}",
        ] {
            assert!(wrong.parse::<Handle>().is_err(), "{wrong}");
            assert!(
                serde_json::from_value::<Handle>(wrong.into()).is_err(),
                "{wrong}"
            );
        }
    }

    fn base32_bits(text: &str) -> [u8; 5] {
        let digit = |c: u8| match c {
            b'a'..=b'z' => c - b'a',
            _ => c - b'2' + 26,
        };
        let bits = text
            .bytes()
            .fold(0_u64, |bits, c| bits << 5 | u64::from(digit(c)));
        bits.to_be_bytes()[3..].try_into().unwrap()
    }
}
