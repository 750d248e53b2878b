use std::time::Duration;

use cogward_session::{
    BudgetKey, Holder, LoginKey, LookupKey, Quota, Record, RevocationMark, SessionStore,
    StoreError, Timestamp, UserIndex,
};
use cogward_store_postgres::{Options, PostgresStore};
use tokio::time::{Instant, sleep};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const USER: UserIndex = UserIndex::from_bytes([7; 32]);
pub(crate) const HOLDER: Holder = Holder::from_bytes([8; 16]);
pub(crate) const MARK: RevocationMark = RevocationMark {
    before: NOW,
    spared: None,
};

pub(crate) const BUDGET: BudgetKey = BudgetKey::from_bytes([5; 32]);
pub(crate) const QUOTA: Quota = Quota::new(2, 60);

pub(crate) fn options(url: &str) -> Options {
    Options::new(url.parse().unwrap())
}

pub(crate) async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(options(url)).await.unwrap()
}

/// With a limit so short that what waits for it does not take long.
pub(crate) async fn open_impatient(url: &str) -> PostgresStore {
    let options = Options {
        call_limit: Duration::from_millis(500),
        ..options(url)
    };
    PostgresStore::open(options).await.unwrap()
}

pub(crate) fn key(n: u32) -> LookupKey {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&n.to_be_bytes());
    LookupKey::from_bytes(key)
}

pub(crate) fn login() -> LoginKey {
    LoginKey::of_state("state")
}

pub(crate) fn record() -> Record {
    Record {
        version: 1,
        user: USER,
        last_seen_at: NOW,
        expires_at: NOW.plus(3600),
        identity: vec![1; 300].into(),
        tokens: vec![2; 4500].into(),
        device: vec![3; 200].into(),
    }
}

pub(crate) async fn all_answers(store: &PostgresStore) -> [(&'static str, Option<StoreError>); 16] {
    let (key, other, users) = (key(1), key(999), [USER]);
    let (end, state, other_state) = (NOW.plus(60), login(), LoginKey::of_state("other"));
    let answers = tokio::join!(
        store.load(&key, NOW),
        store.insert(&other, record()),
        store.replace(&key, 9, record()),
        store.touch(&key, 9, NOW, end),
        store.list(&users, NOW),
        store.put_login(&other_state, vec![], end),
        store.take_login(&state, NOW),
        store.put_mark(&USER, MARK, end),
        store.mark(&users, NOW),
        store.lease(&key, &HOLDER, NOW, 9),
        store.release(&key, &HOLDER),
        store.sweep(Timestamp::from_secs(0), 9),
        store.ping(),
        store.take_from(&BUDGET, QUOTA, NOW),
        store.give_back(&BUDGET, QUOTA, NOW),
    );
    [
        ("load", answers.0.err()),
        ("insert", answers.1.err()),
        ("replace", answers.2.err()),
        ("touch", answers.3.err()),
        ("list", answers.4.err()),
        ("put_login", answers.5.err()),
        ("take_login", answers.6.err()),
        ("put_mark", answers.7.err()),
        ("mark", answers.8.err()),
        ("lease", answers.9.err()),
        ("release", answers.10.err()),
        ("sweep", answers.11.err()),
        ("ping", answers.12.err()),
        ("take_from", answers.13.err()),
        ("give_back", answers.14.err()),
        ("remove", store.remove(&other).await.err()),
    ]
}

pub(crate) async fn everything_is_unavailable(store: &PostgresStore) {
    for (name, answer) in all_answers(store).await {
        assert!(is_unavailable(answer.as_ref()), "{name}: {answer:?}");
    }
}

pub(crate) fn is_unavailable(answer: Option<&StoreError>) -> bool {
    matches!(answer, Some(StoreError::Unavailable { .. }))
}

/// Waits for what must come true, far longer than it should take.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(40), "not so: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// An error with all that is behind it, as a log shows it.
pub(crate) fn printed(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        text = format!("{text}\n{error}");
        next = error.source();
    }
    text
}
