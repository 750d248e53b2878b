//! `cogward store prepare`: what the session store needs is made, and it answers.

use std::io::Write as _;

use cogward_config::Mode;

use super::{block_on, load};
use crate::args::{Flags, Store, StoreCommand};
use crate::failure::Failure;
use crate::{log, wire};

pub(crate) fn run(args: &Store) -> Result<(), Failure> {
    let StoreCommand::Prepare(args) = &args.command;
    let config = load(args.config.as_deref(), Flags::new(), Mode::Serve)?;
    // What the store itself warns of.
    log::start(&config.log)?;
    let told = block_on(wire::store::prepare(&config))?;
    let mut out = anstream::stdout();
    for line in told {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
