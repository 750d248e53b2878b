use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_session::{BudgetKey, LoginKey, LookupKey, UserIndex};

/// The names under which things are kept, for one prefix.
pub(crate) struct Keys {
    session: String,
    login: String,
    lease: String,
    mark: String,
    user: String,
    budget: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        let of = |kind: &str| format!("{prefix}{kind}:{{");
        Self {
            session: of("session"),
            login: of("oauth_state"),
            lease: of("lease"),
            mark: of("revoked"),
            user: of("user"),
            budget: of("budget"),
        }
    }

    pub(crate) fn session(&self, key: &LookupKey) -> Key {
        Key::new(&self.session, key.as_bytes())
    }

    pub(crate) fn login(&self, key: &LoginKey) -> Key {
        Key::new(&self.login, key.as_bytes())
    }

    pub(crate) fn lease(&self, key: &LookupKey) -> Key {
        Key::new(&self.lease, key.as_bytes())
    }

    pub(crate) fn mark(&self, user: &UserIndex) -> Key {
        Key::new(&self.mark, user.as_bytes())
    }

    pub(crate) fn user(&self, user: &UserIndex) -> Key {
        Key::new(&self.user, user.as_bytes())
    }

    pub(crate) fn budget(&self, budget: &BudgetKey) -> Key {
        Key::new(&self.budget, budget.as_bytes())
    }

    /// What the keys of records and marks begin with: those are kept in memory.
    pub(crate) fn watched(&self) -> [&str; 2] {
        [&self.session, &self.mark].map(|prefix| prefix.trim_end_matches('{'))
    }

    /// Whose the key of a record or a mark is.
    pub(crate) fn watched_key(&self, key: &[u8]) -> Option<WatchedKey> {
        if let Some(rest) = key.strip_prefix(self.session.as_bytes()) {
            return Some(WatchedKey::Session(LookupKey::from_bytes(tag(rest)?)));
        }
        let rest = key.strip_prefix(self.mark.as_bytes())?;
        Some(WatchedKey::Mark(UserIndex::from_bytes(tag(rest)?)))
    }
}

/// What a key that another process changed stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum WatchedKey {
    Session(LookupKey),
    Mark(UserIndex),
}

fn tag(rest: &[u8]) -> Option<[u8; 32]> {
    decode(rest.strip_suffix(b"}")?)
}

/// The name of one thing in Redis.
#[derive(Clone)]
pub(crate) struct Key {
    name: Vec<u8>,
    tag_at: usize,
}

impl Key {
    fn new(prefix: &str, key: &[u8; 32]) -> Self {
        let mut name = Vec::with_capacity(prefix.len() + ENCODED_LEN + 1);
        name.extend_from_slice(prefix.as_bytes());
        name.extend_from_slice(&encode(key));
        name.push(b'}');
        Self {
            name,
            tag_at: prefix.len(),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.name
    }

    /// Which of a cluster's 16384 slots it lies in: what stands in the braces decides.
    pub(crate) fn slot(&self) -> u16 {
        let tag = self.name.get(self.tag_at..self.name.len() - 1);
        crc16(tag.unwrap_or_default()) % SLOTS
    }
}

/// Slots of a cluster.
pub(crate) const SLOTS: u16 = 16_384;

/// Base64url without padding.
const ENCODED_LEN: usize = 43;

pub(crate) fn encode(key: &[u8; 32]) -> [u8; ENCODED_LEN] {
    let mut encoded = [0; ENCODED_LEN];
    // Always fits.
    let _written = URL_SAFE_NO_PAD.encode_slice(key, &mut encoded);
    encoded
}

pub(crate) fn decode(encoded: &[u8]) -> Option<[u8; 32]> {
    if encoded.len() != ENCODED_LEN {
        return None;
    }
    // What is decoded may be guessed too long by a byte or two.
    let mut key = [0; 36];
    let written = URL_SAFE_NO_PAD.decode_slice(encoded, &mut key).ok()?;
    key.get(..written)?.try_into().ok()
}

/// XMODEM, as Redis uses it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_hash_in_braces() {
        let keys = Keys::new("app:");
        let key = LookupKey::from_bytes([0xff; 32]);
        let name = keys.session(&key).name;
        let tag = format!("{}8", "_".repeat(42));
        assert_eq!(name, format!("app:session:{{{tag}}}").into_bytes());
        assert!(keys.watched_key(&name) == Some(WatchedKey::Session(key)));
        let user = UserIndex::from_bytes([3; 32]);
        let mark = keys.mark(&user);
        assert!(keys.watched_key(mark.as_bytes()) == Some(WatchedKey::Mark(user)));
        for other in [
            keys.user(&user).name,
            keys.lease(&key).name,
            keys.login(&LoginKey::of_state("")).name,
            name[1..].to_vec(),
            name[..name.len() - 1].to_vec(),
            [name.as_slice(), b"}"].concat(),
            b"app:session:{}".to_vec(),
        ] {
            assert!(keys.watched_key(&other).is_none());
        }
    }

    /// The check value of CRC-16/XMODEM, and a slot as Redis itself tells it.
    #[test]
    fn slots_are_those_of_redis() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b"foo") % SLOTS, 12_182);
    }

    #[test]
    fn only_what_encode_made_is_decoded() {
        let key = std::array::from_fn(|n| u8::try_from(n * 7).unwrap());
        let encoded = encode(&key);
        assert_eq!(decode(&encoded), Some(key));
        for bad in [&encoded[..42], b"", &[b'='; 43], &[b'!'; 43], &[0xff; 43]] {
            assert_eq!(decode(bad), None);
        }
        let mut loose = encoded;
        loose[42] += 1;
        assert_eq!(decode(&loose), None, "bits after the last byte");
    }
}
