//! Signing out everywhere reaches the tokens that pages and apps hold themselves.

use cogward_auth::revocation;
use cogward_pool::{POOL_ID, PUBLIC_CLIENT_ID};
use cogward_session::{RevocationMark, Timestamp, UserIndex};
use cogward_testkit::{Answer, Browser, StoreKind, TestApp};
use serde_json::{Value, json};

use crate::support::{assert_kept, claims, pool_call, refresh_at_pool, tokens, until};

const ALICE: &str = "user@example.com";
const BOB: &str = "admin@example.com";
/// What the others do is in the stores' contract.
const STORES: [StoreKind; 4] = [
    StoreKind::Memory,
    StoreKind::Sqlite,
    StoreKind::RedisCached,
    StoreKind::Postgres,
];

async fn signed_in(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    browser
}

/// The tokens that a page gets from its session.
async fn pair_of(browser: &mut Browser) -> Value {
    let answer = browser.get("/auth/token").await.json();
    json!({ "access_token": answer["access_token"], "id_token": answer["id_token"] })
}

/// By a browser that has no session.
async fn hand_over(app: &TestApp, pair: &Value) -> Answer {
    app.browser().post_json("/auth/session", pair).await
}

async fn end(browser: &mut Browser, others: bool) -> Answer {
    let scope = json!({ "others": others });
    browser.post_json("/api/v1/auth/logout/all", &scope).await
}

async fn refuses(app: &TestApp, token: &Value) -> bool {
    let claims = claims(token);
    let sub = claims["sub"].as_str().unwrap();
    let (iat, sign_in) = (claims["iat"].as_i64().unwrap(), &claims["origin_jti"]);
    let refused = revocation::refuses(&app.auth, POOL_ID, sub, iat, sign_in.as_str());
    refused.await.unwrap()
}

async fn assert_refused(app: &TestApp, pair: &Value) {
    assert!(refuses(app, &pair["access_token"]).await);
    assert!(refuses(app, &pair["id_token"]).await);
    let answer = hand_over(app, pair).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(
        answer.json(),
        json!({ "error": "Token verification failed" })
    );
    assert_eq!(answer.set_cookies(), Vec::<String>::new());
}

async fn assert_good(app: &TestApp, pair: &Value) {
    assert!(!refuses(app, &pair["access_token"]).await);
    let answer = hand_over(app, pair).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn user(app: &TestApp, pair: &Value) -> UserIndex {
    let claims = claims(&pair["id_token"]);
    app.ring
        .user_index(POOL_ID, claims["sub"].as_str().unwrap())
}

#[tokio::test]
async fn tokens_issued_before_signing_out_everywhere_are_refused() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let (mut one, mut other) = (signed_in(&app).await, signed_in(&app).await);
        let (own, others) = (pair_of(&mut one).await, pair_of(&mut other).await);
        let (apart, bobs) = (tokens(&app, ALICE).await, tokens(&app, BOB).await);
        for pair in [&own, &others, &apart, &bobs] {
            assert_good(&app, pair).await;
        }
        assert_eq!(end(&mut one, false).await.status, 200);
        for pair in [&own, &others, &apart] {
            assert_refused(&app, pair).await;
        }
        assert_good(&app, &bobs).await;
    }
}

#[tokio::test]
async fn a_pair_is_as_old_as_the_older_of_its_tokens() {
    let app = TestApp::start().await;
    let (mut browser, old) = (signed_in(&app).await, tokens(&app, ALICE).await);
    assert_eq!(end(&mut browser, false).await.status, 200);
    let ask = json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": PUBLIC_CLIENT_ID,
        "AuthParameters": { "REFRESH_TOKEN": old["refresh_token"] },
    });
    let renewed = pool_call(&app, "InitiateAuth", &ask).await.json();
    let renewed = &renewed["AuthenticationResult"];
    let (access, id) = (&renewed["AccessToken"], &renewed["IdToken"]);
    for (access, id) in [(&old["access_token"], id), (access, &old["id_token"])] {
        let mixed = json!({ "access_token": access, "id_token": id });
        assert_eq!(hand_over(&app, &mixed).await.status, 403);
    }
    assert_good(&app, &json!({ "access_token": access, "id_token": id })).await;
}

