//! The rights that the documentation asks for are those that it takes.

use std::collections::BTreeSet;

use cogward_session::{LoginKey, SessionStore};
use cogward_store_dynamodb::{DynamoStore, create_table};
use serde_json::{Value, json};

use crate::scripted::{Answer, Scripted};
use crate::support::{
    BUDGET, HOLDER, LATER, NOW, QUOTA, USER, key, mark, options_at, record, user,
};

const PAGE: &str = include_str!("../../../../docs/dynamodb.md");

#[tokio::test]
async fn the_server_needs_the_rights_of_its_policy() {
    let dynamodb = Scripted::start(|operation, _, _| match operation {
        "BatchGetItem" => Answer::ok(&json!({"Responses": {}, "UnprocessedKeys": {}})),
        _ => Answer::ok(&json!({})),
    })
    .await;
    let store = DynamoStore::open(options_at(&dynamodb.endpoint))
        .await
        .unwrap();
    let state = LoginKey::of_state("state");
    store.insert(&key(1), record()).await.unwrap();
    store.replace(&key(1), 1, record()).await.unwrap();
    store.touch(&key(1), 1, NOW, LATER).await.unwrap();
    store.remove(&key(1)).await.unwrap();
    store.list(&[USER, user(2)], NOW).await.unwrap();
    store.put_login(&state, vec![], LATER).await.unwrap();
    store.take_login(&state, NOW).await.unwrap();
    store.put_mark(&USER, mark(), LATER).await.unwrap();
    store.mark(&[USER, user(2)], NOW).await.unwrap();
    store.lease(&key(1), &HOLDER, NOW, 9).await.unwrap();
    store.release(&key(1), &HOLDER).await.unwrap();
    store.take_from(&BUDGET, QUOTA, NOW).await.unwrap();
    store.give_back(&BUDGET, QUOTA, NOW).await.unwrap();
    store.sweep(NOW, 9).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(asked(&dynamodb), policy(0));
}

#[tokio::test]
async fn making_the_table_needs_the_rights_of_its_policy() {
    let dynamodb = Scripted::start(|operation, _, before| match (operation, before) {
        ("DescribeTable", 0) => Answer::error(400, "ResourceNotFoundException", ""),
        ("DescribeTable", _) => Answer::ok(&json!({"Table": {
            // At first it is only being made.
            "TableStatus": if before == 2 { "CREATING" } else { "ACTIVE" },
            "KeySchema": [{"AttributeName": "session_id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "session_id", "AttributeType": "S"}],
        }})),
        ("DescribeTimeToLive", _) => {
            let disabled = json!({"TimeToLiveStatus": "DISABLED"});
            Answer::ok(&json!({"TimeToLiveDescription": disabled}))
        }
        _ => Answer::ok(&json!({})),
    })
    .await;
    create_table(&options_at(&dynamodb.endpoint)).await.unwrap();
    assert_eq!(dynamodb.asked().len(), 6, "{:?}", dynamodb.asked());
    assert_eq!(asked(&dynamodb), policy(1));
}

fn asked(dynamodb: &Scripted) -> BTreeSet<String> {
    let asked = dynamodb.asked().into_iter();
    asked
        .map(|operation| format!("dynamodb:{operation}"))
        .collect()
}

/// What the page's policy of this number allows.
fn policy(number: usize) -> BTreeSet<String> {
    let block = PAGE.split("```json\n").nth(1 + number).unwrap();
    let block = block.split("```").next().unwrap();
    let policy: Value = serde_json::from_str(block).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    actions
        .iter()
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}
