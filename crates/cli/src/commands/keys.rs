//! `cogward keys new`: a secret to sign and seal with.

use std::io::Write as _;

use aws_lc_rs::rand::SystemRandom;
use cogward_config::generate_secret;

use crate::args::{Keys, KeysCommand};
use crate::failure::Failure;

pub(crate) fn run(args: &Keys) -> Result<(), Failure> {
    let KeysCommand::New = args.command;
    let secret = generate_secret(&SystemRandom::new())?;
    writeln!(anstream::stdout(), "{}", secret.expose())?;
    Ok(())
}
