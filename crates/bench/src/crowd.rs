//! The local user pool with very many people, who sign in again and again: does it slow down,
//! and what does it come to weigh?

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::generator::{self, Plan};
use crate::pools::peer::{Cores, Peer, Peers, Running};
use crate::pools::people::People;
use crate::process::{self, Cpu};
use crate::table::{head, row, say};

const CONNECTIONS: usize = 16;
/// So many refresh, after each part.
const REFRESHING: usize = 100;
const WINDOW_SECONDS: f64 = 5.0;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many there are
    #[arg(long, default_value_t = 10_000)]
    users: usize,
    /// How often they sign in, all together
    #[arg(long, default_value_t = 1_000_000)]
    sign_ins: u32,
    /// How often to report
    #[arg(long, default_value_t = 10)]
    parts: u32,
    /// The binary [default: `cogward` beside this one]
    #[arg(long)]
    binary: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let peers = Peers::find(options.binary.clone())?;
    process::pin_generator();
    let (pool, _) = peers.start(Peer::Cogward, folder.path(), Cores::Servers, None)?;
    let begun = Instant::now();
    let people = People::make(&pool, options.users)?;
    say(&format!(
        "\n{} people, made in {:.0} s, sign in {} times in turn (`USER_PASSWORD_AUTH`, {CONNECTIONS} connections), \
         and refresh in between; the pool on one core.",
        options.users,
        begun.elapsed().as_secs_f64(),
        options.sign_ins,
    ));
    head(&[
        "sign-ins so far",
        "CPU µs/sign-in",
        "p50 ms",
        "p99 ms",
        "CPU µs/refresh",
        "resident MB",
        "MB on disk",
    ]);
    let sign_ins = people.sign_ins();
    let mut so_far = 0.0;
    for part in 1..=options.parts {
        let until = f64::from(options.sign_ins) * f64::from(part) / f64::from(options.parts);
        let mut signed_in = Measured::default();
        while so_far < until {
            so_far += signed_in.add(&pool, &sign_ins)?;
        }
        let mut refreshed = Measured::default();
        refreshed.add(&pool, &people.first(REFRESHING).refreshes(&pool)?)?;
        row(&[
            format!("{so_far:.0}"),
            format!("**{:.0}**", signed_in.cpu()),
            format!("{:.1}", signed_in.p50),
            format!("{:.1}", signed_in.p99),
            format!("**{:.0}**", refreshed.cpu()),
            format!("{:.1}", pool.process.resident_mb()?),
            format!("{:.1}", megabytes(folder.path())?),
        ]);
    }
    Ok(())
}

/// One kind of request, over some windows.
#[derive(Default)]
struct Measured {
    requests: f64,
    /// Seconds.
    cpu: f64,
    /// Milliseconds, of the last window.
    p50: f64,
    p99: f64,
}

impl Measured {
    /// Asks for a while; how many were answered.
    fn add(&mut self, pool: &Running, requests: &[Vec<u8>]) -> Result<f64> {
        let plan = Plan {
            connections: CONNECTIONS,
            requests,
            body: None,
        };
        let mut before = Cpu::default();
        let outcome = generator::follow(pool.address, &plan, WINDOW_SECONDS, || {
            before = pool.process.cpu()?;
            Ok(())
        })?;
        ensure!(outcome.errors == 0.0, "{} refusals", outcome.errors);
        self.requests += outcome.requests;
        self.cpu += pool.process.cpu()?.all() - before.all();
        self.p50 = outcome.latency(50) / 1000.0;
        self.p99 = outcome.latency(99) / 1000.0;
        Ok(outcome.requests)
    }

    /// Microseconds for each.
    fn cpu(&self) -> f64 {
        self.cpu * 1e6 / self.requests
    }
}

/// What all files of a folder weigh.
fn megabytes(folder: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    let kilobytes = u32::try_from(bytes / 1024).context("a pool of terabytes")?;
    Ok(f64::from(kilobytes) / 1024.0)
}
