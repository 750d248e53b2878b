//! Authorization: are the policies good, and what do they say.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Map, Value};

#[derive(clap::Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check schema and policies against each other; every fault at its place
    #[command(after_help = "Examples:\n  \
        cogward policy check                             what `cogward serve` would load\n  \
        cogward policy check policies --deny-warnings    before it is deployed\n\n\
        Ends with 0 when they are good and with 1 when they are not.")]
    Check(Check),
    /// Ask the policies the questions of a file and compare their answers
    #[command(after_help = "Examples:\n  \
        cogward policy test policies/cases.toml\n  \
        cogward policy test cases.toml --folder policies\n\n\
        A case, in TOML:\n\n  \
        [[case]]\n  \
        name = \"an editor publishes\"\n  \
        groups = [\"editors\"]\n  \
        action = \"publish:content\"\n  \
        expected = \"allow\"\n\n\
        and if you like: principal, email, resource = { id, type, owner, attributes }, context,\n\
        policies = [\"editors\"] (exactly those that decide); see docs/policies.md.\n\
        Ends with 0 when all answers are as expected, else with 1.")]
    Test(Test),
    /// Say whether somebody may do something, and why or why not
    #[command(after_help = "Examples:\n  \
        cogward policy explain --action publish:content --group editors\n  \
        cogward policy explain --action write:own --principal alice --group users \\\n      \
            --resource doc-1 --type document --owner bob\n  \
        cogward policy explain --action enter --context '{\"ip\":\"10.1.2.3\"}' --folder policies --json\n\n\
        Ends with 0 for yes, 1 for no, 2 when that cannot be asked.")]
    Explain(Box<Explain>),
}

#[derive(clap::Args)]
pub(crate) struct Check {
    /// Schema and policies [default: policy.folder of the configuration, else those built in]
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Take what may be a mistake for one
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Test {
    /// The file with the questions
    #[arg(value_name = "CASES.toml")]
    pub(crate) cases: PathBuf,
    #[command(flatten)]
    pub(crate) set: Set,
}

/// The policies that are asked.
#[derive(clap::Args)]
pub(crate) struct Set {
    /// Schema and policies [default: policy.folder of the configuration, else those built in]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Explain {
    /// What is to be done, as the schema has it
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) action: String,
    /// `sub` of who asks
    #[arg(long, value_name = "SUB", default_value = "somebody")]
    pub(crate) principal: String,
    /// A group that he is in, as the token has it; can be repeated
    #[arg(long)]
    pub(crate) group: Vec<String>,
    /// His address, verified
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// What it is to be done to [default: _application]
    #[arg(long, value_name = "ID")]
    pub(crate) resource: Option<String>,
    /// What that is [default: application]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// `sub` of the person whose it is
    #[arg(long, value_name = "SUB")]
    pub(crate) owner: Option<String>,
    /// What else is the case: an object
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub(crate) context: Option<Map<String, Value>>,
    #[command(flatten)]
    pub(crate) set: Set,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}
