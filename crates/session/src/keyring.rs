use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::hkdf;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

use crate::budget::BudgetKey;
use crate::id::{UserIndex, sha256};

/// Length in bytes of a key id: 36 bits as base64url.
pub(crate) const KID_LEN: usize = 6;
const MIN_SECRET_LEN: usize = 16;

/// One secret of the operator's, wiped when dropped. Its `Debug` prints nothing of it.
pub struct Secret(Box<[u8]>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<Vec<u8>> for Secret {
    fn from(mut bytes: Vec<u8>) -> Self {
        // Copied at its exact length: shrinking in place could leave the old buffer unwiped.
        let secret = Self(bytes.as_slice().into());
        bytes.zeroize();
        secret
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The server's keys, derived once: for cookie MACs, the user index, budgets, and data at
/// rest.
///
/// The first secret of each list signs or seals, all of them verify or open, so that keys
/// rotate: `[old]`, then `[new, old]`, then `[new]`.
pub struct KeyRing {
    signing: Ring<SigningKey>,
    sealing: Ring<SealingKey>,
}

/// At least one key, the current one first.
struct Ring<K> {
    current: K,
    older: Vec<K>,
}

impl<K> Ring<K> {
    fn iter(&self) -> impl Iterator<Item = &K> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

pub(crate) struct SigningKey {
    pub(crate) kid: [u8; KID_LEN],
    pub(crate) cookie: hmac::Key,
    index: hmac::Key,
    budget: hmac::Key,
    code: hmac::Key,
}

pub(crate) struct SealingKey {
    pub(crate) kid: [u8; KID_LEN],
    /// The pseudo-random key of HKDF-Expand, kept as a parsed HMAC key.
    prk: hmac::Key,
}

impl KeyRing {
    /// A ring of `signing` secrets (cookie MACs, user index) and `sealing` secrets (data at
    /// rest), the current ones first. Without `sealing` secrets those keys are derived from
    /// the `signing` ones.
    ///
    /// # Errors
    /// [`KeyRingError`] when `signing` is empty, a secret is shorter than 16 bytes, or a list
    /// has the same secret twice.
    pub fn new(signing: &[Secret], sealing: &[Secret]) -> Result<Self, KeyRingError> {
        let (salt, seal_from) = if sealing.is_empty() {
            (b"cogward sealing from signing v1".as_slice(), signing)
        } else {
            (b"cogward sealing v1".as_slice(), sealing)
        };
        Ok(Self {
            signing: ring(signing, SigningKey::derive)?,
            sealing: ring(seal_from, |secret| SealingKey::derive(salt, secret))?,
        })
    }

    /// The index of a user under the current key: what a new record carries.
    #[must_use]
    pub fn user_index(&self, pool_id: &str, sub: &str) -> UserIndex {
        self.signing.current.user_index(pool_id, sub)
    }

    /// The indexes of a user under all keys, the current one first: what a lookup asks for
    /// while keys rotate.
    #[must_use]
    pub fn user_indexes(&self, pool_id: &str, sub: &str) -> Vec<UserIndex> {
        self.signing
            .iter()
            .map(|key| key.user_index(pool_id, sub))
            .collect()
    }

    /// The key of what these fields name, under the current key alone: after a change of keys
    /// budgets begin anew.
    #[must_use]
    pub fn budget_key(&self, fields: &[&str]) -> BudgetKey {
        BudgetKey::from_bytes(hash(&self.signing.current.budget, fields))
    }

    /// The hash of a one-time code as it is kept, from one that was slow to compute: under all
    /// keys, the current one first. Whoever has the database alone cannot go through the codes.
    #[must_use]
    pub fn peppered(&self, slow: &[u8; 32]) -> Vec<[u8; 32]> {
        let keys = self.signing.iter();
        keys.map(|key| tag(hmac::sign(&key.code, slow))).collect()
    }

    pub(crate) fn signer(&self) -> &SigningKey {
        &self.signing.current
    }

    pub(crate) fn verifier(&self, kid: &[u8]) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.kid == kid)
    }

    pub(crate) fn sealer(&self) -> &SealingKey {
        &self.sealing.current
    }

    pub(crate) fn opener(&self, kid: &[u8]) -> Option<&SealingKey> {
        self.sealing.iter().find(|key| key.kid == kid)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signing: Vec<_> = self
            .signing
            .iter()
            .map(|key| key.kid.escape_ascii().to_string())
            .collect();
        let sealing: Vec<_> = self
            .sealing
            .iter()
            .map(|key| key.kid.escape_ascii().to_string())
            .collect();
        f.debug_struct("KeyRing")
            .field("signing", &signing)
            .field("sealing", &sealing)
            .finish()
    }
}

/// Why a key ring cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// No signing secret.
    #[error("no session secret: give at least one, of 16 bytes or more")]
    Empty,
    /// The secret at this place (from 0) is too short.
    #[error("session secret number {} is shorter than 16 bytes: make one with 32 random bytes", position + 1)]
    TooShort {
        /// Its place in the list, from 0.
        position: usize,
    },
    /// The secret at this place (from 0) stands in the list before.
    #[error("session secret number {} is in the list twice: remove one", position + 1)]
    Repeated {
        /// Its place in the list, from 0.
        position: usize,
    },
    /// The cryptographic library refused a key.
    #[error("the cryptographic library refused to derive a key")]
    Derive,
}

fn ring<K: Keyed>(
    secrets: &[Secret],
    derive: impl Fn(&Secret) -> Result<K, KeyRingError>,
) -> Result<Ring<K>, KeyRingError> {
    let mut keys: Vec<K> = Vec::with_capacity(secrets.len());
    for (position, secret) in secrets.iter().enumerate() {
        if secret.0.len() < MIN_SECRET_LEN {
            return Err(KeyRingError::TooShort { position });
        }
        let key = derive(secret)?;
        if keys.iter().any(|other| other.kid() == key.kid()) {
            return Err(KeyRingError::Repeated { position });
        }
        keys.push(key);
    }
    let mut keys = keys.into_iter();
    let current = keys.next().ok_or(KeyRingError::Empty)?;
    Ok(Ring {
        current,
        older: keys.collect(),
    })
}

trait Keyed {
    fn kid(&self) -> &[u8; KID_LEN];
}

impl Keyed for SigningKey {
    fn kid(&self) -> &[u8; KID_LEN] {
        &self.kid
    }
}

impl Keyed for SealingKey {
    fn kid(&self) -> &[u8; KID_LEN] {
        &self.kid
    }
}

impl SigningKey {
    fn derive(secret: &Secret) -> Result<Self, KeyRingError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"cogward signing v1").extract(&secret.0);
        Ok(Self {
            kid: kid(&prk)?,
            cookie: hmac_key(&prk, b"cookie")?,
            index: hmac_key(&prk, b"user index")?,
            budget: hmac_key(&prk, b"budget")?,
            code: hmac_key(&prk, b"one-time code")?,
        })
    }

    fn user_index(&self, pool_id: &str, sub: &str) -> UserIndex {
        UserIndex::from_bytes(hash(&self.index, &[pool_id, sub]))
    }
}

