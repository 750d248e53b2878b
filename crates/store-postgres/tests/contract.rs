//! The PostgreSQL store keeps the contract of every session store.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use cogward_services::Postgres;
use cogward_session::contract;
use cogward_store_postgres::{Options, PostgresStore};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let server = Postgres::start();
    run(&server, Options::new).await;
}

async fn run(server: &Postgres, options: impl Fn(cogward_store_postgres::DatabaseUrl) -> Options) {
    contract::run(async || {
        let url = server.database().parse().unwrap();
        Arc::new(PostgresStore::open(options(url)).await.unwrap())
    })
    .await
    .unwrap();
}
