//! Redis or Valkey.

use std::sync::Arc;

use cogward_config::{Config, Secret};
use cogward_session::SessionStore;
use cogward_store_redis::{Options, RedisStore};

use super::{authorities, describe};
use crate::failure::Failure;

pub(super) async fn open(config: &Config) -> Result<Arc<dyn SessionStore>, Failure> {
    Ok(Arc::new(RedisStore::open(options(config)?).await?))
}

/// Redis makes its keys by itself; it is asked whether it will keep them.
pub(super) async fn prepare(config: &Config) -> Result<Vec<String>, Failure> {
    let store = RedisStore::open(options(config)?).await?;
    store.ping().await?;
    Ok(vec![format!("{} answers", describe(config))])
}

fn options(config: &Config) -> Result<Options, Failure> {
    let (session, redis) = (&config.session, &config.session.redis);
    let urls: Vec<_> = redis.urls.iter().map(Secret::expose).collect();
    Ok(Options {
        cluster: redis.cluster,
        key_prefix: redis.key_prefix.clone(),
        call_limit: session.store_timeout,
        longest_life_seconds: session.absolute_lifetime_seconds,
        certificate_authority: authorities("session.redis_ca_file", redis.ca_file.as_ref())?,
        cache_bytes: u64::from(session.cache_megabytes) << 20,
        ..Options::new(urls.join(","))
    })
}
