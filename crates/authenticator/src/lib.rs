//! What authenticators say and are shown, pure: bytes in, values out. Of passkeys
//! ([Web Authentication](https://www.w3.org/TR/webauthn-3/)) what an attestation holds, nothing of
//! which is verified here; of authenticator apps the key as link and as QR code.

mod attestation_object;
mod authenticator_data;
pub mod cbor;
pub mod key_uri;

pub use attestation_object::AttestationObject;
pub use authenticator_data::{AttestedCredential, AuthenticatorData};
