//! `LocalPool`, as tests of applications use it.

use std::time::Duration;

use cogward_pool::{LocalPool, PUBLIC_CLIENT_ID};
use serde_json::{Value, json};

use crate::common::{PASSWORD, claims, client};

// The example of docs/local-pool.md.
#[expect(
    clippy::disallowed_methods,
    reason = "tests of applications make clients as they like"
)]
mod example {
    use std::time::Duration;

    use cogward_pool::{LocalPool, PUBLIC_CLIENT_ID};
    use serde_json::{Value, json};

    type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    /// What the application under test does when somebody signs in.
    async fn sign_in(pool: &LocalPool, name: &str) -> Result<Value> {
        let body = json!({
            "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": PUBLIC_CLIENT_ID,
            "AuthParameters": { "USERNAME": name, "PASSWORD": "Passw0rd!" },
        });
        let call = reqwest::Client::new()
            .post(pool.url())
            .header(
                "X-Amz-Target",
                "AWSCognitoIdentityProviderService.InitiateAuth",
            )
            .body(body.to_string());
        Ok(call.send().await?.json().await?)
    }

    #[tokio::test]
    async fn staff_sign_in_again_when_cognito_is_well_again() -> Result {
        let pool = LocalPool::start().await?; // a free port, all in memory, gone when dropped
        let (groups, attributes) = (["staff"], [("given_name", "Ada")]);
        pool.user_with("ada@example.com", "Passw0rd!", &groups, &attributes)
            .await?;

        pool.fault(json!({ "op": "InitiateAuth", "type": "TooManyRequestsException" }))?;
        let refused = sign_in(&pool, "ada@example.com").await?;
        assert_eq!(refused["__type"], "TooManyRequestsException");
        let signed_in = sign_in(&pool, "ada@example.com").await?;
        assert!(signed_in["AuthenticationResult"]["AccessToken"].is_string());

        pool.advance(Duration::from_secs(3600)); // tokens are late now
        pool.rotate_keys(false).await?; // and their keys unknown
        pool.reset().await?; // as it began: for the next test
        assert_eq!(
            sign_in(&pool, "ada@example.com").await?["__type"],
            "NotAuthorizedException"
        );
        Ok(())
    }
}

#[test]
fn the_page_has_this_example() {
    let page = include_str!("../../../../docs/local-pool.md");
    let shown = page.split("```rust\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    let squeezed = |text: &str| {
        text.split_whitespace()
            .collect::<String>()
            .replace(",)", ")")
    };
    let own = squeezed(include_str!("local_pool.rs"));
    assert!(own.contains(&squeezed(shown)), "{shown}");
}

#[tokio::test]
async fn a_local_pool_serves_a_test() {
    let pool = LocalPool::start().await.unwrap();
    let other = LocalPool::start().await.unwrap();
    assert_ne!(pool.url(), other.url());
    let sub = pool.user("ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(sub.len(), 36);
    assert!(pool.user("ada@example.com", "short").await.is_err());
    assert!(pool.code("ada@example.com").await.is_err());
    let call = async |operation: &str, body: Value| {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let request = client().post(pool.url()).header("X-Amz-Target", target);
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    let new = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "bob@example.com", "Password": PASSWORD });
    assert_eq!(call("SignUp", new).await.0, 200);
    let code = pool.code("Bob@example.com").await.unwrap();
    let confirm = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": "bob@example.com", "ConfirmationCode": code,
    });
    assert_eq!(call("ConfirmSignUp", confirm).await.0, 200);
    let sign_in = || {
        call(
            "InitiateAuth",
            json!({
                "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": { "USERNAME": "bob@example.com", "PASSWORD": PASSWORD },
            }),
        )
    };
    let (_, tokens) = sign_in().await;
    let access = json!({ "AccessToken": tokens["AuthenticationResult"]["AccessToken"] });
    assert_eq!(call("GetUser", access.clone()).await.0, 200);
    pool.advance(Duration::from_secs(3601));
    assert_eq!(call("GetUser", access).await.0, 400);
    pool.reset().await.unwrap();
    assert_eq!(sign_in().await.0, 400);
    // For ever is up to the year 2200, and nothing overflows there.
    pool.advance(Duration::MAX);
    pool.advance(Duration::MAX);
    let new = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "eve@example.com", "Password": PASSWORD });
    assert_eq!(call("SignUp", new).await.0, 200);
    pool.fix_time(i64::MIN);
    pool.fix_time(i64::MAX);
    let wrong = LocalPool::seeded("[pool]\nmaf = 1\n")
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(wrong.contains("line 2"), "{wrong}");
}

async fn call(pool: &LocalPool, operation: &str, body: Value) -> Value {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let request = client().post(pool.url()).header("X-Amz-Target", target);
    let answer = request.body(body.to_string()).send().await.unwrap();
    answer.json().await.unwrap()
}

