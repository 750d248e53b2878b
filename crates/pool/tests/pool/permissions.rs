//! What a client may read and write of its users.

use cogward_pool::{PoolOptions, Seed};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims};

const USER: &str = "ada@example.com";
const SEED: &str = r#"
[[clients]]
id = "narrow"
loopback_urls = true
read_attributes = ["email", "given_name"]
write_attributes = ["given_name", "nickname"]

[[clients]]
id = "wide"

[[users]]
username = "ada@example.com"
password = "Passw0rd!"
attributes = { given_name = "Ada", family_name = "Lovelace", "custom:plan" = "gold" }
"#;

async fn pool() -> TestPool {
    TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(SEED).unwrap()),
        ..PoolOptions::default()
    })
    .await
}

async fn signed_in(pool: &TestPool, client: &str) -> Value {
    let body = json!({
        "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": USER, "PASSWORD": PASSWORD },
    });
    pool.call("InitiateAuth", body).await.ok()["AuthenticationResult"].clone()
}

#[tokio::test]
async fn a_client_reads_what_it_may_and_nothing_else() {
    let pool = pool().await;
    let (narrow, wide) = (
        signed_in(&pool, "narrow").await,
        signed_in(&pool, "wide").await,
    );
    let names = async |tokens: &Value| {
        let user = pool.get_user(&tokens["AccessToken"]).await.ok();
        let attributes = user["UserAttributes"].as_array().unwrap().clone();
        let names = attributes
            .iter()
            .map(|one| one["Name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&narrow).await, ["sub", "email", "given_name"]);
    assert_eq!(
        names(&wide).await,
        [
            "sub",
            "custom:plan",
            "email",
            "email_verified",
            "family_name",
            "given_name"
        ]
    );
    let (narrow, wide) = (claims(&narrow["IdToken"]), claims(&wide["IdToken"]));
    assert_eq!(narrow["given_name"], "Ada");
    for hidden in ["family_name", "custom:plan", "email_verified"] {
        assert_eq!(narrow.get(hidden), None, "{hidden}");
        assert!(wide.get(hidden).is_some(), "{hidden}");
    }
    // The token of an API sign-in opens nothing at userInfo, whatever the client may read.
    let tokens = signed_in(&pool, "narrow").await;
    let info = pool
        .request(Method::GET, "/oauth2/userInfo")
        .bearer_auth(tokens["AccessToken"].as_str().unwrap());
    assert_eq!(info.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_client_writes_what_it_may_and_nothing_else() {
    let pool = pool().await;
    let narrow = signed_in(&pool, "narrow").await["AccessToken"].clone();
    let wide = signed_in(&pool, "wide").await["AccessToken"].clone();
    let update = async |access: &Value, name: &str, value: &str| {
        let attributes =
            json!([{ "Name": "nickname", "Value": "x" }, { "Name": name, "Value": value }]);
        let body = json!({ "AccessToken": access, "UserAttributes": attributes });
        pool.call("UpdateUserAttributes", body).await
    };
    for (name, value) in [
        ("family_name", "Byron"),
        ("family_name", ""),
        ("custom:plan", "free"),
        ("email", "new@example.com"),
    ] {
        update(&narrow, name, value)
            .await
            .refused("NotAuthorizedException");
    }
    let body = json!({ "AccessToken": narrow, "UserAttributeNames": ["family_name"] });
    pool.call("DeleteUserAttributes", body)
        .await
        .refused("NotAuthorizedException");
    assert_eq!(pool.attribute(&wide, "nickname").await, None);
    assert_eq!(
        pool.attribute(&wide, "family_name").await.unwrap(),
        "Lovelace"
    );
    update(&narrow, "given_name", "Augusta").await.ok();
    update(&wide, "family_name", "Byron").await.ok();
    assert_eq!(
        pool.attribute(&wide, "given_name").await.unwrap(),
        "Augusta"
    );
    let body = json!({
        "ClientId": "narrow", "Username": "new@example.com", "Password": PASSWORD,
        "UserAttributes": [{ "Name": "family_name", "Value": "x" }],
    });
    pool.call("SignUp", body)
        .await
        .refused("NotAuthorizedException");
}
