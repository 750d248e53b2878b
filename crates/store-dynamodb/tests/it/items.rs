//! What stands in the table: what it gives away, and what it may not do when it is wrong.

use cogward_services::DynamoDb;
use cogward_session::{ABANDONED_SECONDS, Holder, Lease, LoginKey, SessionStore, Taken};
use cogward_store_dynamodb::DynamoStore;
use serde_json::{Value, json};

use crate::support::{
    BUDGET, HOLDER, LATER, NOW, QUOTA, USER, base64, base64_url, is_unavailable, item, key, mark,
    open_new, options, put, record, scan,
};

const OTHER: Holder = Holder::from_bytes([8; 16]);

#[tokio::test(flavor = "multi_thread")]
async fn items_hold_hashes_times_and_what_is_sealed_and_nothing_else() {
    let (dynamodb, _store) = filled().await;
    let mut items = scan(&dynamodb);
    items.sort_by_key(|item| item["session_id"]["S"].to_string());
    let one = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE";
    let state = base64_url(state().as_bytes());
    let user = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    let binary = |byte: u8, count: usize| json!({"B": base64(&vec![byte; count])});
    let abandoned = NOW.plus(31 + i64::from(ABANDONED_SECONDS));
    let expected = json!([
        {
            "session_id": {"S": "budget:BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU"},
            "format": {"N": "1"},
            "ttl": {"N": "1900000060"},
            "full_at": {"N": "1900000060"},
        },
        {
            "session_id": {"S": format!("lease:{one}")},
            "format": {"N": "1"},
            "ttl": {"N": abandoned.as_secs().to_string()},
            "until": {"N": "1900000031"},
            "holder": binary(7, 16),
        },
        {
            "session_id": {"S": format!("oauth_state:{state}")},
            "format": {"N": "1"},
            "ttl": {"N": "1900003600"},
            "sealed": binary(9, 30),
        },
        {
            "session_id": {"S": format!("revoked:{user}")},
            "format": {"N": "1"},
            "ttl": {"N": "1900003600"},
            "mark": {"B": base64(&[NOW, LATER].map(|t| t.as_secs().to_be_bytes()).concat())},
        },
        {
            "session_id": {"S": format!("session:{one}")},
            "format": {"N": "1"},
            "ttl": {"N": "1900003600"},
            "last_seen": {"N": "1900000000"},
            "version": {"N": "1"},
            "owner": binary(1, 32),
            "identity": binary(1, 300),
            "tokens": binary(2, 2500),
            "device": binary(3, 200),
        },
        {
            "session_id": {"S": format!("user:{user}")},
            "format": {"N": "1"},
            "ttl": {"N": "1934563600"},
            "sessions": {"BS": [base64(key(1).as_bytes())]},
        },
    ]);
    assert_eq!(json!(items), expected);
}

/// DynamoDB takes up to two days to remove what expired.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_whose_ttl_passed_counts_for_nothing_while_it_is_there() {
    let (dynamodb, store) = filled().await;
    for kind in ["session:", "oauth_state:", "revoked:", "lease:"] {
        set(
            &dynamodb,
            kind,
            "ttl",
            &json!({"N": NOW.as_secs().to_string()}),
        );
    }
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
    assert_eq!(store.list(&[USER], NOW).await.unwrap(), []);
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), None);
    assert_eq!(store.take_login(&state(), NOW).await.unwrap(), None);
    let lease = store.lease(&key(1), &OTHER, NOW, 9).await.unwrap();
    assert_eq!(lease, Lease::Granted, "the other's is forgotten");
    // And a second earlier all of it does.
    assert!(store.load(&key(1), NOW.plus(-1)).await.unwrap().is_some());
}

