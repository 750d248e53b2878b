//! What stands in Redis, and what becomes of it when somebody else wrote it.

use cogward_services::Redis;
use cogward_session::{
    LoginKey, LookupKey, Record, RevocationMark, SessionStore as _, Timestamp, UserIndex,
};
use futures_util::future::try_join_all;
use redis::Value;

use crate::support::{
    BUDGET, HOLDER, LATER, MARK, NOW, QUOTA, USER, key, keys, name, open, record, unavailable,
    uncached,
};

#[tokio::test]
async fn every_key_is_a_hash_in_braces_and_has_an_end() {
    let redis = Redis::start();
    let store = open(&redis).await;
    let (key, state) = (LookupKey::from_bytes([0xff; 32]), LoginKey::of_state("s"));
    store.insert(&key, record(1)).await.unwrap();
    store
        .put_login(&state, b"sealed".to_vec(), LATER)
        .await
        .unwrap();
    store.put_mark(&USER, MARK, LATER).await.unwrap();
    store.lease(&key, &HOLDER, NOW, 30).await.unwrap();
    store.take_from(&BUDGET, QUOTA, NOW).await.unwrap();
    let hash = format!("{}8", "_".repeat(42));
    for (kind, tag) in [
        ("session", Some(hash.as_str())),
        ("lease", Some(&hash)),
        (
            "budget",
            Some("BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU"),
        ),
        ("user", Some("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE")),
        (
            "revoked",
            Some("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"),
        ),
        ("oauth_state", None),
    ] {
        let name = name(&redis, kind);
        match tag {
            Some(tag) => assert_eq!(name, format!("{kind}:{{{tag}}}")),
            None => assert_eq!(name.len(), kind.len() + 3 + 43),
        }
        let millis: i64 = redis.command(&["PTTL", &name]).parse().unwrap();
        assert!(millis > 0, "{name} never ends");
    }
    assert_eq!(keys(&redis).len(), 6);
    // A few minutes later than it is over: clocks differ.
    let end = redis.command(&["PEXPIRETIME", &name(&redis, "session")]);
    assert_eq!(end, LATER.plus(300).as_secs().to_string() + "000");
    let members = redis.command(&["ZRANGE", &name(&redis, "user"), "0", "-1"]);
    assert_eq!(members, hash);
}

