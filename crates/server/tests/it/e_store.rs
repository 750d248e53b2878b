//! Threats E: the session store lies, forgets, is copied or is asked odd things.

use std::collections::HashMap;
use std::time::Duration;

use cogward_session::{LoginKey, Record, SessionId, Timestamp};
use cogward_testkit::{Answer, Browser, Builder, StoreKind, TestApp, TokenAnswer, holds_a_token};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    claims, raw, refresh_at_pool, session_operations, token_calls, tokens, until,
};

const ALICE: &str = "user@example.com";
const BOB: &str = "admin@example.com";
const STORES: [StoreKind; 6] = StoreKind::ALL;

async fn record(app: &TestApp, browser: &Browser) -> Record {
    let key = app.session_id(browser).lookup_key();
    let found = app.store.behind().load(&key, app.auth.now()).await.unwrap();
    Record::clone(&found.unwrap())
}

/// Puts a record where another was, whatever its version.
async fn put(app: &TestApp, at: &SessionId, record: Record) {
    let (store, key) = (app.store.behind(), at.lookup_key());
    // Some stores drop what has expired at once.
    let _was = store.remove(&key).await.unwrap();
    store.insert(&key, record).await.unwrap();
}

/// Every route that needs a session refuses this browser, in no other way than 401.
async fn refused_everywhere(app: &TestApp, browser: &Browser, what: &str) {
    for (method, path) in session_operations(app).await {
        let mut tab = browser.copy();
        let request = tab.request(method.clone(), &path).header("x-l42-csrf", "1");
        let answer = tab.send(request).await;
        assert_eq!(
            answer.status, 401,
            "{what}: {method} {path}: {}",
            answer.body
        );
        assert!(!holds_a_token(&answer.body), "{what}: {method} {path}");
    }
}

#[tokio::test]
async fn t55_a_row_in_another_rows_place_does_not_open() {
    for kind in STORES {
        let app = TestApp::builder().store(kind).start().await;
        let (mut alice, mut bob) = (app.browser(), app.browser());
        app.sign_in(&mut alice, ALICE).await;
        app.sign_in(&mut bob, BOB).await;
        let (of_alice, of_bob) = (record(&app, &alice).await, record(&app, &bob).await);
        let swaps = [
            ("the whole row", of_bob.clone()),
            (
                "identity",
                Record {
                    identity: of_bob.identity.clone(),
                    ..of_alice.clone()
                },
            ),
            (
                "device as identity",
                Record {
                    identity: of_alice.device.clone(),
                    ..of_alice.clone()
                },
            ),
            (
                "tokens as identity",
                Record {
                    identity: of_alice.tokens.clone(),
                    ..of_alice.clone()
                },
            ),
            (
                "another version",
                Record {
                    version: 7,
                    ..of_alice.clone()
                },
            ),
        ];
        for (what, swapped) in swaps {
            put(&app, &app.session_id(&alice), swapped).await;
            refused_everywhere(&app, &alice, what).await;
        }
        for tokens in [&of_bob.tokens, &of_alice.identity, &of_alice.device] {
            let swapped = Record {
                tokens: tokens.clone(),
                ..of_alice.clone()
            };
            put(&app, &app.session_id(&alice), swapped).await;
            let answer = alice.copy().get("/auth/token").await;
            assert_eq!(answer.status, 401, "tokens: {}", answer.body);
            let answer = alice.copy().post("/auth/refresh").await;
            assert_eq!(answer.status, 401, "tokens: {}", answer.body);
        }
        put(&app, &app.session_id(&alice), of_alice.clone()).await;
        let me = alice.get("/auth/me").await;
        assert_eq!(me.json()["email"], ALICE, "put back, it opens: {}", me.body);
        assert_eq!(bob.get("/auth/me").await.json()["email"], BOB);
    }
}