#[tokio::test]
async fn the_very_next_sign_in_is_good() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        let mut browser = signed_in(&app).await;
        let before = pair_of(&mut browser).await;
        // Begun before, finished after.
        let mut beginner = app.browser();
        let callback = app.callback_url(&mut beginner, "/auth/login", ALICE).await;
        assert_eq!(end(&mut browser, false).await.status, 200);
        let next = tokens(&app, ALICE).await;
        assert_good(&app, &next).await;
        beginner.get(callback.as_str()).await;
        app.sign_in(&mut browser, ALICE).await;
        for browser in [&mut browser, &mut beginner] {
            let pair = pair_of(browser).await;
            assert_good(&app, &pair).await;
        }
        assert_refused(&app, &before).await;
    }
}

/// The person was there a moment ago: whatever the clocks say, that counts.
#[tokio::test]
async fn a_sign_in_through_the_hosted_page_makes_a_session_whatever_the_mark() {
    let app = TestApp::start().await;
    let pair = tokens(&app, ALICE).await;
    let later = app.auth.now().plus(1000);
    let mark = RevocationMark::new(later, None);
    let (store, user) = (app.store.behind(), user(&app, &pair));
    store.put_mark(&user, mark, later.plus(1000)).await.unwrap();
    let mut browser = signed_in(&app).await;
    assert_eq!(browser.get("/auth/me").await.status, 200);
    assert_eq!(browser.post("/auth/refresh").await.status, 200);
    assert_refused(&app, &pair).await;
}

#[tokio::test]
async fn the_sign_in_that_ends_the_others_keeps_its_tokens() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let (mut one, mut other) = (signed_in(&app).await, signed_in(&app).await);
        let (own, others) = (pair_of(&mut one).await, pair_of(&mut other).await);
        assert_eq!(end(&mut one, true).await.status, 200);
        assert_eq!(one.get("/auth/me").await.status, 200);
        assert_good(&app, &own).await;
        assert_refused(&app, &others).await;
        // One of another sign-in beside it is not spared, nor one without a name.
        let claims = claims(&own["access_token"]);
        let (sub, iat) = (claims["sub"].as_str().unwrap(), claims["iat"].as_i64());
        for sign_in in [None, Some(""), Some("another")] {
            let refused = revocation::refuses(&app.auth, POOL_ID, sub, iat.unwrap(), sign_in);
            assert!(refused.await.unwrap(), "{sign_in:?}");
        }
        // Spared once is not spared for ever, and refused once is refused for good.
        let mut another = signed_in(&app).await;
        assert_eq!(end(&mut another, true).await.status, 200);
        assert_refused(&app, &own).await;
        assert_refused(&app, &others).await;
    }
}

#[tokio::test]
async fn a_mark_outlives_every_token_and_no_more() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let (mut browser, pair) = (signed_in(&app).await, tokens(&app, ALICE).await);
        assert_eq!(end(&mut browser, false).await.status, 200);
        // Minutes to spare for a slow machine.
        app.clock.advance(24 * 3600 + 200);
        assert!(refuses(&app, &pair["access_token"]).await);
        app.clock.advance(100);
        assert!(!refuses(&app, &pair["access_token"]).await);
        if app.store.behind().sweep(app.auth.now(), 100).await.unwrap() == 0 {
            // It has an expiry of its own.
            continue;
        }
        let users = [user(&app, &pair)];
        let start = Timestamp::from_secs(0);
        let mark = app.store.behind().mark(&users, start).await;
        assert_eq!(mark.unwrap(), None);
    }
}

#[tokio::test]
async fn a_mark_survives_a_restart_and_a_change_of_keys() {
    const OLD: &str = "the old secret, of thirty-two characters";
    const NEW: &str = "the new secret, of thirty-two characters";
    let folder = tempfile::tempdir().unwrap();
    let on_disk = |secrets: &[&str]| {
        let builder = TestApp::builder().store(StoreKind::Sqlite);
        builder.data(folder.path().into()).secrets(secrets)
    };
    let app = on_disk(&[OLD]).start().await;
    let (mut browser, pair) = (signed_in(&app).await, tokens(&app, ALICE).await);
    assert_eq!(end(&mut browser, false).await.status, 200);
    let again = on_disk(&[NEW, OLD]).beside(&app);
    app.stop().await;
    let app = again.start().await;
    assert_refused(&app, &pair).await;
    // Marks under both keys.
    let (mut browser, next) = (signed_in(&app).await, tokens(&app, ALICE).await);
    assert_good(&app, &next).await;
    assert_eq!(end(&mut browser, true).await.status, 200);
    assert_refused(&app, &pair).await;
    assert_refused(&app, &next).await;
}

