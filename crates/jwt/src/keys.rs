//! A JWK set (RFC 7517 §5), reduced to the keys that may verify RS256.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

pub(crate) const MAX_JWKS: usize = 512 * 1024;
const MAX_KEYS: usize = 100;
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
const EXPONENTS: std::ops::RangeInclusive<u64> = 65_537..=1 << 32;

/// An issuer's RS256 keys by `kid`, parsed once.
#[derive(Clone)]
pub struct KeySet {
    keys: HashMap<String, Arc<PublicKey>>,
}

/// Why a JWK set was refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// More than 512 KiB or more than 100 keys.
    #[error("key set is too large")]
    TooLarge,
    /// Not a JSON object with an array `keys`.
    #[error("key set is not a JWK set")]
    Malformed,
    /// Two keys of one name: which one is meant would be a guess.
    #[error("key set names two keys `{kid}`")]
    DuplicateKid {
        /// The name.
        kid: String,
    },
    /// No key for RS256 in it.
    #[error("key set holds no RSA signing key of 2048 to 4096 bits")]
    Empty,
}

/// Why a file gave no key set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetFileError {
    /// It cannot be read.
    #[error("key set file cannot be read")]
    Read(#[source] std::io::Error),
    /// What is in it is refused.
    #[error("key set file is not usable")]
    KeySet(#[source] KeySetError),
}

impl KeySet {
    /// Reads a JWK set. Keys are left out that are not RSA, not for signatures, not for
    /// RS256, without `kid`, shorter than 2048 or longer than 4096 bits, or with an
    /// exponent that is even or outside 65537..=2^32.
    ///
    /// # Errors
    /// See [`KeySetError`]; the whole set is refused then.
    pub fn from_jwks(json: &[u8]) -> Result<Self, KeySetError> {
        if json.len() > MAX_JWKS {
            return Err(KeySetError::TooLarge);
        }
        let set: Jwks = serde_json::from_slice(json).map_err(|_| KeySetError::Malformed)?;
        if set.keys.len() > MAX_KEYS {
            return Err(KeySetError::TooLarge);
        }
        refuse_duplicates(&set.keys)?;
        let usable = set
            .keys
            .into_iter()
            .filter_map(|jwk| Jwk::deserialize(jwk).ok()?.usable());
        let keys: HashMap<_, _> = usable.collect();
        match keys.is_empty() {
            true => Err(KeySetError::Empty),
            false => Ok(Self { keys }),
        }
    }

    /// The number of keys kept, at least one.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a set without keys is never made"
    )]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Reads a saved `jwks.json`, as [`Self::from_jwks`] does.
    ///
    /// # Errors
    /// See [`KeySetFileError`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeySetFileError> {
        let mut json = Vec::new();
        let file = File::open(path).map_err(KeySetFileError::Read)?;
        let limit = MAX_JWKS as u64 + 1;
        file.take(limit)
            .read_to_end(&mut json)
            .map_err(KeySetFileError::Read)?;
        Self::from_jwks(&json).map_err(KeySetFileError::KeySet)
    }

    pub(crate) fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, kid: &str) -> Option<Arc<PublicKey>> {
        self.keys.get(kid).cloned()
    }

    /// The key that verified a token with this very header before.
    pub(crate) fn by_header(&self, encoded: &str) -> Option<Arc<PublicKey>> {
        let same =
            |key: &&Arc<PublicKey>| key.header.get().is_some_and(|known| **known == *encoded);
        self.keys.values().find(same).cloned()
    }

    /// Keys that were there before stay the very same, others become objects that only the
    /// set now in use holds: whatever was verified with one goes by whether it lives on.
    pub(crate) fn succeeding(mut self, before: Option<&Self>) -> Self {
        for (kid, key) in &mut self.keys {
            let known = before.and_then(|before| before.keys.get(kid));
            *key = match known.filter(|known| known.material.is_that_of(&key.material)) {
                Some(known) => Arc::clone(known),
                None => Arc::new(PublicKey::of(Arc::clone(&key.material))),
            };
        }
        self
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

/// An RSA key that verifies RS256 and nothing else.
pub(crate) struct PublicKey {
    material: Arc<Material>,
    /// The encoded header of the first token it verified: the issuer's tokens all have the
    /// same, and what reads as RS256 and this key once reads so again.
    header: OnceLock<Box<str>>,
}

struct Material {
    parsed: ParsedPublicKey,
    modulus: Box<[u8]>,
    exponent: Box<[u8]>,
}

impl Material {
    fn is_that_of(&self, other: &Self) -> bool {
        self.modulus == other.modulus && self.exponent == other.exponent
    }
}

impl PublicKey {
    fn of(material: Arc<Material>) -> Self {
        Self {
            material,
            header: OnceLock::new(),
        }
    }

    pub(crate) fn remember_header(&self, encoded: &str) {
        if self.header.get().is_none() {
            self.header.get_or_init(|| encoded.into());
        }
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = &self.material.parsed;
        key.verify_sig(message, signature).is_ok()
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// Also keys that are left out count: their names are the issuer's too.
fn refuse_duplicates(keys: &[Value]) -> Result<(), KeySetError> {
    let mut seen = HashSet::new();
    for kid in keys.iter().filter_map(|key| key.get("kid")?.as_str()) {
        if !seen.insert(kid) {
            return Err(KeySetError::DuplicateKid {
                kid: kid.escape_default().take(80).collect(),
            });
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    n: String,
    e: String,
}

impl Jwk {
    fn usable(self) -> Option<(String, Arc<PublicKey>)> {
        let is = |value: &Option<String>, wanted| value.as_deref().is_none_or(|v| v == wanted);
        let for_rs256 = self.kty == "RSA" && is(&self.usage, "sig") && is(&self.alg, "RS256");
        let verifies = self
            .key_ops
            .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !for_rs256 || !verifies || self.kid.is_empty() {
            return None;
        }
        let modulus = URL_SAFE_NO_PAD.decode(&self.n).ok()?;
        let exponent = URL_SAFE_NO_PAD.decode(&self.e).ok()?;
        if !MODULUS_BITS.contains(&bits(&modulus)?)
            || !EXPONENTS.contains(&odd(&exponent)?)
            || is_roca(&modulus)
        {
            return None;
        }
        let components = RsaPublicKeyComponents {
            n: &modulus,
            e: &exponent,
        };
        let parsed = components
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .ok()?;
        let material = Material {
            parsed,
            modulus: modulus.into(),
            exponent: exponent.into(),
        };
        Some((self.kid, Arc::new(PublicKey::of(Arc::new(material)))))
    }
}

/// The length of a big-endian number without leading zeros (RFC 7518 §2, `Base64urlUInt`).
fn bits(number: &[u8]) -> Option<usize> {
    let first = number.first().filter(|byte| **byte != 0)?;
    Some(number.len() * 8 - first.leading_zeros() as usize)
}

fn odd(number: &[u8]) -> Option<u64> {
    if bits(number)? > 64 {
        return None;
    }
    let value = number
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    (value % 2 == 1).then_some(value)
}

/// Whether the modulus bears the mark of a generator whose keys can be factored
/// (CVE-2017-15361): modulo every small prime it is a power of 65537. One sound key in two
/// hundred million bears it too.
fn is_roca(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    PRIMES.iter().all(|prime| {
        let rest = modulus
            .iter()
            .fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % prime);
        let next = |power: &u32| Some(power * 65_537 % prime).filter(|power| *power != 1);
        std::iter::successors(Some(1), next).any(|power| power == rest)
    })
}
