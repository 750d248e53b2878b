//! From configured secrets to keys.

use cogward_config::Secret;
use cogward_session::{KeyRing, KeyRingError};

/// The keys made of these secrets, the current one first in each list.
pub(crate) fn ring(signing: &[Secret], sealing: &[Secret]) -> Result<KeyRing, KeyRingError> {
    let own = |secrets: &[Secret]| -> Vec<cogward_session::Secret> {
        let texts = secrets.iter().map(|secret| secret.expose().to_owned());
        texts.map(cogward_session::Secret::from).collect()
    };
    KeyRing::new(&own(signing), &own(sealing))
}