/// HMAC-SHA-256 over the fields, each after its length.
fn hash(key: &hmac::Key, fields: &[&str]) -> [u8; 32] {
    let mut mac = hmac::Context::with_key(key);
    for field in fields {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field.as_bytes());
    }
    tag(mac.sign())
}

fn tag(mac: hmac::Tag) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(mac.as_ref());
    out
}

impl SealingKey {
    fn derive(salt: &[u8], secret: &Secret) -> Result<Self, KeyRingError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&secret.0);
        Ok(Self {
            kid: kid(&prk)?,
            prk: hmac_key(&prk, b"data at rest")?,
        })
    }

    /// The AES-256-GCM key for `info`: HKDF-Expand of one block (RFC 5869 section 2.3),
    /// T(1) = HMAC(PRK, info || 1), from the parsed PRK.
    pub(crate) fn expand(&self, info: &[&[u8]]) -> Option<LessSafeKey> {
        let mut key = Zeroizing::new([0; 32]);
        self.expand_bytes(info, &mut key);
        UnboundKey::new(&AES_256_GCM, &*key)
            .ok()
            .map(LessSafeKey::new)
    }

    fn expand_bytes(&self, info: &[&[u8]], out: &mut [u8; 32]) {
        let mut block = hmac::Context::with_key(&self.prk);
        for part in info {
            block.update(part);
        }
        block.update(&[1]);
        out.copy_from_slice(block.sign().as_ref());
    }
}

/// Nobody has to number keys: an id is a one-way hash of what is derived from the secret.
fn kid(prk: &hkdf::Prk) -> Result<[u8; KID_LEN], KeyRingError> {
    let bytes = expand(prk, b"key id")?;
    let [a, b, c, d, e, ..] = sha256(&[b"cogward key id", &*bytes]);
    let mut text = [0; 7];
    URL_SAFE_NO_PAD
        .encode_slice([a, b, c, d, e], &mut text)
        .map_err(|_| KeyRingError::Derive)?;
    let [kid @ .., _] = text;
    Ok(kid)
}

fn hmac_key(prk: &hkdf::Prk, info: &[u8]) -> Result<hmac::Key, KeyRingError> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &*expand(prk, info)?))
}

