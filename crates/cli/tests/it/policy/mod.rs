//! `cogward policy`: what it says of good policies and bad ones.

mod check;
mod explain;
mod test;

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::process::{cogward, text};

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn policy(folder: &Path, args: &[&str]) -> Output {
    let args = [&["policy"], args].concat();
    cogward(folder, &args).output().unwrap()
}

/// How it ended, and what it wrote to standard output and error.
fn ended(output: &Output) -> (i32, String, String) {
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}
