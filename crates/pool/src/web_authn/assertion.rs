use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

use super::authenticator_data;
use super::base64url::Base64Url;
use super::ceremony::{Answer, Ceremony};
use super::client_data::{self, Purpose};
use super::cose::PublicKey;
use super::credential::Credential;
use super::error::{Result, WebAuthnError};
use super::public_key_credential::PublicKeyCredential;

/// An `AuthenticationResponseJSON`, nothing of which is verified yet.
#[derive(Debug)]
pub(crate) struct Assertion(PublicKeyCredential<AssertionResponse>);

/// A sign-in that was verified.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The passkey as it is to be kept from now on.
    pub(crate) credential: Credential,
    /// Whether the authenticator knew its user this time, which makes it two factors.
    pub(crate) user_verified: bool,
}

/// `AuthenticatorAssertionResponseJSON`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data_json: Base64Url,
    authenticator_data: Base64Url,
    signature: Base64Url,
    user_handle: Option<Base64Url>,
}

impl Assertion {
    /// # Errors
    /// When it is not the JSON of a sign-in.
    pub(crate) fn parse(json: &[u8]) -> Result<Self> {
        PublicKeyCredential::parse(json).map(Self)
    }

    /// Which passkey it claims to be of, to look that up.
    pub(crate) fn credential_id(&self) -> &Base64Url {
        &self.0.id
    }

    /// Whose it claims to be: a passkey that was not asked for by name tells.
    pub(crate) fn user_handle(&self) -> Option<&Base64Url> {
        self.0.response.user_handle.as_ref()
    }

    /// Verifies that `held`, a passkey of the user who signs in, answered `ceremony`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn verify(
        &self,
        ceremony: &Ceremony,
        answer: &Answer<'_>,
        held: &Credential,
    ) -> Result<Verified> {
        ceremony.check(answer)?;
        self.check_owner(ceremony, held)?;
        let response = &self.0.response;
        let client_data = &response.client_data_json.0;
        client_data::check(client_data, Purpose::Get, ceremony, answer.origins)?;
        let data = authenticator_data::parse(&response.authenticator_data.0)?;
        authenticator_data::check(&data, ceremony)?;
        if data.backup_eligible() != held.backup_eligible {
            return Err(WebAuthnError::NotValid("it changed what backups it allows"));
        }
        let hash = digest(&SHA256, client_data);
        let signed = [&response.authenticator_data.0, hash.as_ref()].concat();
        let key = PublicKey::from_cose(&held.public_key.0)?;
        if !key.verifies(&signed, &response.signature.0) {
            return Err(WebAuthnError::NotValid("its signature does not verify"));
        }
        let counts = data.sign_count != 0 || held.sign_count != 0;
        if counts && data.sign_count <= held.sign_count {
            return Err(WebAuthnError::NotValid(
                "its count went back, as a copy's would",
            ));
        }
        Ok(Verified {
            user_verified: data.user_verified(),
            credential: Credential {
                sign_count: data.sign_count,
                backed_up: data.backed_up(),
                user_verified: held.user_verified || data.user_verified(),
                ..held.clone()
            },
        })
    }

    fn check_owner(&self, ceremony: &Ceremony, held: &Credential) -> Result<()> {
        let named = self.0.response.user_handle.as_ref();
        let users = |handle: &Base64Url| *handle == ceremony.user_handle;
        if self.0.id != held.id || !users(&held.user_handle) || !named.is_none_or(users) {
            return Err(WebAuthnError::NotValid("it is not this user's passkey"));
        }
        if held.rp_id != ceremony.rp_id {
            return Err(WebAuthnError::RelyingPartyMismatch);
        }
        Ok(())
    }
}
