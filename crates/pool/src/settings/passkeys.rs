use serde::{Deserialize, Serialize};
use url::Host;

use crate::web_authn::UserVerification;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Passkeys {
    /// Off: `WebAuthnNotEnabledException`.
    pub(crate) enabled: bool,
    pub(crate) relying_party_id: String,
    pub(crate) user_verification: UserVerification,
    /// A passkey with user verification counts for both factors
    /// (`MULTI_FACTOR_WITH_USER_VERIFICATION`).
    pub(crate) multi_factor: bool,
}

impl Default for Passkeys {
    fn default() -> Self {
        Self {
            enabled: true,
            relying_party_id: "localhost".to_owned(),
            user_verification: UserVerification::Preferred,
            multi_factor: false,
        }
    }
}

impl Passkeys {
    /// The relying party whose passkeys there are, if there are any.
    pub(crate) fn relying_party(&self) -> Option<String> {
        let id = self.relying_party_id.to_ascii_lowercase();
        (self.enabled && !id.is_empty()).then_some(id)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let id = self.relying_party_id.to_ascii_lowercase();
        let is_host = matches!(Host::parse(&id), Ok(Host::Domain(host)) if host == id);
        if id.is_empty() || (is_host && id.len() <= 127) {
            return Ok(());
        }
        Err(format!(
            "passkeys.relying_party_id {id:?} must be a host name, as localhost or example.com"
        ))
    }
}