#[tokio::test]
async fn nothing_is_left_of_a_session_that_was_removed() {
    let redis = Redis::start();
    let store = open(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    store.remove(&key(1)).await.unwrap();
    assert!(keys(&redis).is_empty());
}

#[tokio::test]
async fn a_record_of_another_shape_is_unavailable_and_no_session() {
    let redis = Redis::start();
    let store = uncached(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    let name = name(&redis, "session");
    let Value::BulkString(row) = redis.query(&["GET", &name]).unwrap() else {
        panic!("no row");
    };
    let changed = |at: usize, byte: u8| {
        let mut row = row.clone();
        row[at] = byte;
        row
    };
    let mut shapes = vec![
        (changed(0, 0), "format 0"),
        (changed(0, 2), "format 2"),
        (changed(57, 0xff), "identity too long"),
        (changed(60, row[60] - 1), "identity too short"),
        (changed(61, 0xff), "tokens too long"),
        (changed(65, 0xff), "device too long"),
        (changed(68, row[68] - 1), "device too short"),
        ([row.as_slice(), b"\0"].concat(), "a byte more"),
        (b"garbage".to_vec(), "text"),
    ];
    for end in [1, 9, 24, 56, 68, 69, row.len() - 1] {
        shapes.push((row[..end].to_vec(), "cut"));
    }
    for (shape, what) in shapes {
        redis
            .query(&[b"SET".as_slice(), name.as_bytes(), &shape])
            .unwrap();
        everything_about_it_is_unavailable(&store, what).await;
    }
    redis.query(&["SET", &name, ""]).unwrap();
    everything_about_it_is_unavailable(&store, "nothing").await;
    redis.query(&["DEL", &name]).unwrap();
    redis.query(&["RPUSH", &name, "a"]).unwrap();
    everything_about_it_is_unavailable(&store, "a list").await;
}

/// But `touch` and `replace` where head and version are right: they write over the rest.
async fn everything_about_it_is_unavailable(store: &cogward_store_redis::RedisStore, what: &str) {
    let load = store.load(&key(1), NOW).await;
    assert!(load.as_ref().is_err_and(unavailable), "{what}: {load:?}");
    store.insert(&key(2), record(1)).await.unwrap();
    let list = store.list(&[USER], NOW).await.unwrap();
    let others: Vec<_> = list.into_iter().map(|(key, _)| key).collect();
    assert_eq!(others, [key(2)], "{what}: the others are not listed");
    let ended = store.remove(&key(2)).await.unwrap();
    assert!(ended.is_some(), "{what}: another one does not end");
    let wrong = store.replace(&key(1), 7, record(8)).await;
    assert!(
        !matches!(wrong, Ok(cogward_session::Replaced::Done)),
        "{what}: {wrong:?}"
    );
}

#[tokio::test]
async fn writes_refuse_a_record_of_an_unknown_format() {
    let redis = Redis::start();
    let store = uncached(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    let name = name(&redis, "session");
    for shape in ["\u{2}\0\0\0\0\0\0\0\u{1}rest", "\u{1}", "x", ""] {
        redis.query(&["SET", &name, shape]).unwrap();
        let touch = store.touch(&key(1), 1, NOW, LATER).await;
        assert!(
            touch.as_ref().is_err_and(unavailable),
            "{shape:?}: {touch:?}"
        );
        let replace = store.replace(&key(1), 1, record(2)).await;
        assert!(
            replace.as_ref().is_err_and(unavailable),
            "{shape:?}: {replace:?}"
        );
        assert_eq!(redis.command(&["GET", &name]), shape);
        let remove = store.remove(&key(1)).await;
        assert!(
            remove.as_ref().is_err_and(unavailable),
            "{shape:?}: {remove:?}"
        );
    }
    redis
        .query(&["SET", &name, "\u{1}\0\0\0\0\0\0\0\u{1}short"])
        .unwrap();
    let touch = store.touch(&key(1), 1, NOW, LATER).await;
    assert!(touch.as_ref().is_err_and(unavailable), "{touch:?}");
}

#[tokio::test]
async fn other_rows_of_another_shape_are_unavailable() {
    let redis = Redis::start();
    let store = uncached(&redis).await;
    let state = LoginKey::of_state("state");
    for garbage in ["", "\u{1}", "\u{2}12345678sealed", "text"] {
        store.put_login(&state, vec![], LATER).await.unwrap();
        redis
            .query(&["SET", &name(&redis, "oauth_state"), garbage])
            .unwrap();
        let taken = store.take_login(&state, NOW).await;
        assert!(
            taken.as_ref().is_err_and(unavailable),
            "{garbage:?}: {taken:?}"
        );
    }
    store.put_mark(&USER, MARK, LATER).await.unwrap();
    for garbage in ["", "text", "seventeen bytes.."] {
        redis
            .query(&["SET", &name(&redis, "revoked"), garbage])
            .unwrap();
        let mark = store.mark(&[USER], NOW).await;
        assert!(
            mark.as_ref().is_err_and(unavailable),
            "{garbage:?}: {mark:?}"
        );
    }
    store.lease(&key(1), &HOLDER, NOW, 30).await.unwrap();
    redis
        .query(&["SET", &name(&redis, "lease"), "text"])
        .unwrap();
    let lease = store.lease(&key(1), &HOLDER, NOW, 30).await;
    assert!(lease.as_ref().is_err_and(unavailable), "{lease:?}");
    store.insert(&key(1), record(1)).await.unwrap();
    redis
        .query(&["ZADD", &name(&redis, "user"), "1", "text"])
        .unwrap();
    let list = store.list(&[USER], NOW).await;
    assert!(list.as_ref().is_err_and(unavailable), "{list:?}");
}

#[tokio::test]
async fn what_is_over_is_none_while_it_is_still_there() {
    let redis = Redis::start();
    let store = open(&redis).await;
    let state = LoginKey::of_state("state");
    store.insert(&key(1), record(1)).await.unwrap();
    store.put_mark(&USER, MARK, LATER).await.unwrap();
    store.put_login(&state, vec![1], LATER).await.unwrap();
    assert_eq!(store.load(&key(1), LATER).await.unwrap(), None);
    assert_eq!(store.mark(&[USER], LATER).await.unwrap(), None);
    assert!(store.list(&[USER], LATER).await.unwrap().is_empty());
    assert_eq!(keys(&redis).len(), 4);
    assert_eq!(store.take_login(&state, LATER).await.unwrap(), None);
}

#[tokio::test]
async fn an_insert_that_no_list_would_show_leaves_no_session() {
    let redis = Redis::start();
    let store = open(&redis).await;
    store.insert(&key(1), record(1)).await.unwrap();
    let index = name(&redis, "user");
    store.remove(&key(1)).await.unwrap();
    redis.query(&["SET", &index, "no index"]).unwrap();
    let inserted = store.insert(&key(2), record(1)).await;
    assert!(inserted.as_ref().is_err_and(unavailable), "{inserted:?}");
    assert_eq!(keys(&redis), [index.into_bytes()]);
}

#[tokio::test]
async fn an_index_forgets_what_is_no_more_and_keeps_what_is_moving() {
    let redis = Redis::start();
    let store = open(&redis).await;
    for n in 1..4 {
        store.insert(&key(n), record(1)).await.unwrap();
    }
    let index = name(&redis, "user");
    // One lost, one another user's: it may be about to become this one's.
    let moved = Record {
        user: UserIndex::from_bytes([2; 32]),
        ..record(2)
    };
    store.replace(&key(2), 1, moved).await.unwrap();
    let third = keys(&redis).into_iter().find(|name| {
        let found = redis.query(&[b"GET".as_slice(), name]);
        found.is_ok_and(|row| row == redis.query(&["GET", &session_name(3)]).unwrap())
    });
    redis.query(&[b"DEL".as_slice(), &third.unwrap()]).unwrap();
    redis.query(&["DEL", &session_name(3)]).unwrap();
    redis.query(&["DEL", &session_name(1)]).unwrap();
    assert!(store.list(&[USER], NOW).await.unwrap().is_empty());
    assert_eq!(redis.command(&["ZCARD", &index]), "1");
}

/// More than are fetched at once.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_sessions_of_one_user_are_listed_and_end() {
    let redis = Redis::start();
    let store = open(&redis).await;
    let all: Vec<_> = (0..1500).map(key).collect();
    for some in all.chunks(100) {
        let inserts = some.iter().map(|key| store.insert(key, record(1)));
        try_join_all(inserts).await.unwrap();
    }
    let mut found = store.list(&[USER], NOW).await.unwrap();
    found.sort_by_key(|(key, _)| *key);
    assert!(found.iter().map(|(key, _)| *key).eq(sorted(&all)));
    for some in all.chunks(100) {
        let removes = some.iter().map(|key| store.remove(key));
        let removed = try_join_all(removes).await.unwrap();
        assert!(removed.iter().all(Option::is_some));
    }
    assert!(store.list(&[USER], NOW).await.unwrap().is_empty());
    assert!(keys(&redis).is_empty());
}

fn sorted(keys: &[LookupKey]) -> Vec<LookupKey> {
    let mut keys = keys.to_vec();
    keys.sort();
    keys
}

fn session_name(n: u64) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key(n).as_bytes());
    format!("session:{{{encoded}}}")
}

