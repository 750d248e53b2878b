//! Rows changed by hand in the store: never a sign-in, never an error of the server.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cogward_session::{Clock as _, LookupKey, Record, Replaced, SystemClock};
use cogward_testkit::Browser;
use serde_json::{Value, json};

use crate::contents::{TABLE, contents, holds};
use crate::site::{ALICE, Site, assert_kept, me, record, session_id, until};
use crate::stores::{Kind, Store};

on_every_store!(t55_t58_t59_a_row_changed_by_hand_is_nobody);

async fn t55_t58_t59_a_row_changed_by_hand_is_nobody(kind: Kind) {
    let store = Store::start(kind);
    let site = Site::start(&store.env(), &[]).await;
    expired_and_still_there(kind, &store, &site).await;
    in_the_place_of_another(kind, &store, &site).await;
    garbage(kind, &store, &site).await;
}

async fn expired_and_still_there(kind: Kind, store: &Store, site: &Site) {
    let writer = store.open().await;
    let (browser, other) = (site.signed_in(ALICE).await, site.signed_in(ALICE).await);
    assert_known(site, &browser).await;
    let now = SystemClock.now();
    let row = record(writer.as_ref(), &browser).await;
    let key = session_id(&browser).lookup_key();
    let touched = writer.touch(&key, row.version, now, now.plus(-1)).await;
    assert_eq!(touched.unwrap(), Replaced::Done);
    assert!(holds(&contents(store), &row.identity), "it is still there");
    for n in [0, 1] {
        assert_nobody(kind, site, n, &browser).await;
    }
    assert_known(site, &other).await;
}

async fn in_the_place_of_another(kind: Kind, store: &Store, site: &Site) {
    site.add_user("bob@example.com").await;
    let writer = store.open().await;
    let alice = site.signed_in(ALICE).await;
    let of_alice = record(writer.as_ref(), &alice).await;
    let swapped: [fn(&Record, &Record) -> Record; 4] = [
        |alice, _| alice.clone(),
        |alice, bob| Record {
            identity: alice.identity.clone(),
            ..bob.clone()
        },
        |_, bob| Record {
            identity: bob.tokens.clone(),
            tokens: bob.identity.clone(),
            ..bob.clone()
        },
        |_, bob| Record {
            version: bob.version + 1,
            ..bob.clone()
        },
    ];
    for swap in swapped {
        let bob = site.signed_in("bob@example.com").await;
        assert_known(site, &bob).await;
        let key = session_id(&bob).lookup_key();
        let of_bob = record(writer.as_ref(), &bob).await;
        writer.remove(&key).await.unwrap();
        let row = swap(&of_alice, &of_bob);
        writer.insert(&key, row).await.unwrap();
        for n in [0, 1] {
            assert_nobody(kind, site, n, &bob).await;
        }
    }
    // Another's tokens behind his own identity: he is known by that, but they are not given out.
    let bob = site.signed_in("bob@example.com").await;
    let key = session_id(&bob).lookup_key();
    let of_bob = record(writer.as_ref(), &bob).await;
    writer.remove(&key).await.unwrap();
    let row = Record {
        tokens: of_alice.tokens.clone(),
        ..of_bob
    };
    writer.insert(&key, row).await.unwrap();
    for n in [0, 1] {
        let answer = site.at(n, &bob).get("/auth/token").await;
        assert_eq!(answer.status, 401, "{}", answer.body);
    }
    assert_known(site, &alice).await;
}

async fn garbage(kind: Kind, store: &Store, site: &Site) {
    let other = site.signed_in(ALICE).await;
    for n in 0..5 {
        let browser = site.signed_in(ALICE).await;
        assert_known(site, &browser).await;
        let row = record(store.open().await.as_ref(), &browser).await;
        spoil(store, &session_id(&browser).lookup_key(), &row, n);
        for n in [0, 1] {
            assert_nobody(kind, site, n, &browser).await;
            // Nor does it do harm where all of somebody's sessions are looked at.
            let devices = site.at(n, &other).get("/api/v1/auth/sessions").await;
            assert!(
                [200, 503].contains(&devices.status.as_u16()),
                "{}",
                devices.body
            );
            let mut leaving = site.at(n, &browser);
            assert_eq!(leaving.post("/api/v1/auth/logout").await.status, 200);
        }
        assert_known(site, &other).await;
    }
    assert_known(site, &site.signed_in(ALICE).await).await;
}

/// Puts something into a row that no server writes.
fn spoil(store: &Store, key: &LookupKey, row: &Record, n: usize) {
    match store {
        Store::Redis { server, .. } => {
            let name = format!("session:{{{}}}", URL_SAFE_NO_PAD.encode(key.as_bytes()));
            let name = name.as_bytes();
            let (command, rest): (&str, &[&[u8]]) = match n {
                0 => ("SET", &[b"garbage"]),
                1 => ("SET", &[b""]),
                2 => ("SETRANGE", &[b"0", b"\xff"]),
                3 => ("APPEND", &[b"more"]),
                _ => ("SETRANGE", &[b"60", b"\xff\xff\xff\xff"]),
            };
            let words = [&[command.as_bytes(), name], rest].concat();
            server.query(&words).unwrap();
        }
        Store::Postgres { server, url } => {
            let change = [
                "identity = '\\x00'",
                "identity = ''",
                "user_index = '\\x1234'",
                "version = -1",
                "identity = identity || '\\x00'",
            ][n];
            let hex: String = key.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
            let sql =
                format!("UPDATE cogward_session SET {change} WHERE key = '\\x{hex}' RETURNING 1");
            assert_eq!(server.query(url, &sql), "1");
        }
        Store::DynamoDb(server) => {
            let name = format!("session:{}", URL_SAFE_NO_PAD.encode(key.as_bytes()));
            let found = json!({ "TableName": TABLE, "Key": { "session_id": { "S": name } } });
            let mut item = server.call("GetItem", &found)["Item"].clone();
            let identity = STANDARD.encode([&*row.identity, b"\0"].concat());
            match n {
                0 => item["identity"] = json!({ "S": "garbage" }),
                1 => item["format"] = json!({ "N": "99" }),
                2 => drop(item.as_object_mut().unwrap().remove("owner")),
                3 => item["ttl"] = json!({ "N": "1e30" }),
                _ => item["identity"] = json!({ "B": identity }),
            }
            let put: Value = json!({ "TableName": TABLE, "Item": item });
            let _none = server.call("PutItem", &put);
        }
    }
}

async fn assert_known(site: &Site, browser: &Browser) {
    for n in [0, 1] {
        let answer = me(site.at(n, browser)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// Nobody, or nobody can tell; at once, or, where copies are kept, as soon as the server is told.
async fn assert_nobody(kind: Kind, site: &Site, n: usize, browser: &Browser) {
    if let Kind::Redis = kind {
        until("the server is told", async || {
            me(site.at(n, browser)).await.status != 200
        })
        .await;
    }
    for path in ["/auth/me", "/auth/token", "/api/v1/auth/check"] {
        let answer = site.at(n, browser).get(path).await;
        match answer.status.as_u16() {
            401 => {}
            _ => assert_kept(&answer),
        }
    }
}
