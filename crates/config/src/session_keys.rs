//! The keys of the sessions alone, for a server that reads them again while it runs.

use crate::check::{self, Broken};
use crate::fault::Faults;
use crate::load::reader;
use crate::secret::Secret;
use crate::sections::session::{ENCRYPTION_KEY, SECRET};
use crate::setting::About;
use crate::sources::Sources;

/// The keys, as in [`Session`](crate::Session).
#[derive(Debug)]
pub struct SessionKeys {
    /// Keys that sign cookies, the current one first.
    pub secrets: Vec<Secret>,
    /// Keys that seal what is stored, the current one first; may be empty.
    pub encryption_keys: Vec<Secret>,
    /// Whether a change of some file would change them: they stand in `cogward.toml` or in files
    /// of their own, not all in the environment.
    pub in_files: bool,
}

/// Reads `session.secret` and `session.encryption_key`, and nothing else: whatever is wrong
/// with other settings does not matter here.
///
/// # Errors
/// A key is missing or bad, by the rules of production if `production` says so, or the
/// configuration file is not TOML.
pub fn session_keys(sources: &Sources, production: bool) -> Result<SessionKeys, Faults> {
    let mut r = reader(sources);
    let secrets = r.required_list(&SECRET);
    let encryption_keys = r.list(&ENCRYPTION_KEY);
    let mut rules: Vec<fn(&'static About, &[Secret]) -> Broken> = vec![check::repeated_keys];
    rules.extend(production.then_some(check::weak_keys as fn(_, &_) -> _));
    let lists = [
        (&SECRET.about, secrets.as_slice()),
        (&ENCRYPTION_KEY.about, encryption_keys.as_slice()),
    ];
    for (about, secrets) in lists {
        for (about, problem) in rules.iter().flat_map(|rule| rule(about, secrets)) {
            r.broken(about, problem);
        }
    }
    if !r.faults.is_empty() {
        return Err(Faults(r.faults));
    }
    let in_files = lists.iter().any(|(about, _)| {
        let effective = r.effective.get(about.key);
        effective.is_some_and(|effective| effective.source.is_file())
    });
    Ok(SessionKeys {
        secrets,
        encryption_keys,
        in_files,
    })
}
