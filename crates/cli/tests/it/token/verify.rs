use serde_json::{Value, json};
use url::Url;

use super::{Bench, CLIENT, ISSUER, NOW, POOL, fed, shown};
use crate::process::{Server, cogward, free_ports, http};

#[tokio::test]
async fn tokens_of_a_pool_are_verified_by_flags_and_by_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let [port] = free_ports();
    let args = ["pool", "--port", &port.to_string(), "--data-dir", "pool"];
    let pool = Server::start(folder.path(), &args, &[], port, "/_local/health").await;
    let [access, id] = sign_in(&pool.base).await;
    let issuer = format!("http://localhost:{port}/us-east-1_Cogward01");
    let verify = |more: &[&str], token: &str| {
        let flags = ["token", "verify", "--issuer", &issuer, "--client", CLIENT];
        fed(folder.path(), &[&flags, more].concat(), token.as_bytes())
    };
    let page = shown(&verify(&["--use", "access", "--group", "admin"], &access));
    assert!(page.starts_with("verified: an access token"), "{page}");
    let claims = shown(&verify(&["--json"], &id));
    let claims: Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(claims["email"], "admin@example.com");
    let env = [
        ("COGNITO_USER_POOL_ID", "us-east-1_Cogward01"),
        ("COGNITO_CLIENT_ID", CLIENT),
        ("COGNITO_DOMAIN", pool.base.as_str()),
        ("COGNITO_ENDPOINT", pool.base.as_str()),
        ("SESSION_SECRET", "kept-from-everyone-0123456789-abcdef"),
    ];
    let configured = |token: &str| {
        let mut command = cogward(folder.path(), &["token", "verify", token]);
        command.envs(env).output().unwrap()
    };
    shown(&configured(&access));
    let stranger = Bench::new().token(&json!({}));
    assert_eq!(configured(&stranger).status.code(), Some(1));
}

/// An access and an ID token of the pool's administrator.
async fn sign_in(pool: &Url) -> [String; 2] {
    let asked = json!({
        "ClientId": CLIENT, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "admin@example.com", "PASSWORD": "Passw0rd!" },
    });
    let target = "AWSCognitoIdentityProviderService.InitiateAuth";
    let request = http().post(pool.clone()).body(asked.to_string());
    let answer = request
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target)
        .send();
    let answer: Value = answer.await.unwrap().json().await.unwrap();
    ["AccessToken", "IdToken"].map(|name| {
        answer["AuthenticationResult"][name]
            .as_str()
            .unwrap()
            .into()
    })
}

#[test]
fn claims_are_shown_with_times_as_people_read_them() {
    let bench = Bench::new();
    let token = bench.token(&json!({}));
    let page = shown(&bench.verify(&[], &token));
    for line in [
        "verified: an access token of a Cognito user pool, a person's",
        "  cognito:groups  [\"staff\"]",
        "  exp             1795251540  2026-11-21 08:59:00 UTC, expires in 59 minutes",
        "  iat             1795247940  2026-11-21 07:59:00 UTC, 60 seconds ago",
    ] {
        assert!(page.lines().any(|shown| shown == line), "{line}\n{page}");
    }
    let machine = bench.token(&json!({ "username": null }));
    let page = shown(&bench.verify(&[], &machine));
    assert!(page.contains("a machine's"), "{page}");
}

/// Numbers and depths that a JSON value cannot hold pass unchanged.
#[test]
fn json_has_the_claims_as_they_were_signed() {
    let bench = Bench::new();
    let odd = json!({ "custom:n": u64::MAX, "custom:s": "a\u{9b}b\nc" });
    let token = bench.token(&odd);
    let line = shown(&bench.verify(&["--json"], &token));
    assert!(line.contains("\"custom:n\":18446744073709551615"), "{line}");
    assert!(line.contains("a\\u009bb\\nc"), "{line}");
    let mut deep = Value::Null;
    for _ in 0..200 {
        deep = json!([deep]);
    }
    let token = bench.token(&json!({ "custom:deep": deep }));
    for args in [["--json"].as_slice(), &[]] {
        let line = shown(&bench.verify(args, &token));
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains(&"]".repeat(200)), "{line}");
    }
}

#[test]
fn good_is_what_the_flags_say() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "cognito:groups": ["a", "b"] }));
    for args in [
        ["--use", "access"].as_slice(),
        &["--group", "a", "--group", "b"],
        &["--scope", "openid", "--scope", "orders/read"],
        &["--client", "another"],
    ] {
        shown(&bench.verify(args, &token));
    }
    shown(&bench.verify_at(NOW + 3600, &["--leeway", "61"], &token));
    let keys = ["--client", CLIENT, "--jwks", "jwks.json"];
    let issuer = ["token", "verify", "--issuer", ISSUER, "--at", "1795248000"];
    shown(&bench.run(&[issuer.as_slice(), &keys].concat(), &token));
    let now = ["token", "verify", "--pool", POOL];
    let ever = bench.token(&json!({ "iat": 1, "exp": 253_402_300_799_i64 }));
    shown(&bench.run(&[now.as_slice(), &keys].concat(), &ever));
}
