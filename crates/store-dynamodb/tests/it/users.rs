//! A user's sessions are all found, and what is no session any more does not pile up.

use std::sync::Arc;

use cogward_services::DynamoDb;
use cogward_session::{LookupKey, Record, Replaced, SessionStore, UserIndex};
use cogward_store_dynamodb::DynamoStore;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    LATER, NOW, TABLE, USER, base64, base64_url, item, key, open_new, options, put, record, scan,
    user,
};

/// More than DynamoDB gives at once.
#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_sessions_that_begin_at_once_are_all_found() {
    let dynamodb = DynamoDb::start();
    let store = Arc::new(open_slow(&dynamodb).await);
    let mut inserts = JoinSet::new();
    for n in 0..300 {
        let store = Arc::clone(&store);
        inserts.spawn(async move { store.insert(&key(n), record()).await });
    }
    inserts
        .join_all()
        .await
        .into_iter()
        .collect::<Result<(), _>>()
        .unwrap();
    let all: Vec<_> = (0..300).map(key).collect();
    // Each batch within its time, however many there are.
    let store = DynamoStore::open(options(&dynamodb)).await.unwrap();
    assert_eq!(listed(&store, &[USER]).await, all);
    for key in &all {
        assert!(store.remove(key).await.unwrap().is_some());
    }
    assert_eq!(listed(&store, &[USER]).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_struck_out_when_listed_and_nothing_else_is() {
    let dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    for n in 1..=3 {
        store.insert(&key(n), record()).await.unwrap();
    }
    // As DynamoDB removes what expired: without a word.
    delete(&dynamodb, &key(1));
    let moved = Record {
        user: user(2),
        version: 2,
        ..record()
    };
    let entries = item(&dynamodb, "user:");
    let replaced = store.replace(&key(2), 1, moved).await.unwrap();
    assert_eq!(replaced, Replaced::Done);
    // As if the move were only under way.
    put(&dynamodb, &entries);
    store.touch(&key(3), 1, NOW, NOW).await.unwrap();
    assert_eq!(listed(&store, &[USER]).await, []);
    assert_eq!(
        entered(&dynamodb, &USER),
        2,
        "the moved and the expired one stay"
    );
    assert_eq!(listed(&store, &[user(2)]).await, [key(2)]);
    assert_eq!(
        listed(&store, &[USER, user(2)]).await,
        [key(2)],
        "not twice"
    );
    assert_eq!(listed(&store, &[USER, USER]).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_or_moves_leaves_nothing_with_its_user() {
    let dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    store.insert(&key(1), record()).await.unwrap();
    store.insert(&key(2), record()).await.unwrap();
    store.remove(&key(1)).await.unwrap();
    assert_eq!(entered(&dynamodb, &USER), 1);
    let moved = Record {
        user: user(2),
        version: 2,
        ..record()
    };
    store.replace(&key(2), 1, moved).await.unwrap();
    assert_eq!(entered(&dynamodb, &USER), 0);
    assert_eq!(entered(&dynamodb, &user(2)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_a_user_ends_after_its_longest_session() {
    let dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    let ends = |n: i64| Record {
        expires_at: LATER.plus(n),
        ..record()
    };
    let mut expected = 0;
    for (n, end) in [(1, 50), (2, 99), (3, 7)] {
        store.insert(&key(n), ends(end)).await.unwrap();
        expected = expected.max(LATER.plus(end + 400 * 24 * 60 * 60).as_secs());
        let found = item(&dynamodb, "user:");
        assert_eq!(found["ttl"]["N"], expected.to_string());
    }
    assert_eq!(listed(&store, &[USER]).await, [key(1), key(2), key(3)]);
}

/// Whoever signs in every day for years has many that are gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_hundreds_of_sessions_that_are_gone_is_cleared_of_them() {
    let dynamodb = DynamoDb::start();
    let store = open_slow(&dynamodb).await;
    for n in 1..=2 {
        store.insert(&key(n), record()).await.unwrap();
    }
    let mut user_item = item(&dynamodb, "user:");
    let keys = user_item["sessions"]["BS"].as_array_mut().unwrap();
    keys.extend((0..497_u16).map(|n| json!(base64(key(1000 + n).as_bytes()))));
    put(&dynamodb, &user_item);
    store.insert(&key(3), record()).await.unwrap();
    assert_eq!(entered(&dynamodb, &USER), 3);
    assert_eq!(listed(&store, &[USER]).await, [key(1), key(2), key(3)]);
}

async fn listed(store: &DynamoStore, users: &[UserIndex]) -> Vec<LookupKey> {
    let found = store.list(users, NOW).await.unwrap();
    let mut keys: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
    keys.sort();
    keys
}

/// How many sessions a user's item names.
fn entered(dynamodb: &DynamoDb, user: &UserIndex) -> usize {
    let name = format!("user:{}", base64_url(user.as_bytes()));
    let items = scan(dynamodb);
    let item = items.iter().find(|item| item["session_id"]["S"] == name);
    item.unwrap()["sessions"]["BS"]
        .as_array()
        .map_or(0, Vec::len)
}

fn delete(dynamodb: &DynamoDb, key: &LookupKey) {
    let name = format!("session:{}", base64_url(key.as_bytes()));
    let key = json!({"session_id": {"S": name}});
    let _deleted = dynamodb.call("DeleteItem", &json!({"TableName": TABLE, "Key": key}));
}

/// Hundreds of calls at once make this DynamoDB slow.
async fn open_slow(dynamodb: &DynamoDb) -> DynamoStore {
    let mut options = options(dynamodb);
    options.call_limit = std::time::Duration::from_secs(60);
    open_new(&options).await
}
