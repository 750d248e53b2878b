//! What an operator does beside running the server.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use cogward_context::Pattern;
use cogward_session::Handle;

#[derive(clap::Args)]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

#[derive(Subcommand)]
pub(crate) enum StoreCommand {
    /// Make tables and the like, and say whether the store answers
    #[command(after_help = "Examples:\n  \
        cogward store prepare\n  \
        SESSION_BACKEND=postgres POSTGRES_URL=postgres://owner:…@db/cogward cogward store prepare\n\n\
        PostgreSQL: makes the tables or brings them up to date. DynamoDB: makes the table, with TTL.\n\
        Redis: asks whether it is there and will keep what it is given. Doing it twice is no harm.")]
    Prepare(ConfigFile),
}

#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Sessions {
    #[command(subcommand)]
    pub(crate) command: SessionsCommand,
}

#[derive(Subcommand)]
pub(crate) enum SessionsCommand {
    /// Show a user's sessions, the last used first
    #[command(after_help = "Examples:\n  \
        cogward sessions list --user 4f0c2d1e-8a7b-4c6d-9e5f-0a1b2c3d4e5f\n  \
        cogward sessions list --user 4f0c2d1e-… --json | jq -r '.sessions[].handle'\n  \
        cogward sessions list --user 4f0c2d1e-… --data-dir .cogward      of a running cogward dev\n\n\
        Ends with 0 when there are some, 1 when there are none, 2 when that cannot be told.")]
    List(List),
    /// End one session of a user, or all
    #[command(after_help = "Examples:\n  \
        cogward sessions revoke --user 4f0c2d1e-… --handle k3vq7mzd\n  \
        cogward sessions revoke --user 4f0c2d1e-… --all\n\n\
        With --all, access and ID tokens that were issued until now are refused as well.\n\
        Ends with 0 when a session was ended, 1 when there was none, 2 when the store does not answer.")]
    Revoke(Revoke),
}

#[derive(clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("which").args(["handle", "all"]).required(true))]
pub(crate) struct Revoke {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The one session, as `sessions list` names it
    #[arg(long)]
    pub(crate) handle: Option<Handle>,
    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(clap::Args)]
pub(crate) struct Context {
    #[command(subcommand)]
    pub(crate) command: ContextCommand,
}

#[derive(Subcommand)]
pub(crate) enum ContextCommand {
    /// Have the IAM service asked anew, by every server
    #[command(after_help = "Examples:\n  \
        cogward context forget --user 4f0c2d1e-8a7b-4c6d-9e5f-0a1b2c3d4e5f\n  \
        cogward context forget --pattern '*/recipes'        everybody's roles in recipes\n  \
        cogward context forget --all --data-dir .cogward    of a running cogward dev\n\n\
        Servers that share a store are told within a second or two. Ends with 0 when they are told,\n\
        1 when nothing is remembered, 2 when the store or the server does not answer.")]
    Forget(Forget),
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").args(["user", "pattern", "all"]).required(true))]
pub(crate) struct Forget {
    /// One person, by `sub`, in every context
    #[arg(long, value_name = "SUB", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) user: Option<String>,
    /// SUB/CONTEXT, each with `*` for any text
    #[arg(long)]
    pub(crate) pattern: Option<Pattern>,
    /// Everybody
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) server: Server,
}

#[derive(clap::Args)]
pub(crate) struct Whose {
    /// The user's `sub`, as in the tokens
    #[arg(long, value_name = "SUB", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) user: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: Server,
}

#[derive(clap::Args)]
pub(crate) struct Server {
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Ask the server that runs with this data folder; needs no configuration
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(crate) data_dir: Option<PathBuf>,
}
