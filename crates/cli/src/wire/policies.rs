//! The policies of a configuration.

use cogward_auth::Authorization;
use cogward_config::Config;
use cogward_policy::entities::Cached;
use cogward_policy::{Groups, Live, Source};

use super::entities;
use crate::failure::Failure;

/// Loads them; a set that is no good is told of and leaves none in force.
pub(crate) async fn open(config: &Config) -> Result<Authorization, Failure> {
    let policy = &config.policy;
    let source = match &policy.folder {
        Some(folder) => Source::Folder(folder.clone()),
        None => Source::Embedded,
    };
    let pairs = policy.groups.iter();
    let groups = Groups::new(pairs.map(|(alias, group)| (alias.as_str(), group.as_str())));
    let groups = groups.map_err(|error| Failure::new(error.to_string()))?;
    let provider = entities::open(config).await?;
    let (ttl, timeout) = (policy.entities.ttl, policy.entities.timeout);
    let authorization = Authorization {
        policies: Live::new(source, groups),
        entities: provider.map(|provider| Cached::new(provider, ttl, timeout)),
        require_owner: policy.require_owner,
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