/// Marked first and ended then: in between a session can renew its tokens.
#[tokio::test]
async fn tokens_renewed_while_the_sessions_end_are_refused_too() {
    let app = TestApp::start().await;
    let (mut one, mut other) = (signed_in(&app).await, signed_in(&app).await);
    let hold = app.store.hold("remove");
    let meanwhile = async {
        until("marked", async || app.store.calls("remove") > 0).await;
        app.advance(100).await;
        assert_eq!(other.post("/auth/refresh").await.status, 200);
        let renewed = pair_of(&mut other).await;
        assert!(!refuses(&app, &renewed["access_token"]).await);
        drop(hold);
        renewed
    };
    let (answer, renewed) = tokio::join!(end(&mut one, false), meanwhile);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(other.get("/auth/me").await.status, 401);
    assert_refused(&app, &renewed).await;
    assert_good(&app, &tokens(&app, ALICE).await).await;
}

/// Its tokens were good when they were looked at, and its session was not there to be ended.
#[tokio::test]
async fn a_session_handed_over_in_the_middle_of_it_does_not_stay() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let (mut one, pair) = (signed_in(&app).await, tokens(&app, ALICE).await);
        let (hold, inserts) = (app.store.hold("insert"), app.store.calls("insert"));
        let end_meanwhile = async {
            let calls = async || app.store.calls("insert") > inserts;
            until("looked at", calls).await;
            let ended = end(&mut one, false).await;
            drop(hold);
            ended
        };
        let (answer, ended) = tokio::join!(hand_over(&app, &pair), end_meanwhile);
        assert_eq!(ended.status, 200, "{}", ended.body);
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        let users = [user(&app, &pair)];
        let left = app.store.behind().list(&users, app.auth.now()).await;
        assert_eq!(left.unwrap().len(), 0);
    }
}

/// The second look at the marks comes when the session is there already.
#[tokio::test]
async fn a_store_that_fails_halfway_through_a_hand_over_leaves_everything_as_it_was() {
    let app = TestApp::start().await;
    let (mut browser, pair) = (signed_in(&app).await, tokens(&app, ALICE).await);
    let (hold, inserts) = (app.store.hold("insert"), app.store.calls("insert"));
    let fail_meanwhile = async {
        let calls = async || app.store.calls("insert") > inserts;
        until("looked at", calls).await;
        app.store.fail("mark", 1);
        drop(hold);
    };
    let handing = browser.post_json("/auth/session", &pair);
    let (answer, ()) = tokio::join!(handing, fail_meanwhile);
    assert_kept(&answer);
    assert_eq!(answer.set_cookies(), Vec::<String>::new());
    assert_eq!(browser.get("/auth/me").await.status, 200);
    let users = [user(&app, &pair)];
    let left = app.store.behind().list(&users, app.auth.now()).await;
    assert_eq!(left.unwrap().len(), 1);
    let refresh_token = pair["refresh_token"].as_str().unwrap();
    assert_eq!(refresh_at_pool(&app, refresh_token).await, 200);
}

#[tokio::test]
async fn a_store_that_fails_undoes_nothing_and_lets_nothing_through() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let (mut one, mut other) = (signed_in(&app).await, signed_in(&app).await);
        let pair = tokens(&app, ALICE).await;
        app.store.fail("put_mark", 1);
        assert_kept(&end(&mut one, false).await);
        for browser in [&mut one, &mut other] {
            assert_eq!(browser.get("/auth/me").await.status, 200);
        }
        app.store.fail("mark", 1);
        assert_kept(&hand_over(&app, &pair).await);
        assert_good(&app, &pair).await;
        for op in ["list", "remove"] {
            app.store.fail(op, 1);
            assert_kept(&end(&mut one, false).await);
            assert_eq!(one.get("/auth/me").await.status, 200);
            assert_refused(&app, &pair).await;
        }
        assert_eq!(end(&mut one, false).await.status, 200);
        for browser in [&mut one, &mut other] {
            assert_eq!(browser.get("/auth/me").await.status, 401);
        }
    }
}
