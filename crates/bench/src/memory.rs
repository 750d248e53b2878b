//! Resident memory of a server with many sessions.

use anyhow::{Context as _, Result, ensure};

use crate::generator::{ask, body_of, request};
use crate::process::Process;
use crate::server::Store;
use crate::table::{head, row};

/// So many of the sessions are asked for afterwards.
const SAMPLE: usize = 1000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many
    #[arg(long, default_value_t = 100_000)]
    sessions: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { sessions: 100_000 }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    head(&[
        "store, sessions of 3 KB of tokens",
        "resident MB before",
        "after",
        "after a sample was read",
        "file MB",
    ]);
    for store in Store::BOTH {
        measure(store, options.sessions)?;
    }
    Ok(())
}

fn measure(store: Store, sessions: usize) -> Result<()> {
    let files = tempfile::tempdir()?;
    let folder = files.path().to_str().context("folder's name")?;
    let count = sessions.to_string();
    // Empty, for comparison.
    let mut empty = Process::server(&[
        "server",
        "--store",
        store.name(),
        "--sessions",
        "0",
        "--folder",
        folder,
    ])?;
    empty.line()?;
    ensure!(empty.line()? == "ready", "the server is not ready");
    let before = empty.resident_mb()?;
    drop(empty);
    let mut server = Process::server(&[
        "server",
        "--store",
        store.name(),
        "--sessions",
        &count,
        "--folder",
        folder,
    ])?;
    let address = server.line()?.parse()?;
    ensure!(server.line()? == "ready", "the server is not ready");
    let after = server.resident_mb()?;
    let cookies = std::fs::read_to_string(files.path().join("cookies"))?;
    for cookie in cookies.lines().step_by((sessions / SAMPLE).max(1)) {
        body_of(&ask(address, &request("/auth/token", cookie))?)?;
    }
    let mut file = 0.0;
    if let Ok(metadata) = std::fs::metadata(files.path().join("sessions.db")) {
        file = f64::from(u32::try_from(metadata.len() >> 10)?) / 1024.0;
    }
    row(&[
        format!("{}, {count}", store.name()),
        format!("{before:.0}"),
        format!("**{after:.0}**"),
        format!("{:.0}", server.resident_mb()?),
        format!("{file:.0}"),
    ]);
    Ok(())
}
