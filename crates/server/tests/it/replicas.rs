//! Several servers that share a store: tokens are renewed once, whatever becomes of who does it.

use std::sync::Arc;
use std::time::Duration;

use cogward_session::{Holder, Lease, LookupKey, Record};
use cogward_testkit::{Answer, Browser, StoreKind, TestApp};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{assert_kept, refresh_at_pool, token_calls, until};

const ALICE: &str = "user@example.com";
/// One of each kind: what one process keeps to itself is the same object here, what several
/// share is opened by each.
const STORES: [StoreKind; 4] = [
    StoreKind::Memory,
    StoreKind::RedisCached,
    StoreKind::Postgres,
    StoreKind::DynamoDb,
];
const OLD: &str = "the old secret, of thirty-two characters";
const NEW: &str = "the new secret, of thirty-two characters";

/// Two servers and a browser that is signed in, its access token still good.
struct Replicas {
    one: TestApp,
    two: TestApp,
    browser: Browser,
}

impl Replicas {
    async fn start(rotation: bool, store: StoreKind) -> Self {
        let builder = || {
            TestApp::builder()
                .store(store)
                .settings(move |settings| settings.refresh_rotation = rotation)
        };
        let one = builder().start().await;
        let two = builder().replica_of(&one).start().await;
        let settings = json!({ "refresh_rotation": rotation, "refresh_grace_seconds": 0 });
        one.local("settings", settings).await;
        let mut browser = one.browser();
        one.sign_in(&mut browser, ALICE).await;
        Self { one, two, browser }
    }

    /// The same browser, as each of the servers sees it.
    fn tabs(&self) -> [Browser; 2] {
        [&self.one, &self.two].map(|app| at(app, &self.browser))
    }

    fn key(&self) -> LookupKey {
        self.one.session_id(&self.browser).lookup_key()
    }

    async fn record(&self) -> Arc<Record> {
        let store = self.one.store.behind();
        let found = store.load(&self.key(), self.one.auth.now()).await.unwrap();
        found.unwrap()
    }

    /// What is stored is what Cognito takes.
    async fn assert_renewable(&self) {
        let token = self.one.token_set(&self.browser).await.refresh_token;
        let token = token.unwrap();
        assert_eq!(refresh_at_pool(&self.one, token.expose()).await, 200);
    }
}

fn every_case() -> impl Iterator<Item = (StoreKind, bool)> {
    let both = |store| [(store, false), (store, true)];
    STORES.into_iter().flat_map(both)
}

fn at(app: &TestApp, browser: &Browser) -> Browser {
    let mut other = app.browser();
    other.set_cookie(
        "cogward_session",
        browser.cookie("cogward_session").unwrap(),
    );
    other
}

async fn me(mut tab: Browser) -> Answer {
    tab.get("/auth/me").await
}

#[tokio::test(flavor = "multi_thread")]
async fn t71_many_requests_at_two_servers_are_one_refresh() {
    for (store, rotation) in every_case() {
        let replicas = Replicas::start(rotation, store).await;
        for _ in 0..3 {
            replicas.one.advance(3601).await;
            let calls = token_calls(&replicas.one).await;
            let tabs = std::iter::repeat_with(|| replicas.tabs())
                .take(50)
                .flatten();
            for answer in join_all(tabs.map(me)).await {
                assert_eq!(answer.status, 200, "{}", answer.body);
                assert_eq!(answer.json()["email"], ALICE);
            }
            assert_eq!(token_calls(&replicas.one).await, calls + 1);
        }
        replicas.assert_renewable().await;
    }
}

#[tokio::test]
async fn a_refresh_asked_for_at_both_servers_is_one() {
    for store in STORES {
        let replicas = Replicas::start(true, store).await;
        let calls = token_calls(&replicas.one).await;
        let asked = replicas
            .tabs()
            .map(async |mut tab| tab.post("/auth/refresh").await);
        for answer in join_all(asked).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        assert_eq!(token_calls(&replicas.one).await, calls + 1);
    }
}

