//! The place of the audit trail.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
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
        AuditOutput::File => in_file(config, append),
    }
}

/// The same for a command, whose standard output is its own: what would go there goes to standard
/// error. A file that is not there is the server's to make: made by another user, it would be
/// closed to the server.
pub(crate) fn of_command(config: &Config) -> Result<Option<Trail>, Failure> {
    match config.audit.output {
        AuditOutput::Log => Ok(None),
        AuditOutput::Stdout => Ok(Some(begin(config, Box::new(stderr))?)),
        AuditOutput::File => in_file(config, |path| match append_to(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), "there is no audit trail yet: told here");
                duplicate(io::stderr())
            }
            opened => opened,
        }),
    }
}

fn in_file(
    config: &Config,
    open: impl Fn(&Path) -> io::Result<File> + Send + 'static,
) -> Result<Option<Trail>, Failure> {
    let Some(path) = config.audit.path.clone() else {
        return Ok(None);
    };
    let place = path.clone();
    let begun = begin(config, Box::new(move || Ok(Box::new(open(&place)?))));
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
    Ok(Box::new(duplicate(io::stdout())?))
}

fn stderr() -> io::Result<Box<dyn Write + Send>> {
    Ok(Box::new(duplicate(io::stderr())?))
}

fn duplicate(out: impl AsFd) -> io::Result<File> {
    Ok(File::from(out.as_fd().try_clone_to_owned()?))
}

/// For its owner alone where it is new.
fn append(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().create(true).mode(0o600))
}

/// Where there is one.
fn append_to(path: &Path) -> io::Result<File> {
    open(path, &mut OpenOptions::new())
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // A pipe would hold up the start until somebody reads.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("there is something that is no file"));
    }
    let mut file = options.append(true).open(path)?;
    // Who may write but not read it cannot know.
    if File::open(path).is_ok_and(|file| is_torn(&file)) {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

/// Whoever wrote it was killed within a line: the next is no part of that.
fn is_torn(file: &File) -> bool {
    let length = file.metadata().map_or(0, |it| it.len());
    let mut last = [b'\n'];
    let read = length
        .checked_sub(1)
        .map(|at| file.read_exact_at(&mut last, at));
    matches!(read, Some(Ok(()))) && last != *b"\n"
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
