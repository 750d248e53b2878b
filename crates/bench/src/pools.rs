//! The local user pool beside the other two emulators of Cognito, cognito-local and moto, in
//! one run: what each costs, and what each gets right.

mod behaviours;
pub(crate) mod call;
mod in_process;
pub(crate) mod peer;
pub(crate) mod people;
mod rates;
mod starts;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use peer::{Cores, Peers};
use rates::Rates;

/// Who signs in: so many, so that nobody's list of sessions grows out of all proportion.
const PEOPLE: usize = 10;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each is started
    #[arg(long, default_value_t = 7)]
    times: usize,
    /// Sign-ins before memory is measured again
    #[arg(long, default_value_t = 1000)]
    sign_ins: usize,
    /// Length of one measurement
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How often they take turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only this half of it
    #[arg(long)]
    only: Option<Half>,
    /// The binary [default: `cogward` beside this one]
    #[arg(long)]
    binary: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// Start, memory, sign-ins and refreshes a second
    Costs,
    /// The table of behaviours right and wrong
    Behaviours,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let peers = Peers::find(options.binary.clone())?;
    if options.only != Some(Half::Behaviours) {
        let starts = starts::measure(&peers, options.times, options.sign_ins)?;
        let measure = |cores| rates::measure(&peers, cores, options.seconds, options.rounds);
        let rates = [measure(Cores::Any)?, measure(Cores::Servers)?];
        starts.verdict();
        in_process::measure()?;
        rates.iter().for_each(Rates::verdict);
    }
    if options.only != Some(Half::Costs) {
        behaviours::measure(&peers)?;
    }
    Ok(())
}
