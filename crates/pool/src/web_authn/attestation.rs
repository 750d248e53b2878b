use aws_lc_rs::digest::{SHA256, digest};
use cogward_authenticator::AttestationObject;
use cogward_authenticator::cbor::{self, Map};
use serde::Deserialize;

use super::authenticator_data;
use super::base64url::Base64Url;
use super::ceremony::{Answer, Ceremony};
use super::client_data::{self, Purpose};
use super::cose::PublicKey;
use super::credential::{Attachment, Credential};
use super::error::{Result, WebAuthnError};
use super::public_key_credential::PublicKeyCredential;

const MAX_TRANSPORTS: usize = 16;
const MAX_TRANSPORT_BYTES: usize = 32;

/// A `RegistrationResponseJSON`, nothing of which is verified yet.
#[derive(Debug)]
pub(crate) struct Registration(PublicKeyCredential<AttestationResponse>);

/// `AuthenticatorAttestationResponseJSON`, but for what repeats the attestation object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data_json: Base64Url,
    attestation_object: Base64Url,
    #[serde(default)]
    transports: Vec<String>,
}

impl Registration {
    /// # Errors
    /// When it is not the JSON of a registration.
    pub(crate) fn parse(json: &[u8]) -> Result<Self> {
        let credential = PublicKeyCredential::<AttestationResponse>::parse(json)?;
        let transports = &credential.response.transports;
        let long = |transport: &String| transport.len() > MAX_TRANSPORT_BYTES;
        if transports.len() > MAX_TRANSPORTS || transports.iter().any(long) {
            return Err(WebAuthnError::NotValid("its transports are too many"));
        }
        Ok(Self(credential))
    }

    /// The challenge it claims to answer, to look up its ceremony.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn challenge(&self) -> Result<String> {
        client_data::challenge(&self.0.response.client_data_json.0)
    }

    /// The passkey made in answer to `ceremony`. Whether somebody has it already is the
    /// caller's to look up: its ID must be new.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn verify(self, ceremony: &Ceremony, answer: &Answer<'_>) -> Result<Credential> {
        ceremony.check(answer)?;
        let response = self.0.response;
        let client_data = response.client_data_json.0;
        client_data::check(&client_data, Purpose::Create, ceremony, answer.origins)?;
        let object = AttestationObject::parse(&response.attestation_object.0).ok_or(
            WebAuthnError::NotValid("its attestation object is malformed"),
        )?;
        let data = authenticator_data::parse(&object.authenticator_data)?;
        authenticator_data::check(&data, ceremony)?;
        let attested = data.attested.as_ref().ok_or(WebAuthnError::NotValid(
            "its authenticator data has no passkey",
        ))?;
        if attested.id != self.0.id.0 {
            return Err(WebAuthnError::NotValid("its id is not the passkey's"));
        }
        let key = PublicKey::from_cose(attested.public_key)?;
        check_statement(&object, &key, &client_data)?;
        let attachment = self.0.authenticator_attachment.as_deref();
        let attachment = attachment.and_then(Attachment::parse);
        let friendly_name = match attachment {
            Some(Attachment::CrossPlatform) => "Roaming passkey",
            Some(Attachment::Platform) | None => "Passkey",
        };
        Ok(Credential {
            public_key: Base64Url(attested.public_key.to_vec()),
            aaguid: uuid::Uuid::from_bytes(attested.aaguid).to_string(),
            sign_count: data.sign_count,
            backup_eligible: data.backup_eligible(),
            backed_up: data.backed_up(),
            user_verified: data.user_verified(),
            id: self.0.id,
            user_handle: ceremony.user_handle.clone(),
            rp_id: ceremony.rp_id.clone(),
            transports: response.transports,
            attachment,
            friendly_name: friendly_name.to_owned(),
            created_at: answer.now,
        })
    }
}

/// Checks what can be checked without certificates to trust: that `none` says nothing, and
/// that who attests with the passkey itself holds its private key.
fn check_statement(object: &AttestationObject, key: &PublicKey, client_data: &[u8]) -> Result<()> {
    let verified = match &*object.format {
        "none" => object.statement.is_empty(),
        "packed" if cbor::get(&object.statement, "x5c").is_none() => {
            let hash = digest(&SHA256, client_data);
            let signed = [&object.authenticator_data, hash.as_ref()].concat();
            is_self_attested(&object.statement, key, &signed).unwrap_or(false)
        }
        _ => true,
    };
    let refusal = WebAuthnError::NotValid("its attestation does not verify");
    if verified { Ok(()) } else { Err(refusal) }
}

/// `None` when the statement lacks something.
fn is_self_attested(statement: &Map, key: &PublicKey, signed: &[u8]) -> Option<bool> {
    let algorithm: i64 = cbor::get(statement, "alg")?.as_integer()?.try_into().ok()?;
    let signature = cbor::get(statement, "sig")?.as_bytes()?;
    Some(algorithm == key.algorithm && key.verifies(signed, signature))
}
