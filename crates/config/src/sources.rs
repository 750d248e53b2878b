//! Where values come from, in rising order: defaults, `cogward.toml`,
//! environment, flags.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::fault::{Fault, Faults};
use crate::sections;

/// Everything a configuration is read from, except the files that secrets
/// name.
pub struct Sources {
    /// The path and text of `cogward.toml`.
    pub toml: Option<(PathBuf, String)>,
    /// The environment; only names that a setting has are looked at.
    pub env: BTreeMap<String, String>,
    /// Command-line flags by name without dashes, such as `port`; a setting's
    /// flag is listed on its reference page (`pool-port` is also what `port`
    /// means to `cogward pool`).
    pub flags: BTreeMap<&'static str, String>,
    /// The command that is run.
    pub mode: Mode,
}

/// The command a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `cogward serve`: what has no default is required.
    Serve,
    /// `cogward dev`: speaks to the local pool, nothing is required.
    Dev,
    /// `cogward pool`: the local pool alone, nothing is required.
    Pool,
}

/// Set in every Lambda function; its presence changes what is safe.
pub(crate) const LAMBDA: &str = "AWS_LAMBDA_RUNTIME_API";
const CONFIG_PATH: &str = "COGWARD_CONFIG";

impl Sources {
    /// Reads the process environment and `cogward.toml`: the file at
    /// `config_path`, or at `COGWARD_CONFIG`, which must then exist; otherwise
    /// `cogward.toml` in the working directory when there is one.
    ///
    /// # Errors
    /// When the file is named and missing, or cannot be read.
    pub fn from_process(
        config_path: Option<&Path>,
        flags: BTreeMap<&'static str, String>,
        mode: Mode,
    ) -> Result<Self, Faults> {
        let known = sections::env_names();
        let env: BTreeMap<String, String> = std::env::vars_os()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into(),
                    value.to_string_lossy().into(),
                )
            })
            .filter(|(name, _): &(String, String)| {
                name.starts_with("COGWARD_") || name == LAMBDA || known.contains(name)
            })
            .collect();
        let named = env.get(CONFIG_PATH).filter(|path| !path.is_empty());
        let (path, by) = match (config_path, named) {
            (Some(path), _) => (path.to_owned(), Some("--config")),
            (None, Some(path)) => (PathBuf::from(path), Some(CONFIG_PATH)),
            (None, None) => (PathBuf::from("cogward.toml"), None),
        };
        let toml = match std::fs::read_to_string(&path) {
            Ok(text) => Some((path, text)),
            Err(error) if by.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let problem = format!("cannot read {}: {error}", path.display());
                let hint = "for example --config /etc/cogward/cogward.toml".to_owned();
                let name = by.unwrap_or("cogward.toml");
                return Err(Faults(vec![Fault::elsewhere(name, problem, hint)]));
            }
        };
        Ok(Self {
            toml,
            env,
            flags,
            mode,
        })
    }

    /// The same with `cogward.toml`, if there was one, as it stands now.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn read_again(&self) -> Result<Self, Faults> {
        let toml = match &self.toml {
            None => None,
            Some((path, _)) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let name = path.display().to_string();
                    let problem = format!("cannot be read: {error}");
                    Faults(vec![Fault::elsewhere(name, problem, String::new())])
                })?;
                Some((path.clone(), text))
            }
        };
        Ok(Self {
            toml,
            env: self.env.clone(),
            flags: self.flags.clone(),
            mode: self.mode,
        })
    }

    pub(crate) fn on_lambda(&self) -> bool {
        self.env.contains_key(LAMBDA)
    }

    /// `COGWARD_*` names that no setting has.
    pub(crate) fn unknown_env(&self) -> impl Iterator<Item = &str> {
        let known = sections::env_names();
        self.env
            .iter()
            .filter(move |(name, value)| {
                name.starts_with("COGWARD_")
                    && *name != CONFIG_PATH
                    && !known.contains(*name)
                    && !is_of_kubernetes(name, value)
            })
            .map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("toml", &self.toml.as_ref().map(|(path, _)| path))
            .field("env", &self.env.keys())
            .field("flags", &self.flags.keys())
            .field("mode", &self.mode)
            .finish()
    }
}

impl Mode {
    /// The name the command gives a setting's flag.
    pub(crate) fn flag_as_written(self, flag: &str) -> &str {
        if self == Self::Pool && flag == "pool-port" {
            "port"
        } else {
            flag
        }
    }

    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Serve => "cogward serve",
            Self::Dev => "cogward dev",
            Self::Pool => "cogward pool",
        }
    }
}

/// A Kubernetes service called `cogward` puts such names into every container
/// of its namespace.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    name.starts_with("COGWARD_SERVICE_HOST")
        || name.starts_with("COGWARD_SERVICE_PORT")
        || name.starts_with("COGWARD_PORT_")
        || (name == "COGWARD_PORT" && value.contains("://"))
}

/// Where the effective value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The declared default, or no value.
    Default,
    /// Worked out from other settings.
    Derived,
    /// A line of `cogward.toml`.
    File {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable of this name.
    Environment(String),
    /// A file that holds a secret.
    SecretFile {
        /// The environment variable or key that names it, and where that is.
        named_by: String,
        /// The file.
        path: PathBuf,
    },
    /// A command-line flag of this name.
    Flag(String),
    /// The command fixes it, whatever else says.
    Fixed(&'static str),
}

impl Source {
    /// Whether a file has the value, so that it can change while the process runs.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File { .. } | Self::SecretFile { .. })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Derived => f.write_str("derived"),
            Self::File { path, line } => write!(f, "{} line {line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::SecretFile { named_by, path } => {
                write!(f, "file {}, named by {named_by}", path.display())
            }
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Fixed(command) => write!(f, "fixed by {command}"),
        }
    }
}
