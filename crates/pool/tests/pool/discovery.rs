//! Discovery, keys, issuer.

use cogward_pool::{POOL_ID, PoolError, PoolOptions};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{TestPool, header};

async fn jwks(pool: &TestPool) -> Value {
    let path = format!("/{POOL_ID}/.well-known/jwks.json");
    pool.request(Method::GET, &path)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

fn kids(jwks: &Value) -> Vec<&str> {
    jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn discovery_names_the_endpoints() {
    let pool = TestPool::start().await;
    let path = format!("/{POOL_ID}/.well-known/openid-configuration");
    let answer: Value = pool
        .request(Method::GET, &path)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let base = pool.pool.base_url();
    assert_eq!(pool.pool.issuer(), format!("{base}{POOL_ID}"));
    assert_eq!(answer["issuer"], pool.pool.issuer());
    assert_eq!(
        answer["jwks_uri"],
        format!("{}/.well-known/jwks.json", pool.pool.issuer())
    );
    for (name, path) in [
        ("authorization_endpoint", "oauth2/authorize"),
        ("token_endpoint", "oauth2/token"),
        ("userinfo_endpoint", "oauth2/userInfo"),
        ("revocation_endpoint", "oauth2/revoke"),
        ("end_session_endpoint", "logout"),
    ] {
        assert_eq!(answer[name], format!("{base}{path}"), "{name}");
    }
    assert_eq!(answer.get("code_challenge_methods_supported"), None);
}

#[tokio::test]
async fn the_two_keys_verify_their_tokens() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in("user@example.com").await;
    let keys = jwks(&pool).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    for key in keys["keys"].as_array().unwrap() {
        let mut names: Vec<_> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(
            (&key["e"], &key["use"], &key["alg"]),
            (&json!("AQAB"), &json!("sig"), &json!("RS256"))
        );
    }
    let set: JwkSet = serde_json::from_value(keys).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    validation.set_issuer(&[pool.pool.issuer()]);
    for name in ["IdToken", "AccessToken"] {
        let kid = header(&tokens[name])["kid"].as_str().unwrap().to_owned();
        let key = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
        jsonwebtoken::decode::<Value>(tokens[name].as_str().unwrap(), &key, &validation).unwrap();
    }
}

#[tokio::test]
async fn rotated_keys_sign_from_then_on_and_old_tokens_live_here() {
    let pool = TestPool::start().await;
    let old = pool.signed_in("user@example.com").await;
    let before = jwks(&pool).await;
    assert_eq!(pool.local("keys/rotate", json!({})).await.0, 200);
    let after = jwks(&pool).await;
    assert_eq!(kids(&after).len(), 2);
    assert!(kids(&after).iter().all(|kid| !kids(&before).contains(kid)));
    let new = pool.signed_in("user@example.com").await;
    let kid = header(&new["IdToken"])["kid"].clone();
    assert!(kids(&after).contains(&kid.as_str().unwrap()));
    pool.get_user(&old["AccessToken"]).await.ok();
    assert_eq!(
        pool.local("keys/rotate", json!({ "keep_previous": true }))
            .await
            .0,
        200
    );
    let kept = jwks(&pool).await;
    assert_eq!(kids(&kept).len(), 4);
    assert!(kids(&after).iter().all(|kid| kids(&kept).contains(kid)));
}

#[tokio::test]
async fn two_fresh_pools_have_different_keys_and_nobody_known() {
    let (one, other) = (
        TestPool::of_its_own(PoolOptions::default()).await,
        TestPool::of_its_own(PoolOptions::default()).await,
    );
    let (first, second) = (jwks(&one).await, jwks(&other).await);
    for (a, b) in first["keys"]
        .as_array()
        .unwrap()
        .iter()
        .zip(second["keys"].as_array().unwrap())
    {
        assert_ne!(a["kid"], b["kid"]);
        assert_ne!(a["n"], b["n"]);
    }
    for email in ["user@example.com", "admin@example.com"] {
        one.password(email, crate::common::PASSWORD)
            .await
            .refused("NotAuthorizedException");
    }
}

#[tokio::test]
async fn the_issuer_can_have_the_shape_of_the_service() {
    let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}");
    let options = PoolOptions {
        issuer: Some(issuer.clone()),
        ready_users: true,
        ..Default::default()
    };
    let pool = TestPool::with(options).await;
    let tokens = pool.signed_in("user@example.com").await;
    assert_eq!(crate::common::claims(&tokens["IdToken"])["iss"], issuer);
    pool.get_user(&tokens["AccessToken"]).await.ok();
    for bad in [
        "no url",
        "ftp://x/us-east-1_Cogward01",
        "https://example.com/other",
    ] {
        let options = PoolOptions {
            issuer: Some(bad.to_owned()),
            ..Default::default()
        };
        let refused = cogward_pool::Pool::start(options).await.err().unwrap();
        assert!(matches!(refused, PoolError::Issuer { .. }), "{bad}");
        assert!(
            refused.to_string().contains("us-east-1_Cogward01"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn production_is_refused() {
    let options = PoolOptions {
        production: true,
        ..Default::default()
    };
    let refused = cogward_pool::Pool::start(options).await.err().unwrap();
    assert!(
        refused.to_string().contains("ENVIRONMENT=production"),
        "{refused}"
    );
}

#[tokio::test]
async fn pools_with_one_key_file_share_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    let options = || PoolOptions {
        key_file: Some(file.clone()),
        ready_users: true,
        ..PoolOptions::default()
    };
    let one = TestPool::of_its_own(options()).await;
    let keys = jwks(&one).await;
    let other = TestPool::of_its_own(options()).await;
    assert_eq!(jwks(&other).await, keys);
    other.signed_in("user@example.com").await;
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(&file).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    std::fs::write(&file, "[{\"kid\":").unwrap();
    let third = TestPool::of_its_own(options()).await;
    assert_ne!(jwks(&third).await, keys);
    third.signed_in("user@example.com").await;
}
