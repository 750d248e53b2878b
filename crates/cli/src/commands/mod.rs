//! One file a command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod dev;
pub(crate) mod keys;
pub(crate) mod openapi;
pub(crate) mod pool;
pub(crate) mod serve;

use std::fmt::Write as _;
use std::path::Path;

use cogward_config::{Config, Faults, Mode, Sources};

use crate::args::Flags;
use crate::failure::Failure;

fn load(path: Option<&Path>, flags: Flags, mode: Mode) -> Result<Config, Failure> {
    let sources = Sources::from_process(path, flags, mode).map_err(|faults| faulty(&faults))?;
    cogward_config::load(&sources).map_err(|faults| faulty(&faults))
}

fn faulty(faults: &Faults) -> Failure {
    let mut text = String::from("the configuration is not good");
    for fault in faults.iter() {
        // Writing into a string does not fail.
        let _written = write!(text, "\n  - {fault}");
    }
    Failure::new(text).hint(
        "docs/reference/configuration.md and `cogward config schema` tell every setting; \
         `cogward dev` needs none",
    )
}

/// Runs a server to its end on a runtime of its own.
fn block_on<F: Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
