//! The relying party of passkeys ([Web Authentication](https://www.w3.org/TR/webauthn-3/)), pure:
//! bytes, time and randomness come in, a verdict goes out.
//!
//! A [`Ceremony`] is begun and kept; [`CreationOptions`] or [`RequestOptions`] tell the browser
//! of it. Its answer is a [`Registration`], which becomes a [`Credential`] to keep, or an
//! [`Assertion`], which is checked against a kept one.
//!
//! Where neither Cognito's documents nor the standard decide, this relying party does:
//!
//! * Keys: ES256 and RS256 as Cognito offers them, then Ed25519.
//! * Attestation: `none` and every format whose certificates would have to be trusted count as
//!   unattested and are let in; a `packed` self attestation must verify.
//! * Origins: `https` on the relying party's host or below it. A relying party `localhost` also
//!   takes `http` from loopback addresses. A list of origins, when given, replaces this rule.
//! * A page inside another origin's frame is refused.
//! * What a passkey is called follows from its attachment: Cognito says "Roaming passkey" of one
//!   that can be carried about; any other is a "Passkey" here.

mod assertion;
mod attestation;
mod authenticator_data;
mod base64url;
mod ceremony;
mod client_data;
mod cose;
mod credential;
mod error;
mod options;
mod public_key_credential;
#[cfg(test)]
mod tests;

pub(crate) use assertion::Assertion;
pub(crate) use attestation::Registration;
pub(crate) use base64url::Base64Url;
pub(crate) use ceremony::{Answer, Ceremony, UserVerification};
pub(crate) use credential::Credential;
pub(crate) use error::WebAuthnError;
pub(crate) use options::{CreationOptions, RequestOptions};
