//! What Cogward costs: requests beside a bare axum server, memory of many
//! sessions, time from start to first answer. Prints Markdown tables.

mod accounts;
mod bare;
mod bearers;
mod contexts;
mod crowd;
mod decisions;
mod generator;
mod load;
mod measured;
mod memory;
mod messages;
mod pools;
mod process;
mod server;
mod sessions;
mod soak;
mod start;
mod stores;
mod table;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// As the shipped binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Cogward's benchmarks; docs/benchmarks.md tells how to read them")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Requests per second and CPU per request beside a bare axum server
    Load(load::Options),
    /// Requests per second with each store beside a bare axum server and the store's own ceiling
    Stores(stores::Options),
    /// Full load for minutes: errors, memory, percentiles
    Soak(soak::Options),
    /// Resident memory of many sessions
    Memory(memory::Options),
    /// Start to first answer of the built `cogward` binary
    Start(start::Options),
    /// The local user pool beside cognito-local and moto
    Pools(pools::Options),
    /// The local user pool with many users, signed in a million times
    Crowd(crowd::Options),
    /// Accounts: whether time tells of one, and what a sign-in by password costs
    Accounts(accounts::Options),
    /// User contexts: many requests at once of few people, with a slow IAM service
    Contexts(contexts::Options),
    /// All of it, as docs/benchmarks.md shows
    All(load::Options),
    #[command(hide = true)]
    Iam {
        #[arg(long)]
        delay_ms: u64,
    },
    #[command(hide = true)]
    Server(server::Options),
    #[command(hide = true)]
    Bare {
        /// The answer to give, as it came over the wire
        answer: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Load(options) => load::run(&options),
        Command::Stores(options) => stores::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Memory(options) => memory::run(&options),
        Command::Start(options) => start::run(&options),
        Command::Pools(options) => pools::run(&options),
        Command::Crowd(options) => crowd::run(&options),
        Command::Accounts(options) => accounts::run(&options),
        Command::Contexts(options) => contexts::run(&options),
        Command::Iam { delay_ms } => contexts::iam(delay_ms),
        Command::All(options) => {
            load::run(&options)?;
            memory::run(&memory::Options::default())?;
            start::run(&start::Options::default())
        }
        Command::Server(options) => server::run(&options),
        Command::Bare { answer } => bare::run(&answer),
    }
}