/// By the clock of Redis: those of 1970 are over.
#[tokio::test]
async fn an_index_drops_the_sessions_that_are_over_for_certain() {
    let redis = Redis::start();
    let store = open(&redis).await;
    let long_ago = Timestamp::from_secs(1000);
    for n in 1..5 {
        let old = Record {
            last_seen_at: long_ago,
            expires_at: long_ago.plus(60),
            ..record(1)
        };
        store.insert(&key(n), old).await.unwrap();
    }
    assert!(keys(&redis).is_empty());
    store.insert(&key(9), record(1)).await.unwrap();
    let index = name(&redis, "user");
    assert_eq!(redis.command(&["ZCARD", &index]), "1");
    // As long as any session lives, from when it was last seen.
    let end: i64 = redis.command(&["EXPIRETIME", &index]).parse().unwrap();
    assert_eq!(end, NOW.plus(400 * 24 * 60 * 60 + 1).as_secs());
}

#[tokio::test]
async fn no_value_ends_a_command_or_begins_another() {
    let redis = Redis::start();
    let store = open(&redis).await;
    let evil = b"x\r\n*1\r\n$8\r\nFLUSHALL\r\n\0'\"; redis.call('FLUSHALL')".as_slice();
    let record = Record {
        identity: evil.into(),
        tokens: evil.into(),
        device: evil.into(),
        ..record(1)
    };
    store.insert(&key(1), record.clone()).await.unwrap();
    let state = LoginKey::of_state("state");
    store.put_login(&state, evil.to_vec(), LATER).await.unwrap();
    let next = Record {
        version: 2,
        ..record
    };
    store.replace(&key(1), 1, next.clone()).await.unwrap();
    let found = store.load(&key(1), NOW).await.unwrap();
    assert_eq!(found.as_deref(), Some(&next));
    assert_eq!(store.take_login(&state, NOW).await.unwrap().unwrap(), evil);
}

#[tokio::test]
async fn installations_with_prefixes_share_one_redis() {
    let redis = Redis::start();
    let open = async |prefix: &str| {
        let options = cogward_store_redis::Options {
            key_prefix: prefix.to_owned(),
            ..cogward_store_redis::Options::new(redis.url())
        };
        cogward_store_redis::RedisStore::open(options)
            .await
            .unwrap()
    };
    let (one, two, other) = (open("a:").await, open("a:").await, open("*").await);
    one.insert(&key(1), record(1)).await.unwrap();
    assert!(two.load(&key(1), NOW).await.unwrap().is_some());
    assert_eq!(other.load(&key(1), NOW).await.unwrap(), None);
    other.put_mark(&USER, MARK, LATER).await.unwrap();
    assert_eq!(
        one.mark(&[USER], NOW).await.unwrap(),
        None::<RevocationMark>
    );
}

#[tokio::test]
async fn a_budget_that_nobody_wrote_is_unavailable_and_a_full_one_is_not_there() {
    let redis = Redis::start();
    let store = open(&redis).await;
    store.take_from(&BUDGET, QUOTA, NOW).await.unwrap();
    let name = name(&redis, "budget");
    store.give_back(&BUDGET, QUOTA, NOW).await.unwrap();
    assert!(keys(&redis).is_empty());
    for garbage in ["", "soon", "12 12"] {
        redis.query(&["SET", &name, garbage]).unwrap();
        let taken = store.take_from(&BUDGET, QUOTA, NOW).await;
        assert!(taken.as_ref().is_err_and(unavailable), "{taken:?}");
        let given = store.give_back(&BUDGET, QUOTA, NOW).await;
        assert!(given.as_ref().is_err_and(unavailable), "{given:?}");
    }
}