#[tokio::test]
async fn t73_a_server_that_died_holds_up_the_next_for_seconds() {
    for store in STORES {
        let replicas = Replicas::start(false, store).await;
        replicas.one.advance(3601).await;
        let (store, now) = (replicas.one.store.behind(), replicas.one.auth.now());
        let dead = Holder::from_bytes([1; 16]);
        let lease = store.lease(&replicas.key(), &dead, now, 3).await.unwrap();
        assert_eq!(lease, Lease::Granted);
        // Each waits for the lease to run out; one of them takes it.
        for answer in join_all(replicas.tabs().map(me)).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        assert_eq!(token_calls(&replicas.one).await, 2);
    }
}

/// It spent the refresh token, then nobody heard of it for a while.
#[tokio::test]
async fn a_server_that_was_stopped_in_mid_refresh_costs_nobody_his_session() {
    for store in STORES {
        let replicas = Replicas::start(true, store).await;
        replicas.one.advance(3601).await;
        let [one, two] = replicas.tabs();
        let stopped = replicas.one.store.hold("replace");
        let first = tokio::spawn(me(one));
        until("it has the new tokens", async || {
            replicas.one.store.calls("replace") == 1
        })
        .await;
        replicas.one.store.fail("lease", 1000);
        replicas.one.clock.advance(3);
        let mut second = two.copy();
        assert_kept(&second.get("/auth/me").await);
        assert_eq!(token_calls(&replicas.one).await, 3, "the second one tried");
        drop(stopped);
        until("both have a session", async || {
            me(two.copy()).await.status == 200
        })
        .await;
        first.await.unwrap();
        replicas.assert_renewable().await;
    }
}

/// It had its turn, was stopped before Cognito heard of it, and goes on long after another
/// renewed the tokens and gave its turn back: what it is told is of a token that counts no more.
#[tokio::test]
async fn a_server_that_was_stopped_for_long_ends_nothing_and_undoes_nothing() {
    for spent in [false, true] {
        let replicas = Replicas::start(true, StoreKind::Memory).await;
        replicas.one.advance(3601).await;
        let [one, two] = replicas.tabs();
        // Before or after it spent the refresh token.
        let stopped_at = if spent { "replace" } else { "load" };
        let before = replicas.one.store.calls(stopped_at);
        let mut first = one.copy();
        let first = match spent {
            true => tokio::spawn(async move { first.get("/auth/me").await }),
            false => {
                let delayed = json!({ "op": "GetTokensFromRefreshToken", "delay_ms": 4500,
                    "times": 1 });
                replicas.one.local("faults", delayed).await;
                tokio::spawn(async move { first.get("/auth/me").await })
            }
        };
        let stopped = spent.then(|| replicas.one.store.hold("replace"));
        until("the first has its turn", async || {
            replicas.one.store.calls(stopped_at) > before && token_calls(&replicas.one).await >= 2
        })
        .await;
        replicas.one.store.fail("lease", 1000);
        replicas.one.clock.advance(3);
        if !spent {
            until("the second renews", async || {
                me(two.copy()).await.status == 200
            })
            .await;
        }
        replicas.one.clock.advance(20);
        drop(stopped);
        let _late = first.await.unwrap();
        until("nobody is signed out", async || {
            assert_ne!(me(one.copy()).await.status, 401);
            assert_ne!(me(two.copy()).await.status, 401);
            me(two.copy()).await.status == 200
        })
        .await;
        replicas.one.store.fail("lease", 0);
        replicas.assert_renewable().await;
    }
}

