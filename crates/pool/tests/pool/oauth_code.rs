//! The authorization code flow with PKCE.

use crate::common::{
    Browser, CALLBACK, PASSWORD, TestPool, VERIFIER, claims, header, parameter, query,
};
use cogward_pool::{CLIENT_SECRET, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn a_browser_signs_in_and_its_code_becomes_tokens() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let location = browser
        .sign_in(&query(), "ADMIN@example.com", PASSWORD)
        .await;
    assert!(location.starts_with(CALLBACK), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("s &=1"));
    let (status, tokens) = pool.exchange(&parameter(&location, "code").unwrap()).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(
        tokens["refresh_token"].as_str().unwrap().split('.').count(),
        5
    );

    let (id, access) = (claims(&tokens["id_token"]), claims(&tokens["access_token"]));
    assert_eq!(id["nonce"], "n-1");
    assert_eq!(id["aud"], PUBLIC_CLIENT_ID);
    assert_eq!(id["iss"], pool.pool.issuer());
    assert_eq!(id["token_use"], "id");
    assert_eq!(id["email"], "admin@example.com");
    assert_eq!(id["email_verified"], true);
    assert_eq!(id["cognito:groups"][0], "admin");
    assert_eq!(id["cognito:username"], id["sub"]);
    assert!(id["at_hash"].is_string());
    assert_eq!(access["client_id"], PUBLIC_CLIENT_ID);
    assert_eq!(access["scope"], "openid email profile");
    assert_eq!(access["version"], 2);
    for name in ["sub", "iss", "origin_jti", "event_id", "auth_time"] {
        assert_eq!(id[name], access[name], "{name}");
    }
    assert_ne!(id["jti"], access["jti"]);
    let (id, access) = (header(&tokens["id_token"]), header(&tokens["access_token"]));
    assert_eq!(id["alg"], "RS256");
    assert_eq!(id.as_object().unwrap().len(), 2, "{id}");
    assert_ne!(id["kid"], access["kid"]);
}
