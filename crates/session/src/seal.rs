//! Sealing of data at rest: AES-256-GCM under a key of its own for every purpose and session.
//!
//! A sealed box is key id (6 bytes), random nonce (12), ciphertext, tag (16). The key is
//! HKDF-SHA256 of the ring's sealing key, with purpose and session id as `info`: a dump of the
//! store and the server's secrets together open nothing without the browser's cookie. Purpose,
//! key id, lookup key and version are associated data, each at a fixed length, so that a box
//! opens only in the place it was made for. What does not open is an [`OpenError`].

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::rand::SecureRandom;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::id::{LookupKey, SessionId};
use crate::keyring::{KID_LEN, KeyRing};
use crate::record::{Device, Identity, TokenSet};
use crate::store::LoginKey;
use crate::token_codec;

const TAG_LEN: usize = 16;

/// Seals who is signed in.
///
/// # Errors
/// [`SealError`] when randomness or the cryptographic library fails.
pub fn seal_identity(
    ring: &KeyRing,
    id: &SessionId,
    version: u64,
    identity: &Identity,
    rng: &dyn SecureRandom,
) -> Result<Box<[u8]>, SealError> {
    seal_value(
        ring,
        &Place::of_session(IDENTITY, id, version),
        identity,
        rng,
    )
}

/// Opens what [`seal_identity`] sealed for this session and version.
///
/// # Errors
/// [`OpenError`] when it does not open.
pub fn open_identity(
    ring: &KeyRing,
    id: &SessionId,
    version: u64,
    sealed: &[u8],
) -> Result<Identity, OpenError> {
    open_value(ring, &Place::of_session(IDENTITY, id, version), sealed)
}

/// Seals the tokens; JWTs shrink to their decoded bytes.
///
/// # Errors
/// [`SealError`] when randomness or the cryptographic library fails.
pub fn seal_tokens(
    ring: &KeyRing,
    id: &SessionId,
    version: u64,
    tokens: &TokenSet,
    rng: &dyn SecureRandom,
) -> Result<Box<[u8]>, SealError> {
    let place = Place::of_session(TOKENS, id, version);
    seal(ring, &place, token_codec::max_len(tokens), rng, |out| {
        token_codec::encode(tokens, out);
        Ok(())
    })
}

/// Opens what [`seal_tokens`] sealed for this session and version.
///
/// # Errors
/// [`OpenError`] when it does not open.
pub fn open_tokens(
    ring: &KeyRing,
    id: &SessionId,
    version: u64,
    sealed: &[u8],
) -> Result<TokenSet, OpenError> {
    let plain = Zeroizing::new(open(ring, &Place::of_session(TOKENS, id, version), sealed)?);
    token_codec::decode(&plain).ok_or(OpenError::Content)
}

/// Seals what a list of devices shows, under the server's key alone.
///
/// # Errors
/// [`SealError`] when randomness or the cryptographic library fails.
pub fn seal_device(
    ring: &KeyRing,
    key: &LookupKey,
    device: &Device,
    rng: &dyn SecureRandom,
) -> Result<Box<[u8]>, SealError> {
    seal_value(ring, &Place::of_record(key), device, rng)
}

/// Opens what [`seal_device`] sealed for this record.
///
/// # Errors
/// [`OpenError`] when it does not open.
pub fn open_device(ring: &KeyRing, key: &LookupKey, sealed: &[u8]) -> Result<Device, OpenError> {
    open_value(ring, &Place::of_record(key), sealed)
}

/// Seals the state of a sign-in under way with the browser's `binding` secret.
///
/// # Errors
/// [`SealError`] when randomness or the cryptographic library fails.
pub fn seal_login(
    ring: &KeyRing,
    binding: &SessionId,
    login_key: &LoginKey,
    plaintext: &[u8],
    rng: &dyn SecureRandom,
) -> Result<Box<[u8]>, SealError> {
    let place = Place::of_login(binding, login_key);
    seal(ring, &place, plaintext.len(), rng, |out| {
        out.extend_from_slice(plaintext);
        Ok(())
    })
}

/// Opens what [`seal_login`] sealed for this browser and sign-in.
///
/// # Errors
/// [`OpenError`] when it does not open.
pub fn open_login(
    ring: &KeyRing,
    binding: &SessionId,
    login_key: &LoginKey,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open(ring, &Place::of_login(binding, login_key), sealed).map(Zeroizing::new)
}