/// Longer than any lease: whoever comes first once the store is back must not take the token
/// that was spent for a dead one.
#[tokio::test]
async fn a_store_that_is_away_for_minutes_in_mid_rotation_costs_nobody_his_session() {
    let replicas = Replicas::start(true, StoreKind::Memory).await;
    replicas.one.advance(3601).await;
    let [one, two] = replicas.tabs();
    let away = replicas.one.store.hold("replace");
    replicas.one.store.fail("lease", 0);
    let first = tokio::spawn(me(one.copy()));
    until("it has the new tokens", async || {
        replicas.one.store.calls("replace") == 1
    })
    .await;
    replicas.one.store.fail("lease", 1000);
    replicas.one.clock.advance(500);
    assert_kept(&me(two.copy()).await);
    drop(away);
    until("both have a session", async || {
        me(two.copy()).await.status == 200
    })
    .await;
    first.await.unwrap();
    replicas.assert_renewable().await;
}

/// Tokens that Cognito has just issued are not out of date; the clock is.
#[tokio::test]
async fn a_server_whose_clock_is_wrong_ends_no_session() {
    for rotation in [false, true] {
        let replicas = Replicas::start(rotation, StoreKind::Memory).await;
        let mut tab = at(&replicas.one, &replicas.browser);
        // Cognito's clock stays where it is.
        replicas.one.clock.advance(3700);
        assert_kept(&tab.get("/auth/me").await);
        replicas.one.clock.advance(-3700);
        assert_eq!(tab.get("/auth/me").await.status, 200);
        assert_eq!(tab.post("/auth/refresh").await.status, 200);
        replicas.assert_renewable().await;
    }
}

/// The idle deadline of somebody who is there must not pass because of it.
#[tokio::test]
async fn a_last_seen_time_that_was_not_written_is_written_a_minute_later() {
    let replicas = Replicas::start(false, StoreKind::Memory).await;
    let [mut tab, _] = replicas.tabs();
    replicas.one.store.fail("touch", 1);
    for _ in 0..6 {
        replicas.one.advance(30).await;
        assert_eq!(tab.get("/auth/me").await.status, 200);
    }
    assert!(replicas.one.store.calls("touch") >= 2);
    let seen = replicas.record().await.last_seen_at;
    assert!(seen.seconds_until(replicas.one.auth.now()) <= 61);
}

#[tokio::test]
async fn a_sign_in_beyond_the_limit_ends_the_session_that_was_not_used_for_longest() {
    let limited = TestApp::builder().settings(|settings| settings.max_sessions = 3);
    let app = limited.start().await;
    let mut browsers = Vec::new();
    for _ in 0..5 {
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        browsers.push(browser);
        app.advance(1).await;
    }
    let mut bob = app.browser();
    app.sign_in(&mut bob, "admin@example.com").await;
    until("two of them are over", async || {
        let mut alive = 0;
        for browser in &browsers {
            alive += usize::from(me(browser.copy()).await.status == 200);
        }
        alive == 3
    })
    .await;
    for (number, browser) in browsers.into_iter().enumerate() {
        let expected = if number < 2 { 401 } else { 200 };
        assert_eq!(me(browser).await.status, expected, "{number}");
    }
    assert_eq!(me(bob).await.status, 200);
}

