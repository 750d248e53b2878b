use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::open::OpenError;

/// Holds `<database>.lock`: one process owns a database, since its cache must see every write.
/// The lock ends with the process, however it ends; the file stays.
pub(crate) struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let (lock, file) = lock_file(database)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: database.into(),
            }),
            Err(TryLockError::Error(source)) => Err(OpenError::file(&lock, source)),
        }
    }
}

/// Waits for others who open a database that has no one owner; whoever holds the file is alone
/// in making its tables.
pub(crate) fn opening_in_turn(database: &Path) -> Result<File, OpenError> {
    let (lock, file) = lock_file(database)?;
    file.lock()
        .map_err(|source| OpenError::file(&lock, source))?;
    Ok(file)
}

fn lock_file(database: &Path) -> Result<(PathBuf, File), OpenError> {
    let mut name = OsString::from(database);
    name.push(".lock");
    let lock = PathBuf::from(name);
    let file = create_private(&lock).map_err(|source| OpenError::file(&lock, source))?;
    Ok((lock, file))
}

/// The file that was opened, to notice when its path names another one or none: SQLite itself
/// would go on writing to a deleted file.
#[derive(Clone)]
pub(crate) struct FileIdentity {
    path: PathBuf,
    identity: (u64, u64),
}

impl FileIdentity {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: identity(path)?,
        })
    }

    pub(crate) fn check(&self) -> Result<(), DatabaseGone> {
        match identity(&self.path) {
            Ok(found) if found == self.identity => Ok(()),
            _ => Err(DatabaseGone {
                path: self.path.clone(),
            }),
        }
    }
}

/// The database file was removed or replaced while in use.
#[derive(Debug, thiserror::Error)]
#[error("the database {path} was removed or replaced while in use: restart the server")]
pub(crate) struct DatabaseGone {
    path: PathBuf,
}

/// Opens the file for reading and writing; a new one is for its owner alone.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes the file from everybody but its owner.
pub(crate) fn make_private(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|_| (0, 0))
}
