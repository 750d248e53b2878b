//! People's accounts: whether time tells of an account, and what a sign-in by password costs
//! beside what Cognito does.

mod deployment;
mod load;
mod sdk;
mod timing;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use crate::process;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this half of it
    #[arg(long)]
    only: Option<Half>,
    /// Timing: calls of each kind
    #[arg(long, default_value_t = 300)]
    samples: usize,
    /// Timing: `accounts.answer_step_ms`; each is measured, 0 for answers as they come
    #[arg(long, value_delimiter = ',', default_value = "50,0")]
    steps: Vec<u32>,
    /// Load: people who sign in, in turn
    #[arg(long, default_value_t = 2000)]
    people: usize,
    /// Load: length of one measurement
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Load: how often they take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The binary [default: `cogward` beside this one]
    #[arg(long)]
    binary: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// How long answers take with an account and without
    Timing,
    /// CPU of a sign-in by password
    Load,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    process::pin_generator();
    let beside = std::env::current_exe()?.with_file_name("cogward");
    let binary = options.binary.clone().unwrap_or(beside);
    if options.only != Some(Half::Load) {
        for step in &options.steps {
            timing::measure(&binary, *step, options.samples)?;
        }
    }
    if options.only != Some(Half::Timing) {
        load::measure(&binary, options.people, options.seconds, options.rounds)?;
    }
    Ok(())
}
