//! The `cogward` binary: server, local user pool, and the tools around them.

mod args;
mod banner;
mod commands;
mod control;
mod data_dir;
mod demo;
mod failure;
mod log;
mod looks;
mod moment;
mod policies;
mod printable;
mod rotation;
mod stop;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.code()
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Dev(args) => commands::dev::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Pool(args) => commands::pool::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Keys(args) => commands::keys::run(&args),
        Command::Sessions(args) => commands::sessions::run(&args),
        Command::Context(args) => commands::context::run(&args),
        Command::Policy(args) => commands::policy::run(&args),
        Command::Store(args) => commands::store::run(&args),
        Command::Token(args) => commands::token::run(&args),
        Command::Openapi => commands::openapi::run(),
        Command::Completions { shell } => commands::completions::run(shell),
    }
}
