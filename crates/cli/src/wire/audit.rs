//! The place of the audit trail.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use cogward_auth::audit::{Open, Trail, Whose};
use cogward_config::{AuditOutput, Config};
use cogward_session::SystemClock;
use tokio::signal::unix::Signal;

use crate::failure::Failure;

/// The trail of a server; none where events go to the log.
pub(crate) fn trail(config: &Config) -> Result<Option<Trail>, Failure> {
    match config.audit.output {
        AuditOutput::Log => Ok(None),
        AuditOutput::Stdout => {
            let begun = begin(config, Box::new(stdout));
            Ok(Some(begun.map_err(|error| {
                Failure::new(format!(
                    "cannot write the audit trail to standard output: {error}"
                ))
            })?))
        }
        AuditOutput::File => in_file(config),
    }
}

/// The same for a command whose standard output is its own.
pub(crate) fn in_file(config: &Config) -> Result<Option<Trail>, Failure> {
    let path = config.audit.path.as_ref();
    let Some(path) = path.filter(|_| config.audit.output == AuditOutput::File) else {
        return Ok(None);
    };
    let begun = begin(config, file(path.clone()));
    Ok(Some(begun.map_err(|error| {
        Failure::new(format!("cannot write the audit trail {}: {error}", path.display())).hint(
            "audit.path (AUDIT_PATH) must be in a folder that exists and that this user may write to",
        )
    })?))
}

fn begin(config: &Config, open: Open) -> io::Result<Trail> {
    let whose = Whose {
        pool: &config.cognito.user_pool_id,
        client: &config.cognito.client_id,
    };
    Trail::begin(open, &whose, Arc::new(SystemClock), &SystemRandom::new())
}

/// Without the buffer of `println!`.
fn stdout() -> io::Result<Box<dyn Write + Send>> {
    let out = io::stdout().as_fd().try_clone_to_owned()?;
    Ok(Box::new(File::from(out)))
}

fn file(path: PathBuf) -> Open {
    Box::new(move || Ok(Box::new(append(&path)?)))
}

/// For its owner alone where it is new.
fn append(path: &Path) -> io::Result<File> {
    // A pipe would hold up the start until somebody reads.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("there is something that is no file"));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)
}

/// Opens the file anew for every `hangup`: by then another may have its name.
pub(crate) async fn heed(trail: Trail, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        trail.reopen();
    }
}

/// Writes what is left.
pub(crate) async fn end(trail: &Trail, patience: Duration) {
    match trail.end(patience).await {
        Some(0) => {}
        Some(lost) => tracing::error!(lost, "the end of the audit trail was not written"),
        None => tracing::error!("the audit trail was cut off: nobody took its lines"),
    }
}
