use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cogward_services::DynamoDb;
use cogward_session::{
    BudgetKey, Holder, LoginKey, LookupKey, Quota, Record, RevocationMark, SessionStore,
    StoreError, Timestamp, UserIndex,
};
use cogward_store_dynamodb::{DynamoStore, Options, StaticCredentials, create_table};
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_900_000_000);
pub(crate) const LATER: Timestamp = NOW.plus(3600);
pub(crate) const USER: UserIndex = UserIndex::from_bytes([1; 32]);
pub(crate) const HOLDER: Holder = Holder::from_bytes([7; 16]);
pub(crate) const BUDGET: BudgetKey = BudgetKey::from_bytes([5; 32]);
pub(crate) const QUOTA: Quota = Quota::new(2, 60);
pub(crate) const TABLE: &str = "l42_sessions";

/// The default table there.
pub(crate) fn options(dynamodb: &DynamoDb) -> Options {
    options_at(&dynamodb.endpoint())
}

pub(crate) fn options_at(endpoint: &str) -> Options {
    Options {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.parse().unwrap()),
        credentials: Some(StaticCredentials::new("tests", "a-secret-of-tests", None)),
        ..Options::default()
    }
}

/// A store with a new table.
pub(crate) async fn open_new(options: &Options) -> DynamoStore {
    create_table(options).await.unwrap();
    DynamoStore::open(options.clone()).await.unwrap()
}

pub(crate) fn key(n: u16) -> LookupKey {
    let mut key = [0; 32];
    key[30..].copy_from_slice(&n.to_be_bytes());
    LookupKey::from_bytes(key)
}

pub(crate) fn user(n: u8) -> UserIndex {
    UserIndex::from_bytes([n; 32])
}

pub(crate) fn record() -> Record {
    Record {
        version: 1,
        user: USER,
        last_seen_at: NOW,
        expires_at: LATER,
        identity: vec![1; 300].into(),
        tokens: vec![2; 2500].into(),
        device: vec![3; 200].into(),
    }
}

pub(crate) fn mark() -> RevocationMark {
    RevocationMark::new(NOW, None)
}

/// All items of the table.
pub(crate) fn scan(dynamodb: &DynamoDb) -> Vec<Value> {
    let answer = dynamodb.call("Scan", &json!({"TableName": TABLE, "ConsistentRead": true}));
    answer["Items"].as_array().unwrap().clone()
}

/// The only item whose key begins so.
pub(crate) fn item(dynamodb: &DynamoDb, kind: &str) -> Value {
    let of_kind = |item: &Value| item["session_id"]["S"].as_str().unwrap().starts_with(kind);
    let mut found = scan(dynamodb).into_iter().filter(of_kind);
    let item = found.next().unwrap();
    assert_eq!(found.next(), None, "another {kind}");
    item
}

pub(crate) fn put(dynamodb: &DynamoDb, item: &Value) {
    let _put = dynamodb.call("PutItem", &json!({"TableName": TABLE, "Item": item}));
}

pub(crate) fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable { .. }))
}

/// What a store that does not work said to each operation.
pub(crate) async fn everything_is_unavailable(store: &DynamoStore) -> Vec<StoreError> {
    let (state, one, other) = (LoginKey::of_state("state"), key(1), key(900));
    let (reads, sessions, others) = tokio::join!(
        async {
            tokio::join!(
                async { store.load(&one, NOW).await.err() },
                async { store.list(&[USER], NOW).await.err() },
                async { store.list(&[USER, user(2)], NOW).await.err() },
                async { store.mark(&[USER], NOW).await.err() },
                async { store.ping().await.err() },
            )
        },
        async {
            tokio::join!(
                async { store.insert(&other, record()).await.err() },
                async { store.replace(&other, 1, record()).await.err() },
                async { store.touch(&other, 1, NOW, LATER).await.err() },
                async { store.remove(&other).await.err() },
            )
        },
        async {
            tokio::join!(
                async { store.put_login(&state, vec![], LATER).await.err() },
                async { store.take_login(&state, NOW).await.err() },
                async { store.put_mark(&user(9), mark(), LATER).await.err() },
                async { store.lease(&other, &HOLDER, NOW, 9).await.err() },
                async { store.release(&other, &HOLDER).await.err() },
                async { store.take_from(&BUDGET, QUOTA, NOW).await.err() },
                async { store.give_back(&BUDGET, QUOTA, NOW).await.err() },
            )
        },
    );
    let answers = [
        ("load", reads.0),
        ("list", reads.1),
        ("list of two", reads.2),
        ("mark", reads.3),
        ("ping", reads.4),
        ("insert", sessions.0),
        ("replace", sessions.1),
        ("touch", sessions.2),
        ("remove", sessions.3),
        ("put_login", others.0),
        ("take_login", others.1),
        ("put_mark", others.2),
        ("lease", others.3),
        ("release", others.4),
        ("take_from", others.5),
        ("give_back", others.6),
    ];
    answers
        .into_iter()
        .map(|(name, error)| match error {
            Some(error @ StoreError::Unavailable { .. }) => error,
            other => panic!("{name}: {other:?}"),
        })
        .collect()
}

/// An error and what caused it.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
