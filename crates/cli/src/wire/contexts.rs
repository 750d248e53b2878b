//! Who people are in the application's own terms, as the configuration has it.

use std::sync::Arc;
use std::time::Duration;

use cogward_auth::{Auth, context};
use cogward_config::{Config, ContextCredentials, Secret};
use cogward_context::{Contexts, Credentials, Keeping, Provider, Statistics};

use crate::failure::Failure;

/// What came of it is told this often, if anything did.
const TOLD_EVERY: Duration = Duration::from_secs(300);

/// None without a service, which is not asked yet.
pub(crate) fn open(config: &Config) -> Result<Option<Contexts>, Failure> {
    let settings = &config.context;
    let Some(url) = &settings.url else {
        return Ok(None);
    };
    let token = settings.service_token.as_ref().map_or("", Secret::expose);
    let credentials = match settings.credentials {
        ContextCredentials::None => Credentials::None,
        ContextCredentials::Service => Credentials::service(token)
            .map_err(|error| Failure::from(error).hint("see context.service_token"))?,
        ContextCredentials::Caller => Credentials::Caller,
    };
    let provider = Provider::new(url.as_str(), credentials, settings.timeout);
    let provider = provider.map_err(|error| Failure::from(error).hint("see context.url"))?;
    let keeping = Keeping {
        ttl: settings.ttl,
        stale: settings.stale,
        bytes: settings.cache_bytes,
    };
    tracing::info!(url = %url, contexts = settings.names.join(","), "who tells who people are");
    let names = settings.names.iter().map(String::as_str);
    Ok(Some(Contexts::new(names, provider, keeping)))
}

/// Listens to other servers on the same store, and tells now and then what came of it.
pub(crate) fn keep(auth: &Arc<Auth>) {
    let Some(contexts) = auth.pool().contexts.clone() else {
        return;
    };
    if auth.settings().replicas {
        tokio::spawn(context::follow(Arc::clone(auth)));
    }
    tokio::spawn(tell(contexts));
}

async fn tell(contexts: Contexts) {
    let mut told = Statistics::default();
    let mut every = tokio::time::interval(TOLD_EVERY);
    loop {
        every.tick().await;
        let now = contexts.statistics();
        if now != told {
            let Statistics {
                hits,
                misses,
                stale,
                errors,
                questions,
                invalidations,
                entries,
                bytes,
            } = now;
            tracing::info!(
                hits,
                misses,
                stale,
                errors,
                questions,
                invalidations,
                entries,
                bytes,
                "user contexts so far"
            );
        }
        told = now;
    }
}