/// Seals what servers that share a store tell each other, under the server's key alone.
///
/// # Errors
/// [`SealError`] when randomness or the cryptographic library fails.
pub fn seal_notices(
    ring: &KeyRing,
    key: &LookupKey,
    version: u64,
    notices: &impl Serialize,
    rng: &dyn SecureRandom,
) -> Result<Box<[u8]>, SealError> {
    seal_value(ring, &Place::of_notices(key, version), notices, rng)
}

/// Opens what [`seal_notices`] sealed for this place and version.
///
/// # Errors
/// [`OpenError`] when it does not open.
pub fn open_notices<T: DeserializeOwned>(
    ring: &KeyRing,
    key: &LookupKey,
    version: u64,
    sealed: &[u8],
) -> Result<T, OpenError> {
    open_value(ring, &Place::of_notices(key, version), sealed)
}

/// Whether what was sealed names a key of this ring.
#[must_use]
pub fn is_known(ring: &KeyRing, sealed: &[u8]) -> bool {
    sealed
        .first_chunk()
        .is_some_and(|kid: &[u8; KID_LEN]| ring.opener(kid).is_some())
}

/// Whether it was sealed with the key that seals now, and not with an older one.
#[must_use]
pub fn is_current(ring: &KeyRing, sealed: &[u8]) -> bool {
    sealed.starts_with(&ring.sealer().kid)
}

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The system's random source failed.
    #[error("no randomness from the operating system")]
    Random,
    /// The cryptographic library or the encoder refused.
    #[error("the data could not be sealed")]
    Refused,
}

/// Why a sealed box does not open. To the client all of them are "no session".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than an empty box.
    #[error("sealed data is cut short")]
    Short,
    /// Sealed with a key that is not in the ring.
    #[error("sealed data names a key that is not in the key ring")]
    UnknownKey,
    /// Altered, or sealed for another purpose, session or version.
    #[error("sealed data was altered or is in the wrong place")]
    Forged,
    /// Opened, but of another shape: written by another release.
    #[error("opened data is not of the expected shape")]
    Content,
}

type Label = [u8; 16];
const IDENTITY: &Label = b"identity v1\0\0\0\0\0";
const TOKENS: &Label = b"tokens v1\0\0\0\0\0\0\0";
const DEVICE: &Label = b"device v1\0\0\0\0\0\0\0";
const NOTICES: &Label = b"notices v1\0\0\0\0\0\0";
const LOGIN: &Label = b"login v1\0\0\0\0\0\0\0\0";

/// Where a box belongs.
struct Place<'a> {
    label: &'static Label,
    /// What the key is derived from besides the ring.
    derive_from: &'a [u8; 32],
    row: [u8; 32],
    version: u64,
}

impl<'a> Place<'a> {
    fn of_session(label: &'static Label, id: &'a SessionId, version: u64) -> Self {
        Self {
            label,
            derive_from: id.as_bytes(),
            row: *id.lookup_key().as_bytes(),
            version,
        }
    }

    fn of_record(key: &'a LookupKey) -> Self {
        Self {
            label: DEVICE,
            derive_from: key.as_bytes(),
            row: *key.as_bytes(),
            version: 0,
        }
    }

    fn of_notices(key: &'a LookupKey, version: u64) -> Self {
        Self {
            label: NOTICES,
            version,
            ..Self::of_record(key)
        }
    }

    fn of_login(binding: &'a SessionId, login_key: &LoginKey) -> Self {
        Self {
            label: LOGIN,
            derive_from: binding.as_bytes(),
            row: *login_key.as_bytes(),
            version: 0,
        }
    }

    fn info(&self) -> [&[u8]; 2] {
        [self.label, self.derive_from]
    }

    fn aad(&self, kid: &[u8; KID_LEN]) -> Aad<[u8; 16 + KID_LEN + 32 + 8]> {
        let mut aad = [0; 16 + KID_LEN + 32 + 8];
        let (label, rest) = aad.split_at_mut(16);
        let (key, rest) = rest.split_at_mut(KID_LEN);
        let (row, version) = rest.split_at_mut(32);
        label.copy_from_slice(self.label);
        key.copy_from_slice(kid);
        row.copy_from_slice(&self.row);
        version.copy_from_slice(&self.version.to_be_bytes());
        Aad::from(aad)
    }
}

fn seal_value(
    ring: &KeyRing,
    place: &Place<'_>,
    value: &impl Serialize,
    rng: &dyn SecureRandom,
) -> Result<Box<[u8]>, SealError> {
    let len = postcard::experimental::serialized_size(value).map_err(|_| SealError::Refused)?;
    seal(ring, place, len, rng, |out| {
        let start = out.len();
        out.resize(start + len, 0);
        let space = out.get_mut(start..).ok_or(SealError::Refused)?;
        postcard::to_slice(value, space)
            .map(drop)
            .map_err(|_| SealError::Refused)
    })
}

