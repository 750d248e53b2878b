use aws_lc_rs::digest::{SHA256, digest};
use ciborium::Value;

use super::cbor;
use super::ceremony::{Ceremony, UserVerification};
use super::error::{Result, WebAuthnError};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// The longest credential ID the standard knows.
const MAX_CREDENTIAL_ID: usize = 1023;

/// What an authenticator says and signs.
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    /// How often it has signed; always 0 where it does not count.
    pub(super) sign_count: u32,
    /// The passkey it made, when it was asked for one.
    pub(super) attested: Option<AttestedCredential<'a>>,
}

#[derive(Debug)]
pub(super) struct AttestedCredential<'a> {
    /// The authenticator's model.
    pub(super) aaguid: [u8; 16],
    pub(super) id: &'a [u8],
    /// A COSE key.
    pub(super) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// # Errors
    /// When a part is cut short, or something follows the last one.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        Self::read(bytes).ok_or(WebAuthnError::NotValid(
            "its authenticator data is malformed",
        ))
    }

    pub(super) fn user_verified(&self) -> bool {
        self.has(USER_VERIFIED)
    }

    /// Whether the passkey may ever leave the authenticator.
    pub(super) fn backup_eligible(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    pub(super) fn backed_up(&self) -> bool {
        self.has(BACKED_UP)
    }

    /// Checks it against what was asked.
    ///
    /// # Errors
    /// For another relying party, an absent or (where required) unverified user, or a backup of
    /// what cannot be backed up.
    pub(super) fn check(&self, ceremony: &Ceremony) -> Result<()> {
        if self.rp_id_hash != digest(&SHA256, ceremony.rp_id.as_bytes()).as_ref() {
            return Err(WebAuthnError::RelyingPartyMismatch);
        }
        if !self.has(USER_PRESENT) {
            return Err(WebAuthnError::NotValid("its user was not present"));
        }
        let required = ceremony.user_verification == UserVerification::Required;
        if required && !self.user_verified() {
            let why = "its authenticator did not verify the user";
            return Err(WebAuthnError::CredentialNotSupported(why));
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(WebAuthnError::NotValid(
                "it is backed up though it cannot be",
            ));
        }
        Ok(())
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_at_checked(32)?;
        let (&[flags], rest) = rest.split_first_chunk()?;
        let (sign_count, rest) = rest.split_first_chunk()?;
        let mut data = Self {
            rp_id_hash,
            flags,
            sign_count: u32::from_be_bytes(*sign_count),
            attested: None,
        };
        let mut rest = rest;
        if data.has(ATTESTED) {
            let (attested, after) = AttestedCredential::read(rest)?;
            data.attested = Some(attested);
            rest = after;
        }
        if data.has(EXTENSIONS) {
            let (Value::Map(_), after) = cbor::first(rest)? else {
                return None;
            };
            rest = after;
        }
        rest.is_empty().then_some(data)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl<'a> AttestedCredential<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (aaguid, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=MAX_CREDENTIAL_ID).contains(&length) {
            return None;
        }
        let (id, rest) = rest.split_at_checked(length)?;
        let (_, after) = cbor::first(rest)?;
        let (public_key, after) = rest.split_at_checked(rest.len() - after.len())?;
        let attested = Self {
            aaguid: *aaguid,
            id,
            public_key,
        };
        Some((attested, after))
    }
}
