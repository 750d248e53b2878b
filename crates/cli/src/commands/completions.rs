//! `cogward completions`: for bash, zsh, fish and others.

use clap::CommandFactory;

use crate::args::Args;
use crate::failure::Failure;

pub(crate) fn run(shell: clap_complete::Shell) -> Result<(), Failure> {
    clap_complete::generate(
        shell,
        &mut Args::command(),
        "cogward",
        &mut std::io::stdout(),
    );
    Ok(())
}
