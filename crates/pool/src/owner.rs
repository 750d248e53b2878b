use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::options::PoolError;

/// Holds `pool.lock` in the data directory, as the session store holds its database's: two pools
/// there would answer with keys and counters of their own. The lock ends with the process, however it
/// ends; the file stays.
pub(crate) struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    pub(crate) fn take(dir: &Path) -> Result<Self, PoolError> {
        let unusable = |source| PoolError::DataDir {
            path: dir.to_owned(),
            source,
        };
        std::fs::create_dir_all(dir).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(dir.join("pool.lock")).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(PoolError::InUse {
                path: dir.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}
