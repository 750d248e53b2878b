//! One file a command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod dev;
pub(crate) mod keys;
pub(crate) mod openapi;
pub(crate) mod pool;
pub(crate) mod serve;

use std::path::Path;

use cogward_config::{Config, Mode, Sources};

use crate::args::Flags;
use crate::failure::Failure;

fn load(path: Option<&Path>, flags: Flags, mode: Mode) -> Result<Config, Failure> {
    let faulty = |faults: cogward_config::Faults| {
        Failure::new(faults.to_string()).hint(
            "docs/reference/configuration.md tells every setting; `cogward config show` what holds",
        )
    };
    let sources = Sources::from_process(path, flags, mode).map_err(faulty)?;
    cogward_config::load(&sources).map_err(faulty)
}

/// Runs a server to its end on a runtime of its own.
fn block_on<F: Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
