//! Signing out everywhere reaches the tokens that clients hold themselves.

use cogward_testkit::Browser;
use serde_json::json;

use super::{ADMIN, Api, USER, assert_invalid, assert_says};
use crate::process::sign_in;

async fn sign_out_everywhere(browser: &mut Browser, others: bool) {
    let body = json!({ "others": others });
    let answer = browser.post_json("/api/v1/auth/logout/all", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

const REVOKED: &str = "the token was revoked";

#[tokio::test]
async fn signing_out_everywhere_refuses_the_bearers_of_this_user_at_once() {
    let api = Api::start(&[]).await;
    let (bystander, sub) = (api.sign_in(ADMIN).await, api.user(USER, &[]).await);
    let mut browser = api.server.browser();
    for _ in 0..3 {
        let tokens = api.sign_in(USER).await;
        sign_in(&mut browser, USER).await;
        for token in tokens.both() {
            assert_eq!(api.private(token).await.status, 200);
        }
        sign_out_everywhere(&mut browser, false).await;
        for token in tokens.both() {
            assert_invalid(&api.private(token).await, REVOKED);
            assert_invalid(&api.delete(&sub, token).await, REVOKED);
            let feed = api.get("/feed", token).await;
            assert_says(&feed, &json!({ "feed": "generic" }));
        }
        for token in api.sign_in(USER).await.both() {
            assert_eq!(api.private(token).await.status, 200);
        }
    }
    for token in bystander.both() {
        assert_eq!(api.private(token).await.status, 200);
    }
}

#[tokio::test]
async fn signing_out_elsewhere_spares_the_tokens_of_the_session_that_asks() {
    let api = Api::start(&[]).await;
    let mut browser = api.server.browser();
    sign_in(&mut browser, USER).await;
    let own = browser.get("/auth/token").await.json();
    let own = ["access_token", "id_token"].map(|name| own[name].as_str().unwrap().to_owned());
    let elsewhere = api.sign_in(USER).await;
    sign_out_everywhere(&mut browser, true).await;
    for token in &own {
        assert_eq!(api.private(token).await.status, 200);
    }
    for token in elsewhere.both() {
        assert_invalid(&api.private(token).await, REVOKED);
    }
}

#[tokio::test]
async fn what_was_revoked_stays_so_when_the_server_is_started_again() {
    let mut api = Api::start(&[]).await;
    let tokens = api.sign_in(USER).await;
    let mut browser = api.server.browser();
    sign_in(&mut browser, USER).await;
    sign_out_everywhere(&mut browser, false).await;
    api.server.kill();
    api.server = api.dev.start(&[]).await;
    for token in tokens.both() {
        assert_invalid(&api.private(token).await, REVOKED);
    }
    assert_eq!(api.private(&api.sign_in(USER).await.id).await.status, 200);
}
