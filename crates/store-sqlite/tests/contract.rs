//! The SQLite store keeps the contract of every session store, with a cache and without.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};

use cogward_session::contract;
use cogward_store_sqlite::{Options, SqliteStore};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    run(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_without_a_cache() {
    run(Options {
        cache_bytes: 0,
        ..Options::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_with_a_cache_that_always_evicts() {
    run(Options {
        cache_bytes: 12 << 10,
        ..Options::default()
    })
    .await;
}

async fn run(options: Options) {
    let folders = Mutex::new(Vec::new());
    contract::run(async || {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("sessions.db"), options).unwrap();
        folders.lock().unwrap().push(folder);
        Arc::new(store)
    })
    .await
    .unwrap();
}
