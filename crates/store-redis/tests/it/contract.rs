use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cogward_services::{Redis, RedisCluster};
use cogward_session::contract;
use cogward_store_redis::{Options, RedisStore};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let redis = Redis::start();
    run(Options::new(redis.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_without_a_cache() {
    let redis = Redis::start();
    run(Options {
        cache_bytes: 0,
        ..Options::new(redis.url())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_with_a_cache_that_always_evicts() {
    let redis = Redis::start();
    run(Options {
        cache_bytes: 12 << 10,
        ..Options::new(redis.url())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_over_tls() {
    let redis = Redis::start_tls();
    run(Options {
        certificate_authority: redis.authority().map(Into::into),
        ..Options::new(redis.url())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_in_a_cluster() {
    let cluster = RedisCluster::start_without_replicas();
    run(Options::new(cluster.url())).await;
}

/// Each case has a prefix of its own, as installations that share one Redis.
async fn run(options: Options) {
    let cases = AtomicUsize::new(0);
    contract::run(async || {
        let key_prefix = format!("case{}:", cases.fetch_add(1, Ordering::Relaxed));
        let options = Options {
            key_prefix,
            ..options.clone()
        };
        Arc::new(RedisStore::open(options).await.unwrap())
    })
    .await
    .unwrap();
}
