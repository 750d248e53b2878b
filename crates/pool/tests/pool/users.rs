//! What an application in the same process does to users.

use reqwest::Method;
use serde_json::Value;

use crate::common::{Browser, CALLBACK, PASSWORD, TestPool, claims, query};

const EMAIL: &str = "leaver@example.com";
const BYSTANDER: &str = "user@example.com";

async fn delete(pool: &TestPool, sub: &str) -> bool {
    pool.pool.users().delete(sub).await.unwrap()
}

fn sub(tokens: &Value) -> String {
    claims(&tokens["IdToken"])["sub"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_deleted_user_can_do_nothing_any_more() {
    let pool = TestPool::start().await;
    pool.confirmed(EMAIL).await;
    let tokens = pool.signed_in(EMAIL).await;
    let code = pool.authorization_code(&query(), EMAIL).await;
    assert!(delete(&pool, &sub(&tokens)).await);
    let refused = pool.password(EMAIL, PASSWORD).await;
    refused.refused("NotAuthorizedException");
    let refresh = &tokens["RefreshToken"];
    let refused = pool.refresh(refresh).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.tokens_from_refresh(refresh).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.get_user(&tokens["AccessToken"]).await;
    refused.refused("UserNotFoundException");
    let info = pool.request(Method::GET, "/oauth2/userInfo");
    let info = info.bearer_auth(tokens["AccessToken"].as_str().unwrap());
    assert_eq!(info.send().await.unwrap().status(), 401);
    let (status, body) = pool.exchange(&code).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &"invalid_grant".into())
    );
}

#[tokio::test]
async fn the_hosted_pages_forget_a_deleted_user() {
    let pool = TestPool::start().await;
    pool.confirmed(EMAIL).await;
    let tokens = pool.signed_in(EMAIL).await;
    let mut browser = Browser::new(&pool);
    browser.sign_in(&query(), EMAIL, PASSWORD).await;
    let authorize = format!("/oauth2/authorize?{}", query());
    let again = browser.get(&authorize).await;
    assert!(again.location.starts_with(CALLBACK), "{}", again.location);
    assert!(delete(&pool, &sub(&tokens)).await);
    let again = browser.get(&authorize).await;
    assert!(again.location.starts_with("/login?"), "{}", again.location);
}

#[tokio::test]
async fn only_the_very_sub_deletes_and_only_once() {
    let pool = TestPool::start().await;
    pool.confirmed(EMAIL).await;
    let tokens = pool.signed_in(EMAIL).await;
    let sub = sub(&tokens);
    let upper = sub.to_uppercase();
    assert_ne!(sub, upper);
    for other in [EMAIL, "", "%", "*", "' OR 1=1 --", "\0", &upper, &sub[..35]] {
        assert!(!delete(&pool, other).await, "{other:?}");
    }
    pool.get_user(&tokens["AccessToken"]).await.ok();
    assert!(delete(&pool, &sub).await);
    assert!(!delete(&pool, &sub).await);
}

#[tokio::test]
async fn the_address_is_free_again_and_others_are_untouched() {
    let pool = TestPool::start().await;
    pool.confirmed(EMAIL).await;
    let (leaver, stays) = (pool.signed_in(EMAIL).await, pool.signed_in(BYSTANDER).await);
    assert!(delete(&pool, &sub(&leaver)).await);
    pool.refresh(&stays["RefreshToken"]).await.ok();
    pool.get_user(&stays["AccessToken"]).await.ok();
    pool.confirmed(EMAIL).await;
    let anew = pool.signed_in(EMAIL).await;
    assert_ne!(sub(&anew), sub(&leaver));
    let refused = pool.get_user(&leaver["AccessToken"]).await;
    refused.refused("UserNotFoundException");
}