#[tokio::test]
async fn t56_old_keys_open_while_they_are_in_the_ring_and_not_after() {
    const OLD: &str = "the old secret, of thirty-two characters";
    const NEW: &str = "the new secret, of thirty-two characters";
    let folder = tempfile::tempdir().unwrap();
    let on_disk = |builder: Builder| builder.store(StoreKind::Sqlite).data(folder.path().into());
    let mut app = on_disk(TestApp::builder()).secrets(&[OLD]).start().await;
    let mut cookies: Vec<String> = Vec::new();
    let rings: [(&[&str], &[u16]); 3] = [
        (&[NEW, OLD], &[200]),
        (&[NEW], &[401, 200]),
        (&[OLD], &[200, 401, 401]),
    ];
    for (secrets, expected) in rings {
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        cookies.push(browser.cookie("cogward_session").unwrap().to_owned());
        let restarted = on_disk(TestApp::builder().beside(&app)).secrets(secrets);
        app.stop().await;
        app = restarted.start().await;
        for (cookie, expected) in cookies.iter().zip(expected) {
            let mut browser = app.browser();
            browser.set_cookie("cogward_session", cookie);
            for path in ["/auth/me", "/auth/token", "/api/v1/auth/sessions"] {
                let answer = browser.get(path).await;
                assert_eq!(
                    answer.status, *expected,
                    "{secrets:?} {path}: {}",
                    answer.body
                );
            }
        }
    }
}

