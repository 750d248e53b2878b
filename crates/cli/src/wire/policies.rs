//! The policies of a configuration.

use std::collections::BTreeMap;
use std::path::Path;

use cogward_auth::Authorization;
use cogward_auth::authorize::EVALUATION;
use cogward_config::Config;
use cogward_policy::entities::Cached;
use cogward_policy::{Groups, Live, Source};

use super::entities;
use crate::failure::Failure;

/// Loads them; a set that is no good is told of and leaves none in force.
pub(crate) async fn open(config: &Config) -> Result<Authorization, Failure> {
    let policy = &config.policy;
    let source = source(policy.folder.as_deref());
    let groups = groups(&policy.groups)?;
    let provider = entities::open(config).await?;
    let (ttl, timeout) = (policy.entities.ttl, policy.entities.timeout);
    let live = Live::new(source, groups);
    let authorization = Authorization {
        policies: match &provider {
            Some(_) => live,
            None => live.without_facts(),
        },
        entities: provider.map(|provider| Cached::new(provider, ttl, timeout)),
        require_owner: policy.require_owner,
        evaluation: EVALUATION,
    };
    let live = &authorization.policies;
    match live.source().read().and_then(|texts| live.take(&texts)) {
        Ok(engine) => crate::policies::tell(&engine),
        Err(faults) => crate::policies::complain(&faults, "authorization answers 503"),
    }
    if authorization.entities.is_some() {
        let entities = entities::describe(config);
        tracing::info!(entities, "who tells whose a resource is");
    } else if !authorization.require_owner {
        tracing::info!(
            "actions on one's own are advisory: the caller says whose a resource is (policy.entities, policy.require_owner)"
        );
    }
    Ok(authorization)
}

/// In a folder, or those that are built in.
pub(crate) fn source(folder: Option<&Path>) -> Source {
    match folder {
        Some(folder) => Source::Folder(folder.to_owned()),
        None => Source::Embedded,
    }
}

/// By alias.
pub(crate) fn groups(pairs: &BTreeMap<String, String>) -> Result<Groups, Failure> {
    let pairs = pairs.iter();
    let groups = Groups::new(pairs.map(|(alias, group)| (alias.as_str(), group.as_str())));
    groups.map_err(|error| Failure::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cogward_config::{Mode, Sources};

    use super::*;

    #[test]
    fn the_default_configuration_has_the_default_aliases() {
        let sources = Sources {
            toml: None,
            env: BTreeMap::new(),
            flags: BTreeMap::new(),
            mode: Mode::Serve,
        };
        let settings = cogward_config::policies(&sources).unwrap();
        let configured = groups(&settings.groups).ok().unwrap();
        assert_eq!(configured.aliases(), Groups::default().aliases());
    }
}
