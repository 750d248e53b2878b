use std::time::{Duration, Instant};

use cogward_services::Redis;
use cogward_session::{
    BudgetKey, Holder, LoginKey, LookupKey, Quota, Record, RevocationMark, SessionStore as _,
    StoreError, Timestamp, UserIndex,
};
use cogward_store_redis::{Options, RedisStore};
use redis::Value;

/// 2100-01-01.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(4_102_444_800);
pub(crate) const LATER: Timestamp = NOW.plus(3600);
pub(crate) const USER: UserIndex = UserIndex::from_bytes([1; 32]);
pub(crate) const HOLDER: Holder = Holder::from_bytes([9; 16]);
pub(crate) const MARK: RevocationMark = RevocationMark {
    before: NOW,
    spared: None,
};

pub(crate) const BUDGET: BudgetKey = BudgetKey::from_bytes([5; 32]);
pub(crate) const QUOTA: Quota = Quota::new(2, 60);

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what must come true; how long that took.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "not so in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

pub(crate) async fn open(redis: &Redis) -> RedisStore {
    RedisStore::open(Options::new(redis.url())).await.unwrap()
}

pub(crate) async fn uncached(redis: &Redis) -> RedisStore {
    let options = Options {
        cache_bytes: 0,
        ..Options::new(redis.url())
    };
    RedisStore::open(options).await.unwrap()
}

/// Asks for everything at once; every answer must be that the store is unavailable.
pub(crate) async fn everything_is_unavailable(store: &RedisStore) {
    let (state, one, nine) = (LoginKey::of_state("state"), key(1), key(9));
    let reads = async {
        tokio::join!(
            store.load(&one, NOW),
            store.list(&[USER], NOW),
            store.mark(&[USER], NOW),
            store.ping(),
        )
    };
    let writes = async {
        tokio::join!(
            store.insert(&nine, record(1)),
            store.replace(&one, 1, record(2)),
            store.touch(&one, 1, NOW, LATER),
            store.remove(&one),
            store.put_login(&state, vec![], LATER),
            store.take_login(&state, NOW),
            store.put_mark(&USER, MARK, LATER),
            store.lease(&one, &HOLDER, NOW, 9),
            store.release(&one, &HOLDER),
            store.take_from(&BUDGET, QUOTA, NOW),
            store.give_back(&BUDGET, QUOTA, NOW),
        )
    };
    let ((load, list, mark, ping), writes) = tokio::join!(reads, writes);
    let (
        insert,
        replace,
        touch,
        remove,
        put_login,
        take_login,
        put_mark,
        lease,
        release,
        take,
        give,
    ) = writes;
    let answers = [
        ("load", load.err()),
        ("list", list.err()),
        ("mark", mark.err()),
        ("ping", ping.err()),
        ("insert", insert.err()),
        ("replace", replace.err()),
        ("touch", touch.err()),
        ("remove", remove.err()),
        ("put_login", put_login.err()),
        ("take_login", take_login.err()),
        ("put_mark", put_mark.err()),
        ("lease", lease.err()),
        ("release", release.err()),
        ("take_from", take.err()),
        ("give_back", give.err()),
    ];
    for (name, error) in answers {
        assert!(error.as_ref().is_some_and(unavailable), "{name}: {error:?}");
    }
}

pub(crate) fn unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. })
}

/// An error and what caused it, as they print in any way.
pub(crate) fn all_of(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(" {source} {source:?}"));
        next = source.source();
    }
    text
}

/// How often this command was called.
pub(crate) fn calls(redis: &Redis, command: &str) -> u64 {
    let stats = redis.command(&["INFO", "commandstats"]);
    let line = stats.lines().find_map(|line| {
        let line = line.strip_prefix("cmdstat_")?.strip_prefix(command)?;
        line.strip_prefix(":calls=")
    });
    let calls = line.map(|line| line.split(',').next().unwrap().parse().unwrap());
    calls.unwrap_or(0)
}

pub(crate) fn keys(redis: &Redis) -> Vec<Vec<u8>> {
    let Value::Array(keys) = redis.query(&["KEYS", "*"]).unwrap() else {
        panic!("no list")
    };
    let bytes = keys.into_iter().map(|key| match key {
        Value::BulkString(key) => key,
        other => panic!("{other:?}"),
    });
    let mut keys: Vec<_> = bytes.collect();
    keys.sort();
    keys
}

/// The name of the only key of this kind.
pub(crate) fn name(redis: &Redis, kind: &str) -> String {
    let mut found = keys(redis)
        .into_iter()
        .map(|key| String::from_utf8(key).unwrap())
        .filter(|key| key.starts_with(&format!("{kind}:")));
    let name = found.next().unwrap();
    assert_eq!(found.next(), None);
    name
}

pub(crate) fn key(n: u64) -> LookupKey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&n.to_le_bytes());
    LookupKey::from_bytes(key)
}

pub(crate) fn record(version: u64) -> Record {
    Record {
        version,
        user: USER,
        last_seen_at: NOW,
        expires_at: LATER,
        identity: vec![1; 300].into(),
        tokens: vec![2; 2500].into(),
        device: vec![3; 200].into(),
    }
}
