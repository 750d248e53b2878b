use ciborium::Value;

use crate::cbor;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// The longest credential ID the standard knows.
const MAX_CREDENTIAL_ID: usize = 1023;

/// What an authenticator says and signs (WebAuthn §6.1).
#[derive(Debug)]
pub struct AuthenticatorData<'a> {
    /// SHA-256 of the relying party's id.
    pub rp_id_hash: &'a [u8],
    flags: u8,
    /// How often it has signed; always 0 where it does not count.
    pub sign_count: u32,
    /// The passkey it made, when it was asked for one.
    pub attested: Option<AttestedCredential<'a>>,
}

/// A new passkey.
#[derive(Debug)]
pub struct AttestedCredential<'a> {
    /// The authenticator's model; all zero where it does not tell.
    pub aaguid: [u8; 16],
    /// The passkey's id.
    pub id: &'a [u8],
    /// A COSE key.
    pub public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// `None` when a part is cut short, or something follows the last one.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
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

    /// Whether somebody was there.
    pub fn user_present(&self) -> bool {
        self.has(USER_PRESENT)
    }

    /// Whether the authenticator knew its user, by a PIN or a fingerprint.
    pub fn user_verified(&self) -> bool {
        self.has(USER_VERIFIED)
    }

    /// Whether the passkey may ever leave the authenticator.
    pub fn backup_eligible(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    /// Whether it has left it.
    pub fn backed_up(&self) -> bool {
        self.has(BACKED_UP)
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
