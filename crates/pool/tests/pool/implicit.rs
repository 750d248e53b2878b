//! The implicit flow: tokens in the fragment.

use std::sync::{Arc, Mutex};

use cogward_pool::PUBLIC_CLIENT_ID;
use reqwest::Method;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::common::{Browser, CALLBACK, PASSWORD, TestPool, claims};

const USER: &str = "user@example.com";

fn query(scope: &str) -> String {
    format!(
        "response_type=token&client_id={PUBLIC_CLIENT_ID}&redirect_uri={CALLBACK}\
         &state=%7B%22a%22%3A%22b+c%26d%23%22%7D&nonce=n%2B1&scope={scope}"
    )
}

fn fragment(location: &str, name: &str) -> Option<String> {
    let fragment = location.split_once('#').unwrap().1;
    url::form_urlencoded::parse(fragment.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn the_fragment_has_tokens_and_no_refresh_token() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let location = browser
        .sign_in(&query("openid+email"), USER, PASSWORD)
        .await;
    assert!(location.starts_with(&format!("{CALLBACK}#")), "{location}");
    let names: Vec<_> = url::form_urlencoded::parse(location.split_once('#').unwrap().1.as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(
        names,
        [
            "id_token",
            "access_token",
            "token_type",
            "expires_in",
            "state"
        ]
    );
    assert_eq!(
        fragment(&location, "state").as_deref(),
        Some("{\"a\":\"b c&d#\"}")
    );
    // Decoded as a URI it is the same: there is no plus.
    assert!(!location.contains('+'), "{location}");
    assert_eq!(fragment(&location, "token_type").as_deref(), Some("bearer"));
    assert_eq!(fragment(&location, "expires_in").as_deref(), Some("3600"));
    let id = claims(&fragment(&location, "id_token").unwrap().into());
    assert_eq!((&id["nonce"], &id["email"]), (&"n+1".into(), &USER.into()));
    let access: serde_json::Value = fragment(&location, "access_token").unwrap().into();
    let info = pool
        .request(Method::GET, "/oauth2/userInfo")
        .bearer_auth(access.as_str().unwrap());
    assert_eq!(info.send().await.unwrap().status(), 200);
    // A second time without asking.
    let silent = browser
        .get(&format!("/oauth2/authorize?{}", query("openid")))
        .await;
    assert!(
        fragment(&silent.location, "access_token").is_some(),
        "{}",
        silent.location
    );
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let pool = TestPool::start().await;
    let query = query("aws.cognito.signin.user.admin");
    let location = Browser::new(&pool).sign_in(&query, USER, PASSWORD).await;
    assert_eq!(fragment(&location, "id_token"), None);
    let access = fragment(&location, "access_token").unwrap();
    pool.get_user(&access.into()).await.ok();
}

#[tokio::test]
async fn errors_come_back_in_the_fragment_too() {
    let pool = TestPool::start().await;
    for (change, error) in [
        ("&prompt=none", "login_required"),
        ("&prompt=none+login", "invalid_request"),
        ("&resource=http://example.com", "invalid_request"),
        ("+unheard_of", "invalid_scope"),
    ] {
        let query = format!("{}{change}", query("openid"));
        let page = Browser::new(&pool)
            .get(&format!("/oauth2/authorize?{query}"))
            .await;
        assert_eq!(
            fragment(&page.location, "error").as_deref(),
            Some(error),
            "{query}"
        );
        assert!(fragment(&page.location, "state").is_some());
        assert!(!page.location.contains('?'), "{}", page.location);
    }
}

#[tokio::test]
async fn a_client_of_the_code_flow_may_not() {
    let pool = TestPool::seeded(
        "[[clients]]\nid = \"code\"\nloopback_urls = true\n\
         [[clients]]\nid = \"token\"\noauth_flows = [\"implicit\"]\nloopback_urls = true",
    )
    .await;
    for (client, flow) in [("code", "token"), ("token", "code")] {
        let query = format!("response_type={flow}&client_id={client}&redirect_uri={CALLBACK}");
        let page = Browser::new(&pool)
            .get(&format!("/oauth2/authorize?{query}"))
            .await;
        assert!(
            page.location.contains("error=unauthorized_client"),
            "{}",
            page.location
        );
    }
    // Nor does a code that it cannot have become tokens.
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "token"),
        ("code", "x"),
        ("redirect_uri", CALLBACK),
    ];
    let (_, body) = pool.oauth("/oauth2/token", &form).await;
    assert_eq!(body["error"], "unauthorized_client");
}

/// Everything that is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = self.0.lock().unwrap();
        text.push_str(&format!("{field}={value:?}\n"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn no_token_and_no_password_is_logged() {
    let log = Log::default();
    // Another test of the same process may have one: then this one hears nothing and says so.
    if tracing::subscriber::set_global_default(log.clone()).is_err() {
        return;
    }
    let pool = TestPool::start().await;
    tracing::info!(heard = "a line of the test");
    let location = Browser::new(&pool)
        .sign_in(&query("openid"), USER, PASSWORD)
        .await;
    let log = log.0.lock().unwrap().clone();
    assert!(log.contains("a line of the test"));
    for name in ["id_token", "access_token"] {
        assert!(!log.contains(&fragment(&location, name).unwrap()), "{name}");
    }
    assert!(!log.contains(PASSWORD));
}
