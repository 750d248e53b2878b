//! Which passkeys a deployment allows, by what their authenticators say of themselves
//! (WebAuthn §6.5). Nobody vouches for it: attestations are not verified against their makers'
//! certificates, so the rules bind honest authenticators and not who writes his own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_authenticator::{AttestationObject, AuthenticatorData};
use serde::Deserialize;
use uuid::Uuid;

/// A browser's attestation has some hundred bytes, with certificates some thousand.
const MOST: usize = 64 * 1024;

/// The rules.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Models that are allowed (AAGUIDs); all if empty.
    pub models: Vec<Uuid>,
    /// Only passkeys that never leave their device.
    pub device_bound: bool,
}

/// What an authenticator says of itself and a new passkey.
#[derive(Debug, PartialEq, Eq)]
pub struct Device {
    /// Its model; all zero where it does not tell.
    pub aaguid: Uuid,
    /// The passkey may be copied to other devices.
    pub backup_eligible: bool,
    /// It is copied.
    pub backup_state: bool,
    /// It knew its user, by a PIN or a fingerprint.
    pub user_verified: bool,
}

/// Why a passkey is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyRefusal {
    /// Not what a browser gives of a new passkey.
    #[error("not the attestation of a new passkey")]
    Malformed,
    /// The model is not on the list.
    #[error("this model of authenticator is not allowed")]
    Model,
    /// It is, or can be, on several devices.
    #[error("passkeys that are synchronised between devices are not allowed")]
    Synchronised,
}

/// `CollectedClientData`, of which the purpose counts here.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
}

impl Rules {
    /// Whether there is nothing to judge.
    pub fn allow_all(&self) -> bool {
        self.models.is_empty() && !self.device_bound
    }

    /// Judges a new passkey by its attestation object and client data, both in base64url.
    ///
    /// # Errors
    /// See [`PasskeyRefusal`].
    pub fn judge(
        &self,
        attestation_object: &str,
        client_data_json: &str,
    ) -> Result<Device, PasskeyRefusal> {
        let device = read(attestation_object, client_data_json);
        let device = device.ok_or(PasskeyRefusal::Malformed)?;
        if !self.models.is_empty() && !self.models.contains(&device.aaguid) {
            return Err(PasskeyRefusal::Model);
        }
        if self.device_bound && (device.backup_eligible || device.backup_state) {
            return Err(PasskeyRefusal::Synchronised);
        }
        Ok(device)
    }
}

fn read(attestation_object: &str, client_data_json: &str) -> Option<Device> {
    let bytes = |text: &str| {
        let text = text.trim_end_matches('=');
        let short = text.len() <= MOST;
        short.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()
    };
    let client_data: ClientData = serde_json::from_slice(&bytes(client_data_json)?).ok()?;
    if client_data.kind != "webauthn.create" {
        return None;
    }
    let object = AttestationObject::parse(&bytes(attestation_object)?)?;
    let data = AuthenticatorData::parse(&object.authenticator_data)?;
    let attested = data.attested.as_ref().filter(|_| data.user_present())?;
    Some(Device {
        aaguid: Uuid::from_bytes(attested.aaguid),
        backup_eligible: data.backup_eligible(),
        backup_state: data.backed_up(),
        user_verified: data.user_verified(),
    })
}
