use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cogward_services::DynamoDb;
use cogward_session::contract;
use cogward_store_dynamodb::Options;

use crate::support::{open_new, options};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let dynamodb = DynamoDb::start();
    let tables = AtomicU32::new(0);
    contract::run(async || {
        let number = tables.fetch_add(1, Ordering::SeqCst);
        let options = Options {
            table: format!("sessions-{number}"),
            // Fifty callers at once make this DynamoDB slow.
            call_limit: Duration::from_secs(60),
            ..options(&dynamodb)
        };
        Arc::new(open_new(&options).await)
    })
    .await
    .unwrap();
}
