use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::group::Element;
use super::verifier::Verifier;
use super::{hash, hex, padded, timestamp, trimmed};
use crate::error::{ApiError, Result};
use crate::random::Random;

/// The information HKDF binds the key to, with the number of its first block.
const INFO: &[u8] = b"Caldera Derived Key\x01";

/// The server's side of one exchange, from `SRP_A` to the proof.
pub(crate) struct Challenge {
    a: Element,
    secret_b: Zeroizing<[u8; 32]>,
    public_b: Element,
}

/// What a client says to prove that it knows the password.
pub(crate) struct Claim<'a> {
    /// The pool's name, or the device group key.
    pub(crate) prefix: &'a str,
    /// `USER_ID_FOR_SRP`, or the device key.
    pub(crate) id: &'a str,
    /// `PASSWORD_CLAIM_SECRET_BLOCK`, decoded: whoever calls knows it for the challenge's own.
    pub(crate) secret_block: &'a [u8],
    /// `TIMESTAMP`.
    pub(crate) timestamp: &'a str,
    /// `PASSWORD_CLAIM_SIGNATURE`, in base64.
    pub(crate) signature: &'a str,
}

impl Challenge {
    /// Answers `SRP_A` (a number in hex) with B = k*v + g^b.
    ///
    /// # Errors
    /// `NotAuthorizedException`, the one a wrong password has, when A is 0, not below N or no
    /// number.
    pub(crate) fn begin(verifier: &Verifier, a: &str, random: &Random) -> Result<Self> {
        let a = hex::decode(a)
            .and_then(|bytes| Element::new(&bytes))
            .filter(|a| !a.is_zero())
            .ok_or_else(ApiError::wrong_password)?;
        let secret_b = Zeroizing::new(random.bytes());
        let public_b = Element::multiplier()
            .times(&verifier.v)
            .plus(&Element::generator_to(&secret_b));
        Ok(Self {
            a,
            secret_b,
            public_b,
        })
    }

    /// `SRP_B`.
    pub(crate) fn public_b_hex(&self) -> String {
        hex::encode(trimmed(&self.public_b.to_bytes()))
    }

    /// For the row that keeps it until the proof: A, b and B in hex. It is a secret.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let a = hex::encode(&self.a.to_bytes());
        let secret_b = Zeroizing::new(hex::encode(&*self.secret_b));
        let public_b = hex::encode(&self.public_b.to_bytes());
        Zeroizing::new([&*a, &*secret_b, &*public_b].join("."))
    }

    /// `None` for any text but one of [`Self::to_text`].
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(hex::decode);
        let a = Element::new(&parts.next()??).filter(|a| !a.is_zero())?;
        let short = Zeroizing::new(parts.next()??);
        let public_b = Element::new(&parts.next()??)?;
        let mut secret_b = Zeroizing::new([0; 32]);
        let from = secret_b.len().checked_sub(short.len())?;
        secret_b.get_mut(from..)?.copy_from_slice(&short);
        parts.next().is_none().then_some(Self {
            a,
            secret_b,
            public_b,
        })
    }

    /// Whether the claim was signed with the password, for this challenge, within five minutes
    /// of one of the clocks (seconds since the epoch). Costs the same whatever the answer.
    pub(crate) fn prove(&self, verifier: &Verifier, claim: &Claim<'_>, clocks: &[i64]) -> bool {
        let message = [
            claim.prefix.as_bytes(),
            claim.id.as_bytes(),
            claim.secret_block,
            claim.timestamp.as_bytes(),
        ]
        .concat();
        let signature = STANDARD.decode(claim.signature).unwrap_or_default();
        let signed = hmac::verify(&self.key(verifier), &message, &signature).is_ok();
        let is_current = |now: &i64| timestamp::is_current(claim.timestamp, *now);
        signed & clocks.iter().any(is_current)
    }

    /// The first half of HKDF's first block over S = (A * v^u)^b.
    fn key(&self, verifier: &Verifier) -> hmac::Key {
        let u = hash(&[
            &padded(&self.a.to_bytes()),
            &padded(&self.public_b.to_bytes()),
        ]);
        let s = self.a.times(&verifier.v.pow(&u)).pow(&self.secret_b);
        let s = Zeroizing::new(padded(&Zeroizing::new(s.to_bytes())));
        let extract = hmac::Key::new(hmac::HMAC_SHA256, &padded(&u));
        let expand = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&extract, &s).as_ref());
        let block = hmac::sign(&expand, INFO);
        let key = block.as_ref().get(..16).unwrap_or_default();
        hmac::Key::new(hmac::HMAC_SHA256, key)
    }
}

#[cfg(test)]
mod tests;
