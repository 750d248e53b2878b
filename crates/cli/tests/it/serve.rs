//! `cogward serve` against a user pool, configured by its environment alone.

use cogward_testkit::Browser;
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use crate::deployment::Deployment;
use crate::process::{Dev, Server, called, http, local, sign_in, to_callback, who};

/// A pool in one process, a server in another.
struct Pair {
    pool: Server,
    server: Server,
    folder: TempDir,
}

async fn pair(more: &[(&str, &str)]) -> Pair {
    let deployment = Deployment::new().await;
    let server = deployment.serve(more).await;
    Pair {
        pool: deployment.pool,
        server,
        folder: deployment.folder,
    }
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let pair = pair(&[]).await;
    let mut browser = pair.server.browser();
    let answer = sign_in(&mut browser, "user@example.com").await;
    assert_eq!(
        answer.location().as_str(),
        "http://localhost:3000/dashboard"
    );
    assert_eq!(who(&mut browser).await.unwrap(), "user@example.com");
    let refreshed = browser.post("/api/v1/auth/refresh").await;
    assert_eq!(refreshed.json()["message"], "Token refreshed");
    let mut thief = browser.copy();
    let out = browser.post("/api/v1/auth/logout").await;
    assert_eq!(out.json()["message"], "Logged out successfully");
    assert_eq!(who(&mut thief).await, None);
    called(&pair.pool.base, "oauth2/revoke", 1).await;
    pair.server.stop().await;
    pair.pool.stop().await;
}

#[tokio::test]
async fn the_memory_store_keeps_nothing_on_disk() {
    let pair = pair(&[("SESSION_BACKEND", "memory")]).await;
    let mut browser = pair.server.browser();
    sign_in(&mut browser, "user@example.com").await;
    assert_eq!(who(&mut browser).await.unwrap(), "user@example.com");
    assert!(!pair.folder.path().join("data/sessions.db").exists());
}

#[tokio::test]
async fn the_frontend_may_lie_below_a_path() {
    let pair = pair(&[
        ("FRONTEND_URL", "http://localhost:3000/app"),
        (
            "COGWARD_FRONTEND_SIGNED_OUT_URL",
            "http://LocalHost:3000/bye/",
        ),
    ])
    .await;
    let mut browser = pair.server.browser();
    let callback = to_callback(&mut browser, "user@example.com").await;
    let answer = browser.get(callback.as_str()).await;
    assert_eq!(
        answer.header("location"),
        "http://localhost:3000/app/dashboard"
    );
    let out = browser.get("/api/v1/auth/logout/redirect").await.json();
    let url = Url::parse(out["url"].as_str().unwrap()).unwrap();
    let to = url.query_pairs().find(|(name, _)| name == "logout_uri");
    assert_eq!(to.unwrap().1, "http://LocalHost:3000/bye/");
    let refused = browser.get("/auth/callback?state=x&code=y").await;
    assert_eq!(
        refused.header("location"),
        "http://localhost:3000/app/login?error=invalid_state"
    );
}

/// The pool that `cogward dev` starts knows what the server beside it will ask.
#[tokio::test]
async fn the_local_pool_knows_the_sign_out_address() {
    let bye = "https://app.example.com/bye";
    let dev = Dev::new();
    let env = [("COGWARD_FRONTEND_SIGNED_OUT_URL", bye)];
    let server = dev.start(&env).await;
    let mut browser = server.browser();
    let out = browser.get("/api/v1/auth/logout/redirect").await.json();
    let answer = browser.get(out["url"].as_str().unwrap()).await;
    assert_eq!(answer.header("location"), bye, "{}", answer.body);
    server.stop().await;
}

#[tokio::test]
async fn a_stop_finishes_the_answer_under_way() {
    let mut pair = pair(&[]).await;
    let mut browser = pair.server.browser();
    let callback = to_callback(&mut browser, "user@example.com").await;
    let slow = json!({ "op": "oauth2/token", "delay_ms": 1500 });
    local(&pair.pool.base, "faults", &slow).await;
    let answer = tokio::spawn(async move { visit(browser, callback).await });
    called(&pair.pool.base, "oauth2/token", 1).await;
    pair.server.terminate();
    while http().get(pair.server.base.clone()).send().await.is_ok() {}
    let browser = answer.await.unwrap();
    assert!(browser.cookie("cogward_session").is_some());
    assert!(pair.server.ended().await.success());
}

async fn visit(mut browser: Browser, callback: Url) -> Browser {
    let answer = browser.get(callback.as_str()).await;
    assert_eq!(answer.location().path(), "/dashboard");
    browser
}
