//! A DynamoDB that does not answer is never "not found", and is used again once it answers.

use std::time::Duration;

use cogward_services::DynamoDb;
use cogward_session::{SessionStore, StoreError};
use cogward_store_dynamodb::{DynamoStore, Options};

use crate::support::{
    LATER, NOW, TABLE, everything_is_unavailable, is_unavailable, key, open_new, options, record,
    told,
};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_dynamodb_that_hangs_keeps_nobody_and_is_used_again_when_it_goes_on() {
    let dynamodb = DynamoDb::start();
    let store = open_new(&quick(&dynamodb)).await;
    store.insert(&key(1), record()).await.unwrap();
    dynamodb.pause();
    let answered = tokio::time::timeout(PATIENCE, everything_is_unavailable(&store)).await;
    for error in answered.unwrap() {
        let text = told(&error);
        assert!(text.contains("takes too long"), "{text}");
    }
    dynamodb.resume();
    until_works(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dynamodb_that_is_gone_is_unavailable_and_used_again_when_it_is_back() {
    let mut dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    store.insert(&key(1), record()).await.unwrap();
    dynamodb.kill();
    let answered = tokio::time::timeout(PATIENCE, everything_is_unavailable(&store)).await;
    for error in answered.unwrap() {
        let text = told(&error);
        assert!(text.contains("cannot be reached"), "{text}");
    }
    dynamodb.restart();
    until_works(&store).await;
    assert_eq!(store.list(&[record().user], NOW).await.unwrap().len(), 1);
}

/// Its connections are dead, and nobody has noticed yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_calls_is_not_noticed() {
    let mut dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    store.insert(&key(1), record()).await.unwrap();
    dynamodb.kill();
    dynamodb.restart();
    assert!(store.load(&key(1), NOW).await.unwrap().is_some());
    store.touch(&key(1), 1, NOW, LATER).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_while_dynamodb_cannot_be_reached_and_works_later() {
    let mut dynamodb = DynamoDb::start();
    open_new(&options(&dynamodb))
        .await
        .insert(&key(1), record())
        .await
        .unwrap();
    dynamodb.kill();
    let store = DynamoStore::open(options(&dynamodb)).await.unwrap();
    assert!(is_unavailable(&store.ping().await));
    dynamodb.restart();
    dynamodb.pause();
    let other = DynamoStore::open(quick(&dynamodb)).await.unwrap();
    assert!(is_unavailable(&other.ping().await));
    dynamodb.resume();
    until_works(&store).await;
    until_works(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_gone_is_unavailable() {
    let dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    let table = serde_json::json!({"TableName": TABLE});
    let _gone = dynamodb.call("DeleteTable", &table);
    for error in everything_is_unavailable(&store).await {
        let text = told(&error);
        assert!(text.contains("ResourceNotFoundException"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_too_large_for_dynamodb_is_refused_with_the_reason() {
    let dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    let mut large = record();
    large.tokens = vec![1; 400 << 10].into();
    let error = store.insert(&key(1), large).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let text = told(&error);
    assert!(text.contains("tem size"), "{text}");
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
}

async fn until_works(store: &DynamoStore) {
    let working = async {
        while !matches!(store.load(&key(1), NOW).await, Ok(Some(_))) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, working).await.unwrap();
    store.touch(&key(1), 1, NOW, LATER).await.unwrap();
    store.ping().await.unwrap();
}

fn quick(dynamodb: &DynamoDb) -> Options {
    Options {
        call_limit: Duration::from_millis(500),
        ..options(dynamodb)
    }
}
