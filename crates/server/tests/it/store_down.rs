//! A session store that does not answer: nobody is signed in by it, and nobody out.

use cogward_testkit::{Browser, StoreKind, TestApp};
use reqwest::Method;
use serde_json::json;

use crate::support::{assert_kept, refresh_at_pool, session_operations, tokens, until};

const ALICE: &str = "user@example.com";
const STORES: [StoreKind; 3] = [StoreKind::Memory, StoreKind::Sqlite, StoreKind::RedisCached];

async fn call(browser: &Browser, method: Method, path: &str) -> cogward_testkit::Answer {
    let mut tab = browser.copy();
    let request = tab.request(method, path).header("x-l42-csrf", "1");
    tab.send(request).await
}

#[tokio::test]
async fn every_session_route_answers_503_and_keeps_the_cookie() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let operations = session_operations(&app).await;
        app.store.set_broken(true);
        for (method, path) in operations.clone() {
            assert_kept(&call(&browser, method, &path).await);
        }
        // Nothing that a stranger sends gets so far.
        let mut stranger = app.browser();
        assert_eq!(stranger.get("/auth/me").await.status, 401);
        stranger.set_cookie("cogward_session", "made-up");
        assert_eq!(stranger.get("/auth/me").await.status, 401);
        assert_eq!(
            app.browser().get("/health").await.status,
            200,
            "the process is up"
        );
        assert_kept(&app.browser().get("/api/v1/health").await);
        app.store.set_broken(false);
        assert_eq!(browser.get("/auth/me").await.status, 200);
        assert_eq!(browser.get("/api/v1/health").await.status, 200);
    }
}

#[tokio::test]
async fn a_store_that_fails_in_the_middle_ends_no_session() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        // Reading works, writing does not.
        app.advance(3601).await;
        app.store.fail("replace", 1000);
        assert_kept(&browser.get("/auth/me").await);
        assert_kept(&browser.post("/api/v1/auth/refresh").await);
        app.store.fail("replace", 0);
        assert_eq!(browser.get("/auth/me").await.status, 200);
        // A last-seen time that cannot be written costs nobody anything.
        app.advance(61).await;
        app.store.fail("touch", 1);
        assert_eq!(browser.get("/auth/me").await.status, 200);
        // Cognito says no, and the store cannot be told: asked again later.
        app.advance(3601).await;
        app.fault("oauth2/token", 400, "invalid_grant", 2).await;
        app.store.fail("replace", 1);
        assert_kept(&browser.get("/auth/me").await);
        // It can be told, but its row stays: over all the same.
        app.store.fail("remove", 1);
        assert_eq!(browser.get("/auth/me").await.status, 401);
        assert_eq!(browser.get("/auth/me").await.status, 401);
    }
}

#[tokio::test]
async fn no_sign_in_begins_or_ends_and_none_half_way() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let pair = tokens(&app, ALICE).await;
    for start in ["/auth/login", "/api/v1/auth/login"] {
        let mut beginner = browser.copy();
        let callback = app.callback_url(&mut beginner, start, ALICE).await;
        app.store.set_broken(true);
        assert_kept(&browser.get(start).await);
        let seen = browser
            .request(Method::GET, start)
            .header("sec-fetch-mode", "navigate");
        let seen = browser.send(seen).await;
        assert_eq!(seen.status, 302, "a person is shown a page");
        assert!(seen.location().query().unwrap().ends_with("=unavailable"));
        assert_eq!(seen.set_cookies(), Vec::<String>::new());
        let calls = app.calls("oauth2/token").await;
        let answer = beginner.get(callback.as_str()).await;
        assert_eq!(answer.status, 302);
        assert!(
            answer
                .location()
                .query()
                .unwrap()
                .ends_with("=oauth_failed")
        );
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        assert_eq!(app.calls("oauth2/token").await, calls);
        assert_kept(&browser.post_json("/auth/session", &pair).await);
        app.store.set_broken(false);
        assert_eq!(browser.get("/auth/me").await.status, 200);
    }
    // The store goes away between taking the sign-in and writing the session.
    let mut other = app.browser();
    let callback = app.callback_url(&mut other, "/auth/login", ALICE).await;
    app.store.fail("insert", 1);
    let answer = other.get(callback.as_str()).await;
    assert_eq!(answer.status, 302);
    assert_eq!(other.cookie("cogward_session"), None);
}

#[tokio::test]
async fn sign_out_takes_effect_at_once_and_is_done_when_the_store_is_back() {
    for store in STORES {
        for path in ["/auth/logout", "/api/v1/auth/logout"] {
            let app = TestApp::builder().store(store).start().await;
            let (mut browser, mut other) = (app.browser(), app.browser());
            app.sign_in(&mut browser, ALICE).await;
            app.sign_in(&mut other, ALICE).await;
            let key = app.session_id(&browser).lookup_key();
            let refresh_token = app.token_set(&browser).await.refresh_token.unwrap();
            let thief = browser.copy();
            app.store.set_broken(true);
            let answer = browser.post(path).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["success"]),
                (200, &json!(true))
            );
            assert_eq!(browser.cookie("cogward_session"), None);
            let refused = call(&thief, Method::GET, "/auth/me").await;
            assert_eq!(refused.status, 401, "{}", refused.body);
            // Again, with the same cookie.
            assert_eq!(call(&thief, Method::POST, path).await.status, 200);
            // The store can be read again, and still not written.
            app.store.fail("remove", 1);
            app.store.set_broken(false);
            let refused = call(&thief, Method::GET, "/auth/token").await;
            assert_eq!(refused.status, 401, "{}", refused.body);
            until("removed", async || {
                let row = app.store.behind().load(&key, app.auth.now()).await;
                row.unwrap().is_none()
            })
            .await;
            until("revoked", async || {
                refresh_at_pool(&app, refresh_token.expose()).await == 400
            })
            .await;
            let refused = call(&thief, Method::GET, "/auth/me").await;
            assert_eq!(refused.status, 401, "{}", refused.body);
            assert_eq!(
                other.get("/auth/me").await.status,
                200,
                "the other device is untouched"
            );
        }
    }
}

#[tokio::test]
async fn a_new_sign_in_ends_the_old_session_once_the_store_takes_it() {
    let app = TestApp::start().await;
    let pair = tokens(&app, ALICE).await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    let mut thief = browser.copy();
    app.store.fail("remove", 2);
    let answer = browser.post_json("/auth/session", &pair).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(thief.get("/auth/me").await.status, 401);
    let key = app.session_id(&thief).lookup_key();
    until("removed", async || {
        let row = app.store.behind().load(&key, app.auth.now()).await;
        row.unwrap().is_none()
    })
    .await;
    assert_eq!(browser.get("/auth/me").await.status, 200);
}