/// `write` appends at most `max_len` bytes to the buffer that then becomes the ciphertext, so
/// that no second copy of the plaintext is ever made.
fn seal(
    ring: &KeyRing,
    place: &Place<'_>,
    max_len: usize,
    rng: &dyn SecureRandom,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), SealError>,
) -> Result<Box<[u8]>, SealError> {
    let sealer = ring.sealer();
    let mut nonce = [0; NONCE_LEN];
    rng.fill(&mut nonce).map_err(|_| SealError::Random)?;
    let mut out = Vec::with_capacity(KID_LEN + NONCE_LEN + max_len + TAG_LEN);
    out.extend_from_slice(&sealer.kid);
    out.extend_from_slice(&nonce);
    write(&mut out)?;
    let (_, plain) = out
        .split_at_mut_checked(KID_LEN + NONCE_LEN)
        .ok_or(SealError::Refused)?;
    let tag = sealer
        .expand(&place.info())
        .ok_or(SealError::Refused)?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            place.aad(&sealer.kid),
            plain,
        )
        .map_err(|_| SealError::Refused)?;
    out.extend_from_slice(tag.as_ref());
    // Copied at its exact length: an allocator that shrinks in place keeps the larger block.
    Ok(out.as_slice().into())
}

fn open_value<T: DeserializeOwned>(
    ring: &KeyRing,
    place: &Place<'_>,
    sealed: &[u8],
) -> Result<T, OpenError> {
    let plain = open(ring, place, sealed)?;
    match postcard::take_from_bytes(&plain) {
        Ok((value, [])) => Ok(value),
        _ => Err(OpenError::Content),
    }
}

/// Whoever opens a secret wipes it: who is signed in is none, and wiping costs every request.
fn open(ring: &KeyRing, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (kid, rest) = sealed
        .split_first_chunk::<KID_LEN>()
        .ok_or(OpenError::Short)?;
    let (nonce, rest) = rest
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(OpenError::Short)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(OpenError::Short)?;
    let opener = ring.opener(kid).ok_or(OpenError::UnknownKey)?;
    let mut plain = vec![0; ciphertext.len()];
    opener
        .expand(&place.info())
        .ok_or(OpenError::Forged)?
        .open_separate_gather(
            Nonce::assume_unique_for_key(*nonce),
            place.aad(kid),
            ciphertext,
            tag,
            &mut plain,
        )
        .map_err(|_| OpenError::Forged)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;

    use super::*;
    use crate::keyring::Secret;

    /// The ring and the row are not enough: the browser's secret is part of the key.
    #[test]
    fn the_session_id_is_part_of_the_key() {
        let ring = KeyRing::new(&[Secret::from("a good long secret".to_owned())], &[]).unwrap();
        let rng = SystemRandom::new();
        let id = SessionId::generate(&rng).unwrap();
        for label in [IDENTITY, TOKENS] {
            let place = Place::of_session(label, &id, 1);
            let sealed = seal(&ring, &place, 0, &rng, |_| Ok(())).unwrap();
            assert!(open(&ring, &place, &sealed).is_ok());
            for derive_from in [&[0; 32], id.lookup_key().as_bytes()] {
                let without_id = Place {
                    derive_from,
                    ..Place::of_session(label, &id, 1)
                };
                assert_eq!(open(&ring, &without_id, &sealed), Err(OpenError::Forged));
            }
        }
    }

    /// Every field of the associated data has its own fixed place.
    #[test]
    fn no_byte_can_move_between_fields_of_the_associated_data() {
        let aad = |label, kid, row, version| {
            let place = Place {
                label,
                derive_from: &[0; 32],
                row,
                version,
            };
            place.aad(kid).as_ref().to_vec()
        };
        let mut row = [b'x'; 32];
        let one = aad(IDENTITY, b"abcde1", row, 0x7800_0000_0000_0002);
        row[31] = 2;
        assert_ne!(one, aad(IDENTITY, b"abcde1", row, 0x7800_0000_0000_0078));
        row[31] = b'x';
        row[0] = b'1';
        assert_ne!(one, aad(IDENTITY, b"abcdex", row, 0x7800_0000_0000_0002));
        assert_eq!(one[..16], *IDENTITY);
        assert_eq!(one[16..22], *b"abcde1");
        assert_eq!(one[22..54], [b'x'; 32]);
        assert_eq!(one[54..], 0x7800_0000_0000_0002_u64.to_be_bytes());
    }
}
