//! The state a pool begins with, in one readable file; also what an export writes.

mod apply;
mod check;
mod export;
mod user;

use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::settings::Settings;

pub(crate) use apply::{Beginning, begin, beginning, definition};
pub(crate) use export::export;
use user::SeedUser;

/// Settings, clients, groups and users that a pool begins with, read from TOML.
///
/// What the file leaves out is as in a pool without one: without `[[clients]]` there are the two
/// built-in clients, without `[[users]]` the two ready users.
#[derive(Debug, Clone)]
pub struct Seed(File);

/// A seed that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SeedError {
    /// Where in the file, from 1; 0 when it is of the whole.
    pub line: usize,
    message: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    pool: Settings,
    resource_servers: Option<Vec<ResourceServer>>,
    clients: Option<Vec<Client>>,
    groups: Option<Vec<SeedGroup>>,
    users: Option<Vec<SeedUser>>,
}

/// An API whose scopes clients may ask for, as `identifier/scope`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceServer {
    identifier: String,
    scopes: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedGroup {
    name: String,
    description: Option<String>,
    precedence: Option<i64>,
    role_arn: Option<String>,
}

impl Seed {
    /// Reads a seed file's text. `docs/local-pool.md` has an example with every member.
    ///
    /// # Errors
    /// The line and what is wrong there: what TOML refuses, an unknown member, or what does not
    /// go together.
    pub fn from_toml(text: &str) -> Result<Self, SeedError> {
        let file: File = toml::from_str(text).map_err(|error| SeedError {
            line: error.span().map_or(0, |span| line_of(text, span.start)),
            message: error.message().lines().collect::<Vec<_>>().join(" "),
        })?;
        check::check(&file).map_err(|(culprit, message)| SeedError {
            line: text.find(&culprit).map_or(0, |at| line_of(text, at)),
            message,
        })?;
        Ok(Self(file))
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
