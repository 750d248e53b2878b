//! What is asked of policies without a server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::fault::Faults;
use crate::load::{reader, unknown_names};
use crate::sections::entities::{self, EntitySource};
use crate::sections::policy::{self, FOLDER, REQUIRE_OWNER};
use crate::sources::Sources;

/// Policies, as in [`Policy`](crate::Policy).
#[derive(Debug)]
pub struct Policies {
    /// The folder of schema and policies; without it those that are built in count.
    pub folder: Option<PathBuf>,
    /// What a group is called in policies, by its name in lower case in the token.
    pub groups: BTreeMap<String, String>,
    /// An action that ends in `:own` is refused where no provider tells the owner: there is a
    /// provider, or the setting says so.
    pub owner_must_be_told: bool,
}

/// Reads these settings, and nothing else: a set of policies is judged where the server's secrets
/// are not.
///
/// # Errors
/// One of them is bad, there are settings that are none, or the configuration file is not TOML.
pub fn policies(sources: &Sources) -> Result<Policies, Faults> {
    let mut r = reader(sources);
    let unknown = unknown_names(&r);
    r.faults.extend(unknown);
    let named = (
        r.given(&entities::TABLE).is_some(),
        r.given(&entities::URL).is_some(),
    );
    let provider = entities::source(&mut r, named) != EntitySource::None;
    let policies = Policies {
        folder: r.given(&FOLDER),
        groups: policy::groups(&mut r),
        owner_must_be_told: r.value(&REQUIRE_OWNER) || provider,
    };
    match r.faults.is_empty() {
        true => Ok(policies),
        false => Err(Faults(r.faults)),
    }
}