/// With rotation and no grace a token that was spent by a server which then died is lost.
#[tokio::test]
async fn a_token_that_a_dead_server_spent_ends_the_session_in_the_end() {
    let replicas = Replicas::start(true, StoreKind::Memory).await;
    replicas.one.advance(3601).await;
    let (store, now) = (replicas.one.store.behind(), replicas.one.auth.now());
    let dead = Holder::from_bytes([1; 16]);
    store.lease(&replicas.key(), &dead, now, 1).await.unwrap();
    let token = replicas
        .one
        .token_set(&replicas.browser)
        .await
        .refresh_token;
    let refused = json!({ "op": "GetTokensFromRefreshToken", "status": 400,
        "type": "NotAuthorizedException", "times": 1000 });
    replicas.one.local("faults", refused).await;
    replicas.one.clock.advance(1);
    let [mut tab, _] = replicas.tabs();
    assert_kept(&tab.get("/auth/me").await);
    assert!(token.is_some());
    let end = async || tab.copy().get("/auth/me").await.status == 401;
    let waited = tokio::time::timeout(Duration::from_secs(50), async {
        while !end().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    waited.await.expect("it ends");
}

/// Without a dead server in between, a refusal counts at once.
#[tokio::test]
async fn t68_a_refusal_ends_the_session_at_both_servers() {
    for (store, rotation) in every_case() {
        let replicas = Replicas::start(rotation, store).await;
        replicas.one.advance(3601).await;
        for op in ["oauth2/token", "GetTokensFromRefreshToken"] {
            let kind = if op == "oauth2/token" {
                "invalid_grant"
            } else {
                "NotAuthorizedException"
            };
            replicas.one.fault(op, 400, kind, 1).await;
        }
        for tab in replicas.tabs() {
            let answer = me(tab).await;
            assert_eq!(answer.status, 401, "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn t64_a_logout_at_one_server_beats_a_refresh_at_the_other() {
    for (store, rotation) in every_case() {
        let replicas = Replicas::start(rotation, store).await;
        replicas.one.advance(3601).await;
        let [one, mut two] = replicas.tabs();
        let slow = replicas.one.store.hold("replace");
        let refreshing = tokio::spawn(me(one));
        until("it has the new tokens", async || {
            replicas.one.store.calls("replace") == 1
        })
        .await;
        assert_eq!(two.copy().post("/api/v1/auth/logout").await.status, 200);
        drop(slow);
        assert_eq!(refreshing.await.unwrap().status, 401);
        assert_eq!(two.get("/auth/me").await.status, 401);
        if rotation {
            until("the rotated token is revoked", async || {
                replicas.one.calls("oauth2/revoke").await + replicas.one.calls("RevokeToken").await
                    >= 2
            })
            .await;
        }
    }
}

/// Sealing anew is a write like another: new tokens are not lost to it.
#[tokio::test]
async fn a_record_sealed_anew_in_mid_refresh_keeps_the_new_tokens() {
    let rotating = || TestApp::builder().settings(|settings| settings.refresh_rotation = true);
    let one = rotating().secrets(&[OLD, NEW]).start().await;
    let two = rotating().secrets(&[NEW, OLD]).replica_of(&one);
    let two = two.start().await;
    let settings = json!({ "refresh_rotation": true, "refresh_grace_seconds": 0 });
    one.local("settings", settings).await;
    let mut browser = one.browser();
    one.sign_in(&mut browser, ALICE).await;
    let replicas = Replicas { one, two, browser };
    let version = replicas.record().await.version;
    let slow = replicas.one.store.hold("replace");
    let [mut one, mut two] = replicas.tabs();
    let refreshing = tokio::spawn(async move { one.post("/auth/refresh").await });
    until("it has the new tokens", async || {
        replicas.one.store.calls("replace") == 1
    })
    .await;
    replicas.one.clock.advance(61);
    assert_eq!(two.get("/auth/me").await.status, 200);
    assert_eq!(replicas.two.store.calls("replace"), 1, "sealed anew");
    assert_eq!(replicas.record().await.version, version + 1);
    drop(slow);
    assert_eq!(refreshing.await.unwrap().status, 200);
    assert_eq!(replicas.record().await.version, version + 2);
    assert_eq!(two.get("/auth/me").await.status, 200);
    replicas.assert_renewable().await;
}

#[tokio::test]
async fn a_session_in_use_is_sealed_with_the_new_key_within_a_minute() {
    let both = TestApp::builder().secrets(&[OLD]).start().await;
    let mut browser = both.browser();
    both.sign_in(&mut browser, ALICE).await;
    both.auth.set_ring(ring(&[NEW, OLD]));
    for _ in 0..2 {
        both.advance(61).await;
        assert_eq!(browser.get("/auth/me").await.status, 200);
    }
    assert_eq!(both.store.calls("replace"), 1, "sealed anew once");
    assert_eq!(both.store.calls("touch"), 1, "then only seen");
    let id = both.session_id(&browser);
    let found = both
        .store
        .behind()
        .load(&id.lookup_key(), both.auth.now())
        .await;
    let record = found.unwrap().unwrap();
    let new = ring(&[NEW]);
    use cogward_session::seal;
    seal::open_identity(&new, &id, record.version, &record.identity).unwrap();
    seal::open_tokens(&new, &id, record.version, &record.tokens).unwrap();
    seal::open_device(&new, &id.lookup_key(), &record.device).unwrap();
    let devices = browser.get("/api/v1/auth/sessions").await;
    assert_eq!(devices.json()["sessions"].as_array().unwrap().len(), 1);
    // What the dropped key signed is refused, what was opened with it is not remembered.
    both.auth.set_ring(new);
    assert_eq!(browser.get("/auth/me").await.status, 401);
}

fn ring(secrets: &[&str]) -> cogward_session::KeyRing {
    let secret = |text: &&str| cogward_session::Secret::from((*text).to_owned());
    let secrets: Vec<_> = secrets.iter().map(secret).collect();
    cogward_session::KeyRing::new(&secrets, &[]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_write_one_last_seen_time() {
    let replicas = Replicas::start(false, StoreKind::RedisCached).await;
    for minute in 1..4 {
        replicas.one.advance(61).await;
        let tabs = std::iter::repeat_with(|| replicas.tabs())
            .take(25)
            .flatten();
        for answer in join_all(tabs.map(me)).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        for app in [&replicas.one, &replicas.two] {
            assert!(app.store.calls("touch") <= minute, "one by each server");
        }
    }
    let touched = replicas.one.store.calls("touch") + replicas.two.store.calls("touch");
    assert!(touched >= 3, "{touched}");
}

/// The refresh token of another device cannot be opened by who ends it; its own cookie opens it.
#[tokio::test]
async fn a_device_ended_from_elsewhere_has_its_refresh_token_revoked_when_it_comes() {
    for (store, everywhere) in every_case() {
        let replicas = Replicas::start(false, store).await;
        let mut other = replicas.two.browser();
        replicas.two.sign_in(&mut other, ALICE).await;
        let token = replicas.two.token_set(&other).await.refresh_token.unwrap();
        let handle = replicas.two.session_id(&other).lookup_key().handle();
        let [mut one, _] = replicas.tabs();
        let ended = match everywhere {
            true => {
                let others = json!({ "others": true });
                one.post_json("/api/v1/auth/logout/all", &others).await
            }
            false => {
                let path = format!("/api/v1/auth/sessions/{handle}");
                let request = one.request(Method::DELETE, &path);
                one.send(request).await
            }
        };
        assert_eq!(ended.status, 200, "{}", ended.body);
        let revoked = async || refresh_at_pool(&replicas.one, token.expose()).await == 400;
        assert!(!revoked().await, "nobody can open it yet");
        for tab in [at(&replicas.one, &other), at(&replicas.two, &other)] {
            until("signed out here too", async || {
                me(tab.copy()).await.status == 401
            })
            .await;
        }
        until("the token is revoked", revoked).await;
        let devices: Value = one.get("/api/v1/auth/sessions").await.json();
        assert_eq!(devices["sessions"].as_array().unwrap().len(), 1);
        replicas.assert_renewable().await;
    }
}

/// A flood of a dead cookie is not a flood of writes.
#[tokio::test]
async fn an_ended_session_is_looked_after_once() {
    let replicas = Replicas::start(false, StoreKind::RedisCached).await;
    let [mut one, two] = replicas.tabs();
    assert_eq!(one.copy().post("/api/v1/auth/logout").await.status, 200);
    let before = replicas.one.store.calls("take_login");
    for _ in 0..20 {
        assert_eq!(one.get("/auth/me").await.status, 401);
    }
    assert_eq!(me(two).await.status, 401);
    assert!(replicas.one.store.calls("take_login") <= before + 1);
}
