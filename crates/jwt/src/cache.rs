//! Tokens verified lately, so that one which comes with every request costs its RSA
//! operation once.

use std::fmt;
use std::sync::{Arc, Weak};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use quick_cache::sync::Cache;

use crate::claims::Claims;
use crate::keys::PublicKey;
use crate::verify::Verified;

/// Verified tokens, a bounded number of them; those in use stay. One cache may serve
/// several verifiers: an entry counts only under the policy it was made for.
///
/// An entry takes some 2 KB; claims that would take more than about 8 KB are not
/// remembered. Tokens themselves are not kept, only a keyed hash of each.
pub struct TokenCache<C> {
    entries: Cache<TokenKey, Entry<C>>,
    /// None without randomness; then nothing is kept.
    hash: Option<TokenHash>,
}

/// The largest entry, by what its claims take.
const MAX_ENTRY: usize = 8 * 1024;
/// What a group takes beside its place in the JSON.
const GROUP: usize = 48;

/// Stands for one token under one policy.
pub(crate) type TokenKey = [u8; 16];

struct Entry<C> {
    claims: Verified<C>,
    /// Alive while the issuer's set has the key that verified the token.
    key: Weak<PublicKey>,
}

impl<C> TokenCache<C> {
    /// For so many tokens at most.
    pub fn new(tokens: usize) -> Arc<Self> {
        Arc::new(Self {
            entries: Cache::new(tokens),
            hash: TokenHash::new(&SystemRandom::new()),
        })
    }

    /// The number of tokens in it.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds no token.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn key(&self, policy: &[u8; 32], token: &str) -> Option<TokenKey> {
        self.hash.as_ref()?.of(policy, token)
    }

    /// The claims of a token whose key is still the issuer's.
    pub(crate) fn get(&self, key: &TokenKey) -> Option<Verified<C>> {
        let entry = self.entries.get(key)?;
        match entry.key.strong_count() {
            0 => {
                self.remove(key);
                None
            }
            _ => Some(entry.claims),
        }
    }

    pub(crate) fn remove(&self, key: &TokenKey) {
        self.entries.remove(key);
    }
}

impl<C: Claims> TokenCache<C> {
    pub(crate) fn put(&self, key: TokenKey, claims: Verified<C>, by: &Arc<PublicKey>) {
        if claims.json().len() + claims.groups().len() * GROUP > MAX_ENTRY {
            return;
        }
        let key_alive = Arc::downgrade(by);
        self.entries.insert(
            key,
            Entry {
                claims,
                key: key_alive,
            },
        );
    }
}

impl<C> Clone for Entry<C> {
    fn clone(&self) -> Self {
        Self {
            claims: self.claims.clone(),
            key: Weak::clone(&self.key),
        }
    }
}

impl<C> fmt::Debug for TokenCache<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A universal hash under a secret of this process: the authentication tag of AES-GCM
/// (NIST SP 800-38D §6.4) over policy and token, a third of what SHA-256 takes.
///
/// A nonce that never changes would be a fault of encryption; here nothing is encrypted
/// for anybody and no tag leaves this process. Whoever does not know the key finds two
/// tokens of one tag with a probability of 2^-120 a try.
struct TokenHash(LessSafeKey);

impl TokenHash {
    fn new(rng: &dyn SecureRandom) -> Option<Self> {
        let mut secret = [0; 32];
        rng.fill(&mut secret).ok()?;
        let key = UnboundKey::new(&AES_256_GCM, &secret).ok()?;
        Some(Self(LessSafeKey::new(key)))
    }

    fn of(&self, policy: &[u8; 32], token: &str) -> Option<TokenKey> {
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let (token, mut policy) = (Aad::from(token.as_bytes()), *policy);
        let tag = self.0.seal_in_place_separate_tag(nonce, token, &mut policy);
        tag.ok()?.as_ref().try_into().ok()
    }
}
