//! The browser's session with the pages.

use cogward_pool::{CLIENT_SECRET, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::json;

use crate::common::{Browser, CALLBACK, PASSWORD, TestPool, cookie, parameter, query};

const USER: &str = "user@example.com";

async fn silent(browser: &mut Browser<'_>, query: &str) -> String {
    let path = format!("/oauth2/authorize?{query}&prompt=none");
    browser.get(&path).await.location
}

#[track_caller]
fn asked_to_sign_in(location: &str) {
    assert_eq!(
        parameter(location, "error").as_deref(),
        Some("login_required"),
        "{location}"
    );
}

#[tokio::test]
async fn every_client_shares_it() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    let other = query().replace(PUBLIC_CLIENT_ID, SECRET_CLIENT_ID);
    let location = silent(&mut browser, &other).await;
    let code = parameter(&location, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", SECRET_CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", crate::common::VERIFIER),
    ];
    assert_eq!(pool.oauth("/oauth2/token", &form).await.0, 200);
}

#[tokio::test]
async fn it_lasts_an_hour_or_as_the_settings_say() {
    for (settings, seconds) in [
        (json!({}), 3600),
        (json!({ "hosted_session_seconds": 60 }), 60),
    ] {
        let pool = TestPool::start().await;
        pool.settings(settings).await;
        let mut browser = Browser::new(&pool);
        browser.sign_in(&query(), USER, PASSWORD).await;
        pool.advance(seconds - 5).await;
        assert!(parameter(&silent(&mut browser, &query()).await, "code").is_some());
        // Being used does not lengthen it.
        pool.advance(5).await;
        asked_to_sign_in(&silent(&mut browser, &query()).await);
    }
    let pool = TestPool::start().await;
    pool.settings(json!({ "hosted_session_seconds": 0 })).await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    asked_to_sign_in(&silent(&mut browser, &query()).await);
    let (status, body) = pool
        .local("settings", json!({ "hosted_session_seconds": -1 }))
        .await;
    assert_eq!(status, 400);
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .contains("hosted_session_seconds"),
        "{body}"
    );
}

#[tokio::test]
async fn a_user_disabled_deleted_or_reset_meanwhile_has_none() {
    let pool = TestPool::start().await;
    for change in [
        json!({ "username": USER, "enabled": false }),
        json!({ "username": USER, "enabled": true, "status": "RESET_REQUIRED" }),
        json!({ "username": USER, "status": "FORCE_CHANGE_PASSWORD" }),
    ] {
        let undo = json!({ "username": USER, "enabled": true, "status": "CONFIRMED" });
        pool.local("users", undo).await;
        let mut browser = Browser::new(&pool);
        browser.sign_in(&query(), USER, PASSWORD).await;
        assert_eq!(pool.local("users", change.clone()).await.0, 200);
        let location = silent(&mut browser, &query()).await;
        asked_to_sign_in(&location);
    }
    let mut browser = Browser::new(&pool);
    let email = "gone@example.com";
    pool.confirmed(email).await;
    browser.sign_in(&query(), email, PASSWORD).await;
    let user = pool
        .get_user(&pool.signed_in(email).await["AccessToken"])
        .await
        .ok();
    let sub = user["Username"].as_str().unwrap();
    assert!(pool.pool.users().delete(sub).await.unwrap());
    asked_to_sign_in(&silent(&mut browser, &query()).await);
}

#[tokio::test]
async fn global_sign_out_leaves_it() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    let tokens = pool.signed_in(USER).await;
    let body = json!({ "AccessToken": tokens["AccessToken"] });
    pool.call("GlobalSignOut", body).await.ok();
    let location = silent(&mut browser, &query()).await;
    let (status, _) = pool.exchange(&parameter(&location, "code").unwrap()).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn logging_out_to_sign_in_again_ends_it_too() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    let stolen = browser.cookies.clone();
    let page = browser.get(&format!("/logout?{}", query())).await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
    assert_eq!(parameter(&page.location, "state").as_deref(), Some("s &=1"));
    assert!(!browser.cookies.contains_key(&cookie(&pool, "session")));
    browser.cookies = stolen;
    asked_to_sign_in(&silent(&mut browser, &query()).await);
}

#[tokio::test]
async fn a_value_planted_before_is_worth_nothing_after() {
    let pool = TestPool::start().await;
    let mut attacker = Browser::new(&pool);
    attacker.sign_in(&query(), USER, PASSWORD).await;
    let planted = attacker.cookies[&cookie(&pool, "session")].clone();
    let mut victim = Browser::new(&pool);
    victim
        .cookies
        .insert(cookie(&pool, "session"), planted.clone());
    victim
        .sign_in(
            &format!("{}&prompt=login", query()),
            "admin@example.com",
            PASSWORD,
        )
        .await;
    assert_ne!(victim.cookies[&cookie(&pool, "session")], planted);
    // Nor does the one it took the place of live on.
    asked_to_sign_in(&silent(&mut attacker, &query()).await);
    for guess in ["", "x", "../../x", "%00", &"a".repeat(5000)] {
        let mut browser = Browser::new(&pool);
        browser
            .cookies
            .insert(cookie(&pool, "session"), guess.to_owned());
        asked_to_sign_in(&silent(&mut browser, &query()).await);
    }
}

#[tokio::test]
async fn cookies_are_of_one_pool_whatever_else_is_on_the_host() {
    let (pool, other) = (TestPool::start().await, TestPool::start().await);
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), USER, PASSWORD).await;
    // An application's, and another pool's: browsers tell no ports apart.
    for name in ["XSRF-TOKEN", "cognito", "challenge", "session"] {
        browser.cookies.insert(name.to_owned(), "x".to_owned());
    }
    let mut elsewhere = Browser::new(&other);
    elsewhere.sign_in(&query(), USER, PASSWORD).await;
    browser.cookies.extend(elsewhere.cookies.clone());
    let back = silent(&mut browser, &query()).await;
    assert!(parameter(&back, "code").is_some(), "{back}");
    let page = Browser::new(&pool)
        .get(&format!("/login?{}", query()))
        .await;
    let set = page.headers["set-cookie"].to_str().unwrap();
    let name = cookie(&pool, "form");
    assert!(set.starts_with(&format!("{name}=")), "{set}");
    assert!(
        set.ends_with("; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"),
        "{set}"
    );
}