async fn tokens(pool: &LocalPool, name: &str) -> Value {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": name, "PASSWORD": PASSWORD },
    });
    call(pool, "InitiateAuth", body).await["AuthenticationResult"].clone()
}

#[tokio::test]
async fn a_user_has_the_groups_and_attributes_given() {
    let pool = LocalPool::start().await.unwrap();
    let name = "ada@example.com";
    let attributes = [("given_name", "Ada"), ("custom:plan", "gold")];
    let made = pool.user_with(name, PASSWORD, &["admin", "staff"], &attributes);
    let sub = made.await.unwrap();
    let id = claims(&tokens(&pool, name).await["IdToken"]);
    assert_eq!(id["sub"], *sub);
    assert_eq!(id["cognito:groups"], json!(["admin", "staff"]));
    assert_eq!(
        (&id["given_name"], &id["custom:plan"]),
        (&json!("Ada"), &json!("gold"))
    );
    let again = pool.user_with(name, PASSWORD, &[], &[("given_name", "Augusta")]);
    assert_eq!(again.await.unwrap(), sub);
    let id = claims(&tokens(&pool, name).await["IdToken"]);
    assert_eq!(id.get("cognito:groups"), None);
    assert_eq!(
        (&id["given_name"], &id["custom:plan"]),
        (&json!("Augusta"), &json!("gold"))
    );
    let no_group = pool.user_with(name, PASSWORD, &["a b"], &[]).await;
    assert!(no_group.unwrap_err().to_string().contains("groupName"));
    let no_attribute = pool.user_with(name, PASSWORD, &[], &[("nose", "1")]).await;
    assert!(no_attribute.unwrap_err().to_string().contains("nose"));
}

#[tokio::test]
async fn an_exported_pool_begins_again() {
    let pool = LocalPool::start().await.unwrap();
    pool.settings(json!({ "access_token_seconds": 77 }))
        .await
        .unwrap();
    let sub = pool.user("ada@example.com", PASSWORD).await.unwrap();
    let again = LocalPool::seeded(&pool.export().await.unwrap())
        .await
        .unwrap();
    let tokens = tokens(&again, "ada@example.com").await;
    assert_eq!(tokens["ExpiresIn"], 77);
    assert_eq!(claims(&tokens["AccessToken"])["sub"], *sub);
}

#[tokio::test]
async fn what_is_no_setting_or_fault_is_told() {
    let pool = LocalPool::start().await.unwrap();
    let told = |result: Result<(), cogward_pool::LocalPoolError>| result.unwrap_err().to_string();
    assert!(told(pool.settings(json!([])).await).contains("object"));
    assert!(told(pool.settings(json!({ "mfa": "on" })).await).contains("OPTIONAL"));
    assert!(told(pool.fault(json!({ "op": "Nothing", "status": 500 }))).contains("Nothing"));
    assert!(told(pool.fault(json!({ "operation": "jwks" }))).contains("operation"));
}

#[tokio::test]
async fn time_is_fixed_moved_and_let_go() {
    let pool = LocalPool::start().await.unwrap();
    pool.fix_time(1_800_000_000);
    pool.advance(Duration::from_secs(60));
    let issued =
        async || claims(&tokens(&pool, "user@example.com").await["IdToken"])["iat"].clone();
    assert_eq!(issued().await, 1_800_000_060);
    pool.release_time();
    assert_ne!(issued().await, 1_800_000_060);
}

#[tokio::test]
async fn pools_of_one_process_share_keys_until_one_makes_new_ones() {
    let (one, other) = (
        LocalPool::start().await.unwrap(),
        LocalPool::start().await.unwrap(),
    );
    let key_set = async |pool: &LocalPool| {
        let url = format!("{}/{}/.well-known/jwks.json", pool.url(), pool.id());
        let answer = client().get(url).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["keys"].clone()
    };
    let shared = key_set(&one).await;
    assert_eq!(shared, key_set(&other).await);
    // Its key alone makes no token another pool's.
    let foreign = json!({ "AccessToken": tokens(&one, "user@example.com").await["AccessToken"] });
    let refused = call(&other, "GetUser", foreign.clone()).await;
    assert_eq!(refused["__type"], "NotAuthorizedException");
    assert!(call(&one, "GetUser", foreign).await["Username"].is_string());
    one.rotate_keys(true).await.unwrap();
    assert_eq!(key_set(&one).await.as_array().unwrap().len(), 4);
    one.rotate_keys(false).await.unwrap();
    let rotated = key_set(&one).await;
    assert_eq!(rotated.as_array().unwrap().len(), 2);
    assert_ne!(rotated, shared);
    assert_eq!(key_set(&other).await, shared);
}
