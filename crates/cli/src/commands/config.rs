//! `cogward config`: is it good, what holds, what is there to set.

use std::io::Write as _;

use cogward_config::{Mode, schema};

use super::load;
use crate::args::{Config, ConfigCommand};
use crate::failure::Failure;

pub(crate) fn run(args: &Config) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    match &args.command {
        ConfigCommand::Check(serve) => {
            let config = load(serve.config.as_deref(), serve.flags(), Mode::Serve)?;
            writeln!(out, "the configuration is good")?;
            for warning in config.warnings() {
                writeln!(out, "but mind: {warning}")?;
            }
        }
        ConfigCommand::Show(serve) => {
            let config = load(serve.config.as_deref(), serve.flags(), Mode::Serve)?;
            writeln!(out, "{}", config.show())?;
        }
        ConfigCommand::Schema => writeln!(out, "{:#}", schema())?,
    }
    Ok(())
}
