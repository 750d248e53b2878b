use std::sync::Arc;

use cogward_services::Postgres;
use cogward_session::contract;
use cogward_store_postgres::{Options, PostgresStore};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    run(Postgres::start(), 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_over_tls_and_on_two_connections() {
    run(Postgres::start_tls(), 2).await;
}

async fn run(server: Postgres, connections: usize) {
    contract::run(async || {
        let options = Options {
            authorities: server.authority().map(Into::into),
            connections,
            ..Options::new(server.database().parse().unwrap())
        };
        Arc::new(PostgresStore::open(options).await.unwrap())
    })
    .await
    .unwrap();
}