fn expand(prk: &hkdf::Prk, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyRingError> {
    let mut out = Zeroizing::new([0; 32]);
    prk.expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *out))
        .map_err(|_| KeyRingError::Derive)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pepper_is_of_the_secret_and_of_codes_alone() {
        let ring = |texts: &[&str]| {
            let secrets: Vec<_> = texts.iter().map(|text| secret(text)).collect();
            KeyRing::new(&secrets, &[]).unwrap()
        };
        let (one, other) = ("a good long secret", "another long secret");
        let (first, second) = (
            ring(&[one]).peppered(&[7; 32]),
            ring(&[other]).peppered(&[7; 32]),
        );
        assert_ne!(first, second);
        assert_ne!(first, ring(&[one]).peppered(&[8; 32]));
        assert_eq!(
            ring(&[other, one]).peppered(&[7; 32]),
            [second, first].concat()
        );
    }

    #[test]
    fn faults_name_the_place_and_never_the_secret() {
        let short = KeyRing::new(
            &[secret("a good long secret"), secret("fifteen letters")],
            &[],
        );
        assert_eq!(
            short.unwrap_err().to_string(),
            "session secret number 2 is shorter than 16 bytes: make one with 32 random bytes"
        );
        assert!(matches!(KeyRing::new(&[], &[]), Err(KeyRingError::Empty)));
        let twice = [secret("a good long secret"), secret("a good long secret")];
        assert!(matches!(
            KeyRing::new(&twice, &[]),
            Err(KeyRingError::Repeated { position: 1 })
        ));
        assert!(matches!(
            KeyRing::new(&twice[..1], &twice),
            Err(KeyRingError::Repeated { position: 1 })
        ));
        assert!(KeyRing::new(&[secret("sixteen letters!")], &[]).is_ok());
    }

    #[test]
    fn a_ring_prints_key_ids_only() {
        let text = "a good long secret";
        let ring = KeyRing::new(&[secret(text)], &[]).unwrap();
        let printed = format!("{ring:?} {:?}", secret(text));
        assert!(!printed.contains(text));
        let kid = ring.signer().kid.escape_ascii().to_string();
        assert!(
            kid.bytes()
                .all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c))
        );
        assert!(printed.contains(&kid), "{printed}");
    }

    /// The one-block shortcut is HKDF-Expand as the library has it (RFC 5869 section 2.3).
    #[test]
    fn keys_at_rest_are_those_of_hkdf() {
        let prk = [7; 32];
        let key = SealingKey {
            kid: [0; KID_LEN],
            prk: hmac::Key::new(hmac::HMAC_SHA256, &prk),
        };
        let mut found = [0; 32];
        key.expand_bytes(&[b"identity", &[1; 32]], &mut found);
        let mut expected = [0; 32];
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &prk)
            .expand(&[b"identity", &[1; 32]], hkdf::HKDF_SHA256)
            .unwrap()
            .fill(&mut expected)
            .unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_of_the_user_index_do_not_run_together() {
        let ring = KeyRing::new(&[secret("a good long secret")], &[]).unwrap();
        let indexes = [
            ring.user_index("pool1", "23"),
            ring.user_index("pool", "123"),
            ring.user_index("pool12", "3"),
            ring.user_index("pool123", ""),
            ring.user_index("", "pool123"),
        ];
        for (n, index) in indexes.iter().enumerate() {
            assert!(!indexes[..n].contains(index));
        }
        assert_eq!(ring.user_index("pool1", "23"), indexes[0]);
    }

    #[test]
    fn budgets_have_keys_of_their_own_that_need_the_secret() {
        let ring = |text| KeyRing::new(&[secret(text)], &[]).unwrap();
        let (one, other) = (ring("a good long secret"), ring("another long secret"));
        let key = one.budget_key(&["pool", "ada@x.com"]);
        assert_eq!(one.budget_key(&["pool", "ada@x.com"]), key);
        assert_ne!(other.budget_key(&["pool", "ada@x.com"]), key);
        assert_ne!(one.budget_key(&["poolada@x.com", ""]), key);
        let user = one.user_index("pool", "ada@x.com");
        assert_ne!(user.as_bytes(), key.as_bytes());
        assert_eq!(format!("{key:?}"), "BudgetKey(..)");
    }

    #[test]
    fn user_indexes_follow_the_rotation() {
        let (old, new) = ("the old long secret", "the new long secret");
        let index = |secrets: &[&str]| {
            let secrets: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
            let ring = KeyRing::new(&secrets, &[]).unwrap();
            (
                ring.user_index("pool", "sub"),
                ring.user_indexes("pool", "sub"),
            )
        };
        let (before, _) = index(&[old]);
        let (after, all) = index(&[new, old]);
        assert_eq!(all, [after, before]);
        assert_eq!(index(&[new]), (after, vec![after]));
    }

    #[test]
    fn sealing_keys_are_their_own_when_given_and_when_derived() {
        let text = "a good long secret";
        let derived = KeyRing::new(&[secret(text)], &[]).unwrap();
        let given = KeyRing::new(&[secret(text)], &[secret(text)]).unwrap();
        assert_ne!(derived.sealer().kid, given.sealer().kid);
        assert_ne!(derived.sealer().kid, derived.signer().kid);
    }

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }
}
