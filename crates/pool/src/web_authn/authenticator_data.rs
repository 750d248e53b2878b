use aws_lc_rs::digest::{SHA256, digest};
use cogward_authenticator::AuthenticatorData;

use super::ceremony::{Ceremony, UserVerification};
use super::error::{Result, WebAuthnError};

/// # Errors
/// When a part is cut short, or something follows the last one.
pub(super) fn parse(bytes: &[u8]) -> Result<AuthenticatorData<'_>> {
    AuthenticatorData::parse(bytes).ok_or(WebAuthnError::NotValid(
        "its authenticator data is malformed",
    ))
}

/// Checks it against what was asked.
///
/// # Errors
/// For another relying party, an absent or (where required) unverified user, or a backup of
/// what cannot be backed up.
pub(super) fn check(data: &AuthenticatorData<'_>, ceremony: &Ceremony) -> Result<()> {
    if data.rp_id_hash != digest(&SHA256, ceremony.rp_id.as_bytes()).as_ref() {
        return Err(WebAuthnError::RelyingPartyMismatch);
    }
    if !data.user_present() {
        return Err(WebAuthnError::NotValid("its user was not present"));
    }
    let required = ceremony.user_verification == UserVerification::Required;
    if required && !data.user_verified() {
        let why = "its authenticator did not verify the user";
        return Err(WebAuthnError::CredentialNotSupported(why));
    }
    if data.backed_up() && !data.backup_eligible() {
        return Err(WebAuthnError::NotValid(
            "it is backed up though it cannot be",
        ));
    }
    Ok(())
}
