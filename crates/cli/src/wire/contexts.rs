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
    tokio::spawn(tell(contexts, TOLD_EVERY));
}

async fn tell(contexts: Contexts, every: Duration) {
    let mut told = Statistics::default();
    let mut every = tokio::time::interval(every);
    loop {
        every.tick().await;
        let now = contexts.statistics();
        if now != told {
            tell_now(&now);
        }
        told = now;
    }
}

/// What came of it by now.
pub(crate) fn tell_now(now: &Statistics) {
    let Statistics {
        hits,
        misses,
        stale,
        errors,
        questions,
        invalidations,
        entries,
        bytes,
    } = *now;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::Kept;

    async fn has(log: &Kept, lines: usize) {
        let all_there = async {
            while log.lines().len() < lines {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), all_there);
        waited.await.unwrap();
    }

    #[tokio::test]
    async fn what_came_of_it_is_told_when_something_did_and_not_again() {
        let log = Kept::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let _listening = tracing::subscriber::set_default(subscriber);
        let second = Duration::from_secs(1);
        let provider = Provider::new("http://127.0.0.1:1", Credentials::None, second).unwrap();
        let keeping = Keeping {
            ttl: second,
            stale: second,
            bytes: 1 << 20,
        };
        let contexts = Contexts::new(["recipes"], provider, keeping);
        contexts.forget_user("pool", "somebody");
        let telling = tokio::spawn(tell(contexts.clone(), Duration::from_millis(1)));
        has(&log, 1).await;
        contexts.forget_user("pool", "somebody");
        has(&log, 2).await;
        telling.abort();
        let lines = log.lines();
        assert_eq!(lines.len(), 2, "nothing new is nothing to tell: {lines:?}");
        for (line, invalidations) in lines.iter().zip(["invalidations=1", "invalidations=2"]) {
            assert!(line.contains("user contexts so far"), "{line}");
            assert!(line.contains(invalidations), "{line}");
        }
    }
}
