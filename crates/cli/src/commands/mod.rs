//! One file a command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod dev;
pub(crate) mod keys;
pub(crate) mod openapi;
mod operator;
pub(crate) mod policy;
pub(crate) mod pool;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod store;
pub(crate) mod token;

use std::fmt::Write as _;
use std::path::Path;

use cogward_config::{Config, Faults, Mode, Sources};

use crate::args::Flags;
use crate::failure::Failure;

fn load(path: Option<&Path>, flags: Flags, mode: Mode) -> Result<Config, Failure> {
    load_with_sources(path, flags, mode).map(|(config, _)| config)
}

/// For what reads some of it again later.
fn load_with_sources(
    path: Option<&Path>,
    flags: Flags,
    mode: Mode,
) -> Result<(Config, Sources), Failure> {
    let sources =
        Sources::from_process(path, flags, mode).map_err(|faults| faulty(&faults, mode))?;
    let config = cogward_config::load(&sources).map_err(|faults| faulty(&faults, mode))?;
    Ok((config, sources))
}

fn faulty(faults: &Faults, mode: Mode) -> Failure {
    let mut text = String::from("the configuration is not good");
    for fault in faults.iter() {
        // Writing into a string does not fail.
        let _written = write!(text, "\n  - {fault}");
    }
    let reference = "every setting: docs/reference/configuration.md, `cogward config schema`";
    Failure::new(text).hint(match mode {
        Mode::Serve => format!("{reference}; to try without any: `cogward dev`"),
        Mode::Dev | Mode::Pool => reference.to_owned(),
    })
}

/// Runs work to its end on a runtime of its own.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