/// Times are whole seconds: asked for late in one, a lease must not end early in another.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_lasts_at_least_as_long_as_was_asked_for() {
    let (_dynamodb, store) = filled().await;
    for (second, expected) in [(30, Lease::Held), (31, Lease::TakenOver)] {
        let now = NOW.plus(second);
        let lease = store.lease(&key(1), &OTHER, now, 30).await.unwrap();
        assert_eq!(lease, expected, "{second} s later");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_ttl_is_good_because_it_cannot_be_read() {
    let (dynamodb, store) = filled().await;
    for (ttl, answer) in [
        (json!({"N": "-1"}), Some(false)),
        (json!({"N": "0"}), Some(false)),
        (json!({"N": "9223372036854775807"}), Some(true)),
        (json!({"N": "9223372036854775808"}), None),
        (json!({"N": "-9223372036854775809"}), None),
        (json!({"N": "18446744073709551616"}), None),
        (json!({"N": "1900003600.5"}), None),
        (json!({"N": "99999999999999999999999999999999999999"}), None),
        (json!({"S": "1900003600"}), None),
        (json!({"NULL": true}), None),
        (json!({"B": "MTkwMDAwMzYwMA=="}), None),
        (json!({"NS": ["1900003600"]}), None),
    ] {
        for kind in ["session:", "oauth_state:", "revoked:"] {
            set(&dynamodb, kind, "ttl", &ttl);
        }
        let loaded = store
            .load(&key(1), NOW)
            .await
            .map(|record| record.is_some());
        assert_eq!(loaded.ok(), answer, "session, {ttl}");
        let marked = store.mark(&[USER], NOW).await.map(|mark| mark.is_some());
        assert_eq!(marked.ok(), answer, "mark, {ttl}");
        let login = item(&dynamodb, "oauth_state:");
        let taken = store
            .take_login(&state(), NOW)
            .await
            .map(|login| login.is_some());
        assert_eq!(taken.ok(), answer, "sign-in, {ttl}");
        put(&dynamodb, &login);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_wrong_anywhere_is_unavailable_and_no_session() {
    let (dynamodb, store) = filled().await;
    let wrong = wrong_values();
    let names = [
        "format",
        "ttl",
        "version",
        "last_seen",
        "owner",
        "identity",
        "tokens",
        "device",
    ];
    let whole = item(&dynamodb, "session:");
    for name in names {
        for value in &wrong {
            if value["B"].is_string() && ["identity", "tokens", "device"].contains(&name) {
                continue;
            }
            set(&dynamodb, "session:", name, value);
            let what = format!("{name} is {value}");
            assert!(
                is_unavailable(&store.load(&key(1), NOW).await),
                "{what}: load"
            );
            the_others_are_listed_and_end(&store, &what).await;
            if ["format", "version", "owner"].contains(&name) {
                let replaced = store.replace(&key(1), 1, record()).await;
                assert!(is_unavailable(&replaced), "{what}: replace {replaced:?}");
            }
            if ["format", "version"].contains(&name) {
                let touched = store.touch(&key(1), 1, NOW, LATER).await;
                assert!(is_unavailable(&touched), "{what}: touch {touched:?}");
            }
            put(&dynamodb, &whole);
        }
    }
    // It can be removed all the same.
    set(&dynamodb, "session:", "tokens", &Value::Null);
    assert!(is_unavailable(&store.remove(&key(1)).await));
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
}

async fn the_others_are_listed_and_end(store: &DynamoStore, what: &str) {
    store.insert(&key(2), record()).await.unwrap();
    let listed = store.list(&[USER], NOW).await.unwrap();
    let others: Vec<_> = listed.into_iter().map(|(key, _)| key).collect();
    assert_eq!(others, [key(2)], "{what}: list");
    let ended = store.remove(&key(2)).await.unwrap();
    assert!(ended.is_some(), "{what}: another one does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_items_that_are_wrong_are_unavailable_too() {
    let (dynamodb, store) = filled().await;
    for value in wrong_values() {
        for name in ["format", "ttl", "sealed"] {
            if name == "sealed" && value["B"].is_string() {
                continue;
            }
            let whole = item(&dynamodb, "oauth_state:");
            set(&dynamodb, "oauth_state:", name, &value);
            assert!(
                is_unavailable(&store.take_login(&state(), NOW).await),
                "{name} {value}"
            );
            put(&dynamodb, &whole);
        }
        for name in ["format", "ttl", "mark"] {
            let whole = item(&dynamodb, "revoked:");
            set(&dynamodb, "revoked:", name, &value);
            assert!(
                is_unavailable(&store.mark(&[USER], NOW).await),
                "{name} {value}"
            );
            let put_mark = store.put_mark(&USER, mark(), LATER).await;
            assert!(is_unavailable(&put_mark), "{name} {value}");
            put(&dynamodb, &whole);
        }
        for name in ["format", "ttl", "sessions"] {
            let whole = item(&dynamodb, "user:");
            set(&dynamodb, "user:", name, &value);
            // Nothing named is as good as nobody named.
            if !(name == "sessions" && value.is_null()) {
                let listed = store.list(&[USER], NOW).await;
                assert!(is_unavailable(&listed), "{name} {value}");
            }
            // A new session sets these right, or joins them.
            let set_right = match name {
                "sessions" => value.is_null() || value["BS"].is_array(),
                "ttl" => value["N"].is_string(),
                _ => false,
            };
            if !set_right {
                let inserted = store.insert(&key(2), record()).await;
                assert!(is_unavailable(&inserted), "{name} {value}");
                let left = store.load(&key(2), NOW).await;
                assert_eq!(left.unwrap(), None, "left behind");
            }
            put(&dynamodb, &whole);
        }
        for name in ["format", "ttl", "until", "holder"] {
            let whole = item(&dynamodb, "lease:");
            set(&dynamodb, "lease:", name, &value);
            let lease = store.lease(&key(1), &OTHER, NOW, 9).await;
            assert!(is_unavailable(&lease), "{name} {value}: {lease:?}");
            put(&dynamodb, &whole);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_wrong_is_unavailable_too() {
    let (dynamodb, store) = filled().await;
    let whole = item(&dynamodb, "budget:");
    for value in wrong_values() {
        for name in ["format", "full_at"] {
            // A number of long ago is that of a full one.
            if name == "full_at" && value["N"].is_string() {
                continue;
            }
            set(&dynamodb, "budget:", name, &value);
            let taken = store.take_from(&BUDGET, QUOTA, NOW).await;
            assert!(is_unavailable(&taken), "{name} {value}: {taken:?}");
            let given = store.give_back(&BUDGET, QUOTA, NOW).await;
            assert!(is_unavailable(&given), "{name} {value}: {given:?}");
            put(&dynamodb, &whole);
        }
    }
}

/// The table has items of all kinds, all of the same bytes where they can be.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_one_kind_under_the_key_of_another_is_none() {
    let (dynamodb, store) = filled().await;
    let kinds = [
        "session:",
        "oauth_state:",
        "revoked:",
        "lease:",
        "user:",
        "budget:",
    ];
    for of in kinds {
        for other in kinds.into_iter().filter(|other| *other != of) {
            let (own, mut moved) = (item(&dynamodb, of), item(&dynamodb, other));
            moved["session_id"] = own["session_id"].clone();
            put(&dynamodb, &moved);
            let unavailable = match of {
                "session:" => is_unavailable(&store.load(&key(1), NOW).await),
                "oauth_state:" => is_unavailable(&store.take_login(&state(), NOW).await),
                "revoked:" => is_unavailable(&store.mark(&[USER], NOW).await),
                "lease:" => is_unavailable(&store.lease(&key(1), &HOLDER, NOW, 9).await),
                "budget:" => is_unavailable(&store.take_from(&BUDGET, QUOTA, NOW).await),
                // Other items have no set, which is how an empty one looks.
                _ => store.list(&[USER], NOW).await.unwrap().is_empty(),
            };
            assert!(unavailable, "{other} as {of}");
            put(&dynamodb, &own);
        }
    }
}

fn wrong_values() -> [Value; 6] {
    [
        Value::Null,
        json!({"S": "1"}),
        json!({"N": "1.5"}),
        json!({"B": "AQID"}),
        json!({"BS": ["AQID"]}),
        json!({"M": {}}),
    ]
}

async fn filled() -> (DynamoDb, DynamoStore) {
    let dynamodb = DynamoDb::start();
    let store = open_new(&options(&dynamodb)).await;
    store.insert(&key(1), record()).await.unwrap();
    store.put_login(&state(), vec![9; 30], LATER).await.unwrap();
    store.put_mark(&USER, mark(), LATER).await.unwrap();
    store.lease(&key(1), &HOLDER, NOW, 30).await.unwrap();
    let taken = store.take_from(&BUDGET, QUOTA, NOW).await.unwrap();
    assert_eq!(taken, Taken::Granted);
    (dynamodb, store)
}

/// With `null` for none.
fn set(dynamodb: &DynamoDb, kind: &str, name: &str, value: &Value) {
    let mut changed = item(dynamodb, kind);
    match value {
        Value::Null => {
            changed.as_object_mut().unwrap().remove(name);
        }
        value => changed[name] = value.clone(),
    }
    put(dynamodb, &changed);
}

fn state() -> LoginKey {
    LoginKey::of_state("state")
}
