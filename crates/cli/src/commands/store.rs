//! `cogward store prepare`: what the stores of sessions and people need is made, and they answer.

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
    let told = block_on(async {
        let mut told = wire::store::prepare(&config).await?;
        told.extend(wire::people::prepare(&config).await?);
        Ok::<_, Failure>(told)
    })?;
    let mut out = anstream::stdout();
    for line in told {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
