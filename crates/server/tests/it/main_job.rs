//! The main job, as a browser's HTTP does it.

use cogward_testkit::{StoreKind, TestApp};
use serde_json::json;

#[tokio::test]
async fn sign_in_call_refresh_sign_out() {
    for store in [StoreKind::Memory, StoreKind::Sqlite] {
        let app = TestApp::builder().store(store).start().await;
        let mut browser = app.browser();
        let anonymous = browser.get("/api/v1/auth/check").await;
        assert_eq!(anonymous.status, 401);
        assert_eq!(anonymous.header("www-authenticate"), "Cookie");

        app.sign_in(&mut browser, "user@example.com").await;
        let check = browser.get("/api/v1/auth/check").await;
        assert_eq!(check.status, 200, "{}", check.body);
        assert_eq!(check.json()["user"]["email"], "user@example.com");

        let profile = browser.get("/api/v1/profile").await.json();
        let session_id = profile["profile"]["session_id"].as_str().unwrap();
        assert_eq!(session_id.len(), 11, "{session_id}");

        let refreshed = browser.post("/api/v1/auth/refresh").await;
        assert_eq!(
            refreshed.json()["message"],
            "Token refreshed",
            "{}",
            refreshed.body
        );

        let out = browser.post("/api/v1/auth/logout").await;
        assert_eq!(
            out.json(),
            json!({ "success": true, "message": "Logged out successfully" })
        );
        assert_eq!(browser.cookie("cogward_session"), None);
        assert_eq!(browser.get("/api/v1/auth/check").await.status, 401);
        app.stop().await;
    }
}

#[tokio::test]
async fn the_token_handler_shows_tokens_and_takes_them() {
    let app = TestApp::builder().confidential().start().await;
    let mut browser = app.browser();
    let done = app
        .sign_in_at(&mut browser, "/auth/login", "admin@example.com")
        .await;
    assert_eq!(done.location().path(), "/auth/success");
    assert!(done.location().query().unwrap().starts_with("state="));
    let me = browser.get("/auth/me").await.json();
    assert_eq!(me["groups"], json!(["admin"]));

    let tokens = browser.get("/auth/token").await.json();
    assert_eq!(tokens["auth_method"], "oauth");
    assert!(tokens.get("refresh_token").is_none());

    let mut other = app.browser();
    let body = json!({ "access_token": tokens["access_token"], "id_token": tokens["id_token"] });
    let started = other.post_json("/auth/session", &body).await;
    assert_eq!(started.json(), json!({ "success": true }));
    assert_eq!(
        other.get("/auth/token").await.json()["auth_method"],
        "direct"
    );
    let refresh = other.post("/auth/refresh").await;
    assert_eq!(
        (refresh.status.as_u16(), refresh.json()["error"].as_str()),
        (401, Some("No refresh token"))
    );
}