/// What a failing disk or a careless hand may leave of a row.
fn ruins(good: &Record) -> Vec<(&'static str, Record)> {
    let identities: [(&str, Box<[u8]>); 4] = [
        ("no identity", Box::default()),
        ("half an identity", half(&good.identity)),
        ("zeros", vec![0; good.identity.len()].into()),
        ("JSON", (*br#"{"sub":"admin"}"#).into()),
    ];
    let mut rows: Vec<(&str, Record)> = identities
        .into_iter()
        .map(|(what, identity)| {
            (
                what,
                Record {
                    identity,
                    ..good.clone()
                },
            )
        })
        .collect();
    let (identity, tokens) = (half(&good.identity), Box::default());
    rows.push((
        "half a row",
        Record {
            identity,
            tokens,
            ..good.clone()
        },
    ));
    rows
}

fn half(blob: &[u8]) -> Box<[u8]> {
    blob[..blob.len() / 2].into()
}

#[tokio::test]
async fn t58_a_failing_or_lying_store_signs_nobody_in() {
    for kind in STORES {
        let app = TestApp::builder().store(kind).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let good = record(&app, &browser).await;
        for (what, row) in ruins(&good) {
            app.store.lie(move |_, _| Some(row.clone()));
            refused_everywhere(&app, &browser, what).await;
        }
        let row = Record {
            tokens: half(&good.tokens),
            ..good.clone()
        };
        app.store.lie(move |_, _| Some(row.clone()));
        for answer in [
            browser.copy().get("/auth/token").await,
            browser.copy().post("/auth/refresh").await,
        ] {
            assert_eq!(answer.status, 401, "half the tokens: {}", answer.body);
        }
        app.store.lie(|_, _| None);
        refused_everywhere(&app, &browser, "no row").await;
        // A made-up row for a made-up cookie: the store may answer what it likes.
        app.store.lie(move |_, _| Some(good.clone()));
        let mut stranger = app.browser();
        for cookie in ["null", "undefined", "{}", "true"] {
            stranger.set_cookie("cogward_session", cookie);
            refused_everywhere(&app, &stranger, cookie).await;
        }
    }
}

#[tokio::test]
async fn t59_an_expired_row_that_the_store_still_returns_is_no_session() {
    for kind in STORES {
        let app = TestApp::builder().store(kind).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        // In the store itself, not yet swept.
        let (key, now) = (app.session_id(&browser).lookup_key(), app.auth.now());
        let store = app.store.behind();
        store.touch(&key, 1, now, now.plus(-1)).await.unwrap();
        refused_everywhere(&app, &browser, "expired in the store").await;
        // A store whose own clean-up is days late.
        app.store.lie(|_, record| Some(record.clone()));
        refused_everywhere(&app, &browser, "expired and returned").await;
        store.touch(&key, 1, now, now.plus(3600)).await.unwrap();
        assert_eq!(browser.get("/auth/me").await.status, 200);
    }
}

#[tokio::test]
async fn t61_extreme_times_of_a_row_are_past_or_bounded() {
    for kind in STORES {
        let app = TestApp::builder().store(kind).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let good = record(&app, &browser).await;
        for past in [0, -1, i64::MIN, 1, i64::from(i32::MIN)] {
            let expires_at = Timestamp::from_secs(past);
            let row = Record {
                expires_at,
                ..good.clone()
            };
            put(&app, &app.session_id(&browser), row).await;
            let answer = browser.get("/auth/me").await;
            assert_eq!(answer.status, 401, "{past}: {}", answer.body);
        }
        // A far deadline in a row does not outlive the sealed absolute one.
        let milliseconds = app.auth.now().as_secs() * 1000;
        for far in [i64::MAX, milliseconds, 1 << 31, 253_402_300_800] {
            let at = Timestamp::from_secs(far);
            let row = Record {
                expires_at: at,
                last_seen_at: at,
                ..good.clone()
            };
            put(&app, &app.session_id(&browser), row).await;
            assert_eq!(browser.get("/auth/me").await.status, 200, "{far}");
        }
        let row = Record {
            expires_at: Timestamp::from_secs(i64::MAX),
            ..good.clone()
        };
        put(&app, &app.session_id(&browser), row).await;
        app.advance(app.auth.settings().absolute_seconds).await;
        assert_eq!(browser.get("/auth/me").await.status, 401);
    }
}

#[tokio::test]
async fn t61_extreme_times_of_a_token_are_refused() {
    let app = TestApp::builder().fake().start().await;
    let now = app.auth.now().as_secs();
    let bad: [Value; 12] = [
        json!(0),
        json!(-1),
        json!(now - 1),
        json!(now * 1000),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(i64::MIN),
        json!("9999999999"),
        json!(null),
        json!([now + 60]),
        json!(now as f64 + 60.5),
    ];
    for exp in &bad {
        for (id_exp, access_exp) in [(exp, &json!(now + 60)), (&json!(now + 60), exp)] {
            let body = app.fake().pair("alice", |id, access| {
                id["exp"] = id_exp.clone();
                access["exp"] = access_exp.clone();
            });
            let answer = app.browser().post_json("/auth/session", &body).await;
            assert_eq!(answer.status, 403, "{exp}: {}", answer.body);
        }
    }
    // 2^31 is a time like others.
    let body = app.fake().pair("alice", |id, access| {
        id["exp"] = json!(1_i64 << 31);
        access["exp"] = json!(1_i64 << 31);
    });
    let mut browser = app.browser();
    let answer = browser.post_json("/auth/session", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.advance(app.auth.settings().absolute_seconds).await;
    assert_eq!(browser.get("/auth/me").await.status, 401);
}

#[tokio::test]
async fn t62_a_cookie_is_no_key() {
    for kind in STORES {
        let app = TestApp::builder().store(kind).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let key = app.session_id(&browser).lookup_key();
        // A sign-in under way, whose state everybody sees in the address bar.
        let mut other = app.browser();
        let begun = other.get("/api/v1/auth/login").await.location();
        let query: HashMap<String, String> = begun.query_pairs().into_owned().collect();
        let state = query["state"].clone();
        let hex: String = key.as_bytes().map(|byte| format!("{byte:02x}")).concat();
        let login = other.cookie("cogward_login").unwrap().to_owned();
        let (loads, writes) = (app.store.calls("load"), app.store.writes());
        let values = [
            "*",
            "../",
            "../../sessions.db",
            "session:abc",
            "' OR 1=1 --",
            "%00",
            "{\"$ne\":1}",
            "x%0d%0aDEL%20session:1",
            &hex,
            &key.handle().to_string(),
            &format!("oauth_state:{state}"),
            &state,
            &login,
            &"A".repeat(94),
            &"A".repeat(50_000),
        ];
        for value in values {
            let mut browser = app.browser();
            browser.set_cookie("cogward_session", value);
            let answer = browser.get("/auth/me").await;
            assert_eq!(answer.status, 401, "{value:.40}: {}", answer.body);
        }
        bytes_that_are_no_cookie(&app).await;
        assert_eq!(
            app.store.calls("load"),
            loads,
            "none of them reached the store"
        );
        assert_eq!(app.store.writes(), writes);
        // A genuine cookie is looked up once, and the state's record is still there.
        assert_eq!(browser.get("/auth/me").await.status, 200);
        assert_eq!(app.store.calls("load"), loads + 1);
        let key = LoginKey::of_state(&state);
        let waiting = app.store.behind().take_login(&key, app.auth.now()).await;
        assert!(waiting.unwrap().is_some());
    }
}

async fn bytes_that_are_no_cookie(app: &TestApp) {
    let (nul, line, latin) = (&b"a\0b"[..], &b"x\r\nDEL session:1"[..], &b"\xff\xfe"[..]);
    for value in [nul, line, latin, &[b'A'; 64 * 1024]] {
        let head = b"GET /auth/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncookie: cogward_session=";
        let answer = raw(app, &[head, value, b"\r\n\r\n"].concat()).await;
        let refused = ["400", "401", "431"]
            .iter()
            .any(|code| answer.starts_with(&format!("HTTP/1.1 {code}")));
        assert!(refused, "{answer:.200}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t64_a_late_refresh_does_not_bring_back_what_was_signed_out() {
    for kind in STORES {
        for rotation in [false, true] {
            let app = TestApp::builder()
                .store(kind)
                .settings(|settings| settings.refresh_rotation = rotation)
                .start()
                .await;
            app.local("settings", json!({ "refresh_rotation": rotation }))
                .await;
            let mut browser = app.browser();
            app.sign_in(&mut browser, ALICE).await;
            let id = app.session_id(&browser);
            let old = app.token_set(&browser).await.refresh_token.unwrap();
            // New tokens are there and about to be written when the person signs out.
            app.advance(11).await;
            let hold = app.store.hold("replace");
            let mut tab = browser.copy();
            let refresh = tokio::spawn(async move { tab.post("/auth/refresh").await });
            until("written soon", async || app.store.calls("replace") > 0).await;
            let mut thief = browser.copy();
            assert_eq!(browser.post("/auth/logout").await.status, 200);
            let revoked = app.calls("oauth2/revoke").await;
            drop(hold);
            let late = refresh.await.unwrap();
            assert_eq!(late.status, 401, "{kind:?} {rotation}: {}", late.body);
            assert!(!holds_a_token(&late.body));
            assert_eq!(thief.get("/auth/me").await.status, 401);
            let row = app
                .store
                .behind()
                .load(&id.lookup_key(), app.auth.now())
                .await;
            assert!(row.unwrap().is_none());
            assert_eq!(refresh_at_pool(&app, old.expose()).await, 400);
            // With rotation there was a second refresh token, which is revoked too.
            assert_eq!(
                app.calls("oauth2/revoke").await,
                revoked + u64::from(rotation)
            );
        }
    }
}

#[tokio::test]
async fn t64_cognito_answers_after_the_sign_out() {
    for kind in STORES {
        let app = TestApp::builder().store(kind).fake().start().await;
        let mut browser = app.browser();
        let pair = app.fake().pair("alice", |_, _| {});
        let started = browser.post_json("/auth/session", &pair).await;
        assert_eq!(started.status, 200, "{}", started.body);
        let id = app.session_id(&browser);
        let mut rotated = app.fake().pair("alice", |_, _| {});
        rotated["refresh_token"] = json!("rotated-while-away");
        let late = Duration::from_millis(1000);
        app.fake()
            .answer(TokenAnswer::Late(late, rotated.to_string()));
        let mut tab = browser.copy();
        let refresh = tokio::spawn(async move { tab.post("/auth/refresh").await });
        until("asked", async || app.fake().token_calls() == 1).await;
        let mut thief = browser.copy();
        assert_eq!(browser.post("/auth/logout").await.status, 200);
        assert_eq!(thief.get("/auth/me").await.status, 401);
        let late = refresh.await.unwrap();
        assert_eq!(late.status, 401, "{}", late.body);
        assert_eq!(thief.get("/auth/me").await.status, 401);
        let row = app
            .store
            .behind()
            .load(&id.lookup_key(), app.auth.now())
            .await;
        assert!(row.unwrap().is_none());
        // The one that it had, and the one that came too late.
        let revoked = app.fake().revocations();
        for token in ["refresh-of-alice", "rotated-while-away"] {
            let count = revoked.iter().filter(|form| form.contains(token)).count();
            assert_eq!(count, 1, "{token}: {revoked:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t65_nobody_gets_anothers_session_under_load() {
    for kind in STORES {
        let app = TestApp::builder().store(kind).start().await;
        let mut people = Vec::new();
        for number in 0..20 {
            let email = format!("person{number}@example.com");
            let user = app.user(&email, &[&format!("group{number}")]).await;
            people.push((email, user["username"].as_str().unwrap().to_owned()));
        }
        // Everybody signs in at once, half of them through the hosted page.
        let sign_ins = people.iter().enumerate().map(|(number, (email, sub))| {
            let app = &app;
            async move {
                let mut browser = app.browser();
                if number % 2 == 0 {
                    app.sign_in(&mut browser, email).await;
                } else {
                    let answer = browser
                        .post_json("/auth/session", &tokens(app, email).await)
                        .await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                }
                (browser, email, sub)
            }
        });
        let people = join_all(sign_ins).await;
        app.advance(3601).await;
        let calls = token_calls(&app).await;
        // The stand-in for DynamoDB does one thing at a time, and not fast.
        let many = if kind == StoreKind::DynamoDb {
            100
        } else {
            500
        };
        let requests = (0..many).map(|number| {
            let round = number / people.len() % 5;
            let (browser, email, sub) = &people[number % people.len()];
            let mut tab = browser.copy();
            async move {
                let path = match round {
                    0 => "/auth/refresh",
                    1 => "/auth/token",
                    2 => "/api/v1/profile",
                    3 => "/auth/me",
                    _ => "/api/v1/auth/check",
                };
                let answer = match round {
                    0 => tab.post(path).await,
                    _ => tab.get(path).await,
                };
                assert_eq!(whose(&answer), **sub, "{path}: {}", answer.body);
                if round == 3 {
                    let group = format!("group{}", &email[6..email.find('@').unwrap()]);
                    assert_eq!(answer.json()["groups"], json!([group]));
                }
            }
        });
        join_all(requests).await;
        assert_eq!(token_calls(&app).await, calls + 20, "each refreshed once");
    }
}

/// Whom an answer speaks of, in any of the shapes there are.
fn whose(answer: &Answer) -> String {
    let body = answer.json();
    if body["id_token"].is_string() {
        let [id, access] = ["id_token", "access_token"].map(|name| claims(&body[name]));
        assert_eq!(id["sub"], access["sub"]);
        return id["sub"].as_str().unwrap().to_owned();
    }
    let subs = [&body["sub"], &body["user_id"], &body["user"]["id"]];
    let sub = subs.iter().find_map(|sub| sub.as_str());
    sub.unwrap_or_default().to_owned()
}
