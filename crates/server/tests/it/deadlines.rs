//! How long a session lives, and what is written meanwhile.

use cogward_testkit::{StoreKind, TestApp};
use serde_json::json;

use crate::support::{token_calls, tokens};

const ALICE: &str = "user@example.com";
const STORES: [StoreKind; 3] = [StoreKind::Memory, StoreKind::Sqlite, StoreKind::RedisCached];

#[tokio::test]
async fn a_session_ends_at_its_absolute_deadline_however_busy() {
    for store in STORES {
        let app = TestApp::builder()
            .store(store)
            .settings(|settings| (settings.absolute_seconds, settings.idle_seconds) = (7200, 1800))
            .start()
            .await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        for _ in 0..5 {
            app.advance(20 * 60).await;
            let answer = browser.get("/auth/me").await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        app.advance(20 * 60).await;
        let calls = token_calls(&app).await;
        for path in ["/auth/me", "/auth/token", "/api/v1/auth/check"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, 401, "{path}: {}", answer.body);
        }
        assert_eq!(token_calls(&app).await, calls);
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used() {
    for store in STORES {
        let app = TestApp::builder()
            .store(store)
            .settings(|settings| settings.idle_seconds = 600)
            .start()
            .await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        for _ in 0..5 {
            app.advance(540).await;
            assert_eq!(browser.get("/api/v1/auth/check").await.status, 200);
        }
        app.advance(600).await;
        let answer = browser.get("/api/v1/auth/check").await;
        assert_eq!(answer.status, 401);
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("expired"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_session_without_refresh_token_ends_with_its_tokens() {
    let app = TestApp::start().await;
    let mut pair = tokens(&app, ALICE).await;
    pair.as_object_mut().unwrap().remove("refresh_token");
    let mut browser = app.browser();
    assert_eq!(browser.post_json("/auth/session", &pair).await.status, 200);
    app.advance(3590).await;
    assert_eq!(browser.get("/auth/token").await.status, 200);
    let refresh = browser.post("/auth/refresh").await;
    assert_eq!(
        (refresh.status.as_u16(), &refresh.json()["error"]),
        (401, &json!("No refresh token"))
    );
    assert_eq!(
        browser.get("/auth/token").await.status,
        200,
        "asking has ended nothing"
    );
    app.advance(11).await;
    let calls = token_calls(&app).await;
    let token = browser.get("/auth/token").await;
    assert_eq!(
        (token.status.as_u16(), &token.json()["error"]),
        (401, &json!("Token expired"))
    );
    assert_eq!(browser.get("/api/v1/auth/check").await.status, 401);
    assert_eq!(token_calls(&app).await, calls);
}

#[tokio::test]
async fn the_last_use_is_written_once_a_minute_at_most() {
    for store in STORES {
        let app = TestApp::builder().store(store).start().await;
        let mut browser = app.browser();
        app.sign_in(&mut browser, ALICE).await;
        let writes = app.store.writes();
        for _ in 0..20 {
            for path in [
                "/auth/me",
                "/auth/token",
                "/api/v1/profile",
                "/api/v1/auth/sessions",
            ] {
                assert_eq!(browser.get(path).await.status, 200);
            }
        }
        assert_eq!(app.store.writes(), writes, "reading writes nothing");
        for minute in 1..=5 {
            app.advance(60).await;
            for _ in 0..10 {
                assert_eq!(browser.get("/auth/me").await.status, 200);
            }
            assert_eq!(app.store.calls("touch"), minute);
        }
        assert_eq!(app.store.writes(), writes + 5);
        let devices = browser.get("/api/v1/auth/sessions").await.json();
        let device = &devices["sessions"][0];
        let seconds = |name: &str| device[name].as_i64().unwrap();
        let used = seconds("last_seen_at") - seconds("created_at");
        assert!((300..360).contains(&used), "{used}");
    }
}
