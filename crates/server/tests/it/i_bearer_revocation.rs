//! Signing out everywhere, as the bearers of tokens come to know it.

use cogward_testkit::{Answer, Browser, StoreKind, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::i_bearer::{ALICE, BOB, INVALID, REVOKED, ROUTES, assert_unknown, bear, builder, text};
use crate::support::tokens;

const STORES: [StoreKind; 3] = [StoreKind::Memory, StoreKind::Sqlite, StoreKind::RedisCached];
const FEED: (Method, &str) = (Method::GET, "/feed");
const KINDS: [&str; 2] = ["access_token", "id_token"];

async fn signed_in(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    browser
}

/// The tokens that a page gets from its session.
async fn pair_of(browser: &mut Browser) -> Value {
    browser.get("/auth/token").await.json()
}

async fn end(browser: &mut Browser, others: bool) {
    let scope = json!({ "others": others });
    let answer = browser.post_json("/api/v1/auth/logout/all", &scope).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// What every route answers to both tokens.
async fn answers(app: &TestApp, pair: &Value) -> Vec<Answer> {
    let mut answers = Vec::new();
    for kind in KINDS {
        for route in ROUTES {
            answers.push(bear(&mut app.browser(), route, text(pair, kind)).await);
        }
    }
    answers
}

async fn assert_refused(app: &TestApp, pair: &Value) {
    for answer in answers(app, pair).await {
        REVOKED.assert_is(&answer, "revoked");
    }
    for kind in KINDS {
        let feed = bear(&mut app.browser(), FEED, text(pair, kind)).await;
        assert_eq!(feed.json(), json!({ "feed": "generic" }));
    }
}

async fn assert_good(app: &TestApp, pair: &Value) {
    for answer in answers(app, pair).await {
        // Who is no administrator is known all the same.
        assert!(
            [200, 403].contains(&answer.status.as_u16()),
            "{}",
            answer.body
        );
    }
    for kind in KINDS {
        let feed = bear(&mut app.browser(), FEED, text(pair, kind)).await;
        assert_eq!(feed.json()["feed"], "personalized", "{}", feed.body);
    }
}

#[tokio::test]
async fn bearers_are_refused_as_soon_as_signing_out_everywhere_is_answered() {
    for store in STORES {
        let app = builder().store(store).start().await;
        let (mut one, mut other) = (signed_in(&app).await, signed_in(&app).await);
        let (own, others) = (pair_of(&mut one).await, pair_of(&mut other).await);
        let (apart, unused) = (tokens(&app, ALICE).await, tokens(&app, ALICE).await);
        let bobs = tokens(&app, BOB).await;
        // Verified and remembered; one pair is never seen before.
        for pair in [&own, &others, &apart, &bobs, &own] {
            assert_good(&app, pair).await;
        }
        end(&mut one, false).await;
        for pair in [&own, &others, &apart, &unused, &own] {
            assert_refused(&app, pair).await;
        }
        assert_good(&app, &bobs).await;
        let next = tokens(&app, ALICE).await;
        assert_good(&app, &next).await;
        let mut again = signed_in(&app).await;
        let renewed = pair_of(&mut again).await;
        assert_good(&app, &renewed).await;
        // A session is no token: it stays whatever bearers come beside it.
        let stale = bear(&mut again, ROUTES[0].clone(), text(&own, "id_token")).await;
        REVOKED.assert_is(&stale, "beside a session");
        assert_eq!(again.get("/messages/private").await.status, 200);
    }
}

#[tokio::test]
async fn the_session_that_ends_the_others_keeps_its_bearers() {
    for store in STORES {
        let app = builder().store(store).start().await;
        let (mut one, mut other) = (signed_in(&app).await, signed_in(&app).await);
        let (own, others) = (pair_of(&mut one).await, pair_of(&mut other).await);
        let apart = tokens(&app, ALICE).await;
        for pair in [&own, &others, &apart] {
            assert_good(&app, pair).await;
        }
        end(&mut one, true).await;
        assert_good(&app, &own).await;
        for pair in [&others, &apart] {
            assert_refused(&app, pair).await;
        }
        assert_eq!(one.get("/messages/private").await.status, 200);
        assert_eq!(other.get("/messages/private").await.status, 401);
        end(&mut one, false).await;
        assert_refused(&app, &own).await;
    }
}

#[tokio::test]
async fn what_was_revoked_stays_so_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = || {
        builder()
            .store(StoreKind::Sqlite)
            .data(folder.path().into())
    };
    let app = on_disk().start().await;
    let (mut browser, pair) = (signed_in(&app).await, tokens(&app, ALICE).await);
    assert_good(&app, &pair).await;
    end(&mut browser, false).await;
    let again = on_disk().beside(&app);
    app.stop().await;
    let app = again.start().await;
    assert_refused(&app, &pair).await;
    assert_good(&app, &tokens(&app, ALICE).await).await;
}

/// Ending one session says nothing of tokens that were given away.
#[tokio::test]
async fn signing_out_once_revokes_no_bearer() {
    let app = builder().start().await;
    let mut browser = signed_in(&app).await;
    let pair = pair_of(&mut browser).await;
    assert_eq!(browser.post("/auth/logout").await.status, 200);
    assert_good(&app, &pair).await;
}

/// Neither let in nor turned away: nobody knows.
#[tokio::test]
async fn while_the_store_is_down_nothing_is_known_of_any_bearer() {
    for store in STORES {
        let app = builder().store(store).start().await;
        let (mut browser, revoked) = (signed_in(&app).await, tokens(&app, ALICE).await);
        end(&mut browser, false).await;
        assert_refused(&app, &revoked).await;
        let (kept, fresh) = (tokens(&app, ALICE).await, tokens(&app, ALICE).await);
        assert_good(&app, &kept).await;
        app.store.set_broken(true);
        for pair in [&kept, &fresh, &revoked, &kept] {
            for answer in answers(&app, pair).await {
                assert_unknown(&answer);
            }
            for kind in KINDS {
                assert_unknown(&bear(&mut app.browser(), FEED, text(pair, kind)).await);
            }
        }
        // What is no token is none whatever the store says.
        let bad = bear(&mut app.browser(), ROUTES[0].clone(), "no.good.token").await;
        INVALID.assert_is(&bad, "bad");
        assert_eq!(app.browser().get("/feed").await.status, 200);
        app.store.set_broken(false);
        for pair in [&kept, &fresh] {
            assert_good(&app, pair).await;
        }
        assert_refused(&app, &revoked).await;
    }
}

#[tokio::test]
async fn a_single_failed_look_at_the_marks_lets_nothing_through() {
    let app = builder().start().await;
    let pair = tokens(&app, ALICE).await;
    assert_good(&app, &pair).await;
    for route in ROUTES.into_iter().chain([FEED]) {
        app.store.fail("mark", 1);
        let token = text(&pair, "access_token");
        assert_unknown(&bear(&mut app.browser(), route, token).await);
    }
    assert_good(&app, &pair).await;
}
