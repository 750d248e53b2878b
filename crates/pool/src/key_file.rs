//! Signing keys that pools of one test run share, so that none waits for its own.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::db::keys::StoredKey;
use crate::random::Random;

#[derive(Serialize, Deserialize)]
struct Kept {
    kid: String,
    purpose: String,
    pkcs8: String,
}

/// The keys of the file. One that is missing, or half of a crash, is none.
pub(crate) fn read(path: &Path) -> Option<Vec<StoredKey>> {
    let kept: Vec<Kept> = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    kept.into_iter()
        .map(|key| {
            Some(StoredKey {
                kid: key.kid,
                purpose: key.purpose,
                pkcs8: STANDARD.decode(key.pkcs8).ok()?,
                generation: 1,
            })
        })
        .collect()
}

/// Writes the file whole or not at all, for the owner alone. Who cannot write goes without.
pub(crate) fn write(path: &Path, keys: &[StoredKey], random: &Random) {
    let kept: Vec<_> = keys
        .iter()
        .map(|key| Kept {
            kid: key.kid.clone(),
            purpose: key.purpose.clone(),
            pkcs8: STANDARD.encode(&key.pkcs8),
        })
        .collect();
    let beside = path.with_extension(random.uuid());
    let written = serde_json::to_vec(&kept)
        .map_err(std::io::Error::from)
        .and_then(|text| {
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&beside)?.write_all(&text)
        })
        .and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        tracing::warn!(%error, path = %path.display(), "the key file could not be written");
    }
}
