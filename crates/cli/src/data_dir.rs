//! The folder that `dev` keeps its data in.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use cogward_config::{Secret, generate_secret};

use crate::failure::Failure;

/// Makes the folder, for its owner alone.
pub(crate) fn make(path: &Path) -> Result<(), Failure> {
    create(path).map_err(|error| {
        Failure::new(format!(
            "cannot make the data folder {}: {error}",
            path.display()
        ))
        .hint("choose another with --data-dir or DATA_DIR")
    })
}

pub(crate) fn create(path: &Path) -> std::io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true).mode(0o700).create(path)
}

/// The secret of this folder, made at the first start.
pub(crate) fn secret(folder: &Path) -> Result<Secret, Failure> {
    let path = folder.join("session-secret");
    let unusable = |error: std::io::Error| {
        Failure::new(format!("cannot use {}: {error}", path.display()))
            .hint("remove the file to make a new secret; sessions kept with the old one end")
    };
    match fs::read_to_string(&path) {
        Ok(secret) if secret.trim().len() >= 32 => {
            return Ok(Secret::from(secret.trim().to_owned()));
        }
        Ok(_) => {
            return Err(unusable(std::io::Error::other(
                "it is too short to be a secret",
            )));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    let secret = generate_secret(&SystemRandom::new())?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(unusable)?;
    file.write_all(secret.expose().as_bytes())
        .map_err(unusable)?;
    Ok(secret)
}
