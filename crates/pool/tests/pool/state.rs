//! Seed files, exports, the way back to the beginning, and time and codes that are known.

use cogward_pool::{PUBLIC_CLIENT_ID, PoolOptions, Seed};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims};

const SEED: &str = r#"
[pool]
access_token_seconds = 600
mfa = "OPTIONAL"
fixed_code = "424242"

[[resource_servers]]
identifier = "https://api.example.com"
scopes = ["read", "write"]

[[clients]]
id = "web"
access_token_seconds = 300
callback_urls = ["https://app.example.com/callback"]

[[clients]]
id = "machine"
secrets = ["machinesecret0123456789abcdef"]
oauth_flows = ["client_credentials"]
scopes = ["https://api.example.com/read"]

[[groups]]
name = "staff"
precedence = 10
description = "Everybody"

[[groups]]
name = "boss"
precedence = 1

[[users]]
username = "ada@example.com"
sub = "11111111-2222-4333-8444-555555555555"
password = "Passw0rd!"
groups = ["staff", "boss"]
attributes = { given_name = "Ada", "custom:plan" = "gold" }

[[users]]
username = "new@example.com"
password = "Passw0rd!"
status = "FORCE_CHANGE_PASSWORD"
"#;

async fn seeded(text: &str) -> TestPool {
    TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(text).unwrap()),
        ready_users: true,
        ..PoolOptions::default()
    })
    .await
}

async fn sign_in(pool: &TestPool, client: &str, name: &str) -> Value {
    let body = json!({
        "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": name, "PASSWORD": PASSWORD },
    });
    pool.call("InitiateAuth", body).await.ok()
}

async fn export(pool: &TestPool) -> String {
    let answer = pool.request(Method::GET, "/_local/export");
    answer.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_pool_is_what_its_seed_says() {
    let pool = seeded(SEED).await;
    let tokens = sign_in(&pool, "web", "ada@example.com").await;
    let result = &tokens["AuthenticationResult"];
    assert_eq!(result["ExpiresIn"], 300);
    let id = claims(&result["IdToken"]);
    assert_eq!(id["sub"], "11111111-2222-4333-8444-555555555555");
    assert_eq!(id["cognito:groups"], json!(["boss", "staff"]));
    assert_eq!(
        (&id["given_name"], &id["custom:plan"]),
        (&json!("Ada"), &json!("gold"))
    );
    assert_eq!(id["email_verified"], true);
    let answer = sign_in(&pool, "web", "new@example.com").await;
    assert_eq!(answer["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    for (client, name, kind) in [
        (
            PUBLIC_CLIENT_ID,
            "ada@example.com",
            "ResourceNotFoundException",
        ),
        ("web", "user@example.com", "NotAuthorizedException"),
    ] {
        let body = json!({
            "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": name, "PASSWORD": PASSWORD },
        });
        pool.call("InitiateAuth", body).await.refused(kind);
    }
}

#[tokio::test]
async fn an_export_is_a_seed_of_the_same_pool() {
    let pool = seeded(SEED).await;
    pool.local(
        "users",
        json!({ "username": "late@example.com", "password": PASSWORD }),
    )
    .await;
    let text = export(&pool).await;
    assert!(!text.contains(PASSWORD), "{text}");
    let again = seeded(&text).await;
    assert!(export(&again).await == text, "another export");
    sign_in(&again, "web", "late@example.com").await;
    let tokens = sign_in(&again, "web", "ada@example.com").await;
    let id = claims(&tokens["AuthenticationResult"]["IdToken"]);
    assert_eq!(id["cognito:groups"], json!(["boss", "staff"]));
}

#[tokio::test]
async fn a_seed_makes_what_is_missing_and_its_settings_hold_at_every_start() {
    let dir = tempfile::tempdir().unwrap();
    let options = |text: &str| PoolOptions {
        data_dir: Some(dir.path().join("data")),
        seed: Some(Seed::from_toml(text).unwrap()),
        ..PoolOptions::default()
    };
    let pool = TestPool::with(options(SEED)).await;
    pool.settings(json!({ "access_token_seconds": 77 })).await;
    let changed = json!({ "username": "ada@example.com", "password": "An0ther-one" });
    pool.local("users", changed).await;
    pool.pool.shutdown().await;

    let more =
        format!("{SEED}\n[[users]]\nusername = \"more@example.com\"\npassword = \"Passw0rd!\"\n");
    let pool = TestPool::with(options(&more)).await;
    assert_eq!(
        pool.local("settings", json!({})).await.1["access_token_seconds"],
        600
    );
    sign_in(&pool, "web", "more@example.com").await;
    let body = json!({
        "ClientId": "web", "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "ada@example.com", "PASSWORD": "An0ther-one" },
    });
    pool.call("InitiateAuth", body).await.ok();
}

/// A seed, the line of its fault, and what the message has to say.
const BAD_SEEDS: &[(&str, usize, &str)] = &[
    ("[pool\n", 1, ""),
    ("\n[pool]\nmfa = \"on\"\n", 3, "OPTIONAL"),
    ("[pool]\nmaf = \"ON\"\n", 2, "maf"),
    (
        "[pool]\naccess_token_seconds = 0\n",
        1,
        "access_token_seconds",
    ),
    ("[[clients]]\nid = \"a b\"\n", 2, "a b"),
    (
        "[[clients]]\nid = \"a\"\nsecrets = [\"short\"]\n",
        2,
        "24 to 64",
    ),
    ("[[clients]]\nid = \"abc\"\nscopes = [\"x/y\"]\n", 2, "x/y"),
    (
        "[[clients]]\nid = \"abc\"\n[[clients]]\nid = \"abc\"\n",
        2,
        "twice",
    ),
    (
        "[[clients]]\nid = \"abc\"\noauth_flows = [\"client_credentials\"]\n",
        2,
        "secret",
    ),
    (
        "[[users]]\nusername = \"ada\"\npassword = \"Passw0rd!\"\n",
        2,
        "email",
    ),
    (
        "[[users]]\nusername = \"a@b.c\"\npassword = \"short\"\n",
        2,
        "long enough",
    ),
    (
        "[[users]]\nusername = \"a@b.c\"\npassword_verifier = \"x\"\n",
        2,
        "sub",
    ),
    ("[[users]]\nusername = \"a@b.c\"\nsub = \"1\"\n", 2, "UUID"),
    (
        "[[users]]\nusername = \"a@b.c\"\nattributes = { nose = \"1\" }\n",
        2,
        "nose",
    ),
    (
        "[[users]]\nusername = \"a@b.c\"\nattributes = { phone_number_verified = \"true\" }\n",
        2,
        "phone_number",
    ),
    (
        "[pool]\nusername_attributes = [\"email\"]\nalias_attributes = [\"email\"]\n",
        1,
        "exclude",
    ),
    (
        "[pool.triggers]\ndefine_auth_challenge = \"https://example.com\"\n",
        0,
        "http URL",
    ),
];

#[test]
fn a_bad_seed_is_told_with_its_line() {
    for (text, line, named) in BAD_SEEDS {
        let error = Seed::from_toml(text).unwrap_err();
        let told = error.to_string();
        assert!(told.contains(named), "{told}");
        assert!(!told.contains('\n'), "{told}");
        if *line > 0 {
            assert_eq!(error.line, *line, "{text}: {told}");
        }
    }
}

#[tokio::test]
async fn a_reset_brings_back_the_beginning_and_keeps_the_keys() {
    let pool = TestPool::start().await;
    let jwks = || async {
        let path = format!("/{}/.well-known/jwks.json", cogward_pool::POOL_ID);
        let answer = pool.request(Method::GET, &path).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    let keys = jwks().await;
    pool.confirmed("gone@example.com").await;
    let tokens = pool.signed_in("gone@example.com").await;
    pool.settings(json!({ "access_token_seconds": 77 })).await;
    pool.local("clock", json!({ "advance_seconds": 100_000 }))
        .await;
    pool.local(
        "faults",
        json!({ "op": "InitiateAuth", "status": 500, "times": 9 }),
    )
    .await;
    pool.local(
        "users",
        json!({ "username": "user@example.com", "password": "An0ther-one" }),
    )
    .await;

    let (status, answer) = pool.local("reset", json!({})).await;
    assert_eq!((status.as_u16(), answer), (200, json!({})));
    assert_eq!(jwks().await, keys);
    assert_eq!(pool.messages("gone@example.com").await, json!([]));
    assert_eq!(
        pool.local("settings", json!({})).await.1["access_token_seconds"],
        3600
    );
    pool.signed_in("user@example.com").await;
    pool.password("gone@example.com", PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.refresh(&tokens["RefreshToken"])
        .await
        .refused("NotAuthorizedException");
    let (status, _) = pool.local("reset", json!({ "users": true })).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn time_stands_still_and_codes_are_known_on_request() {
    let pool = TestPool::start().await;
    let (_, answer) = pool
        .local("clock", json!({ "fixed_at": 1_800_000_000 }))
        .await;
    assert_eq!(answer["now"], 1_800_000_000);
    pool.settings(json!({ "fixed_code": "123456" })).await;
    pool.sign_up("known@example.com").await.ok();
    pool.confirm("known@example.com", "123456").await.ok();
    let access = claims(&pool.signed_in("known@example.com").await["AccessToken"]);
    assert_eq!(
        (&access["iat"], &access["exp"]),
        (&json!(1_800_000_000), &json!(1_800_003_600))
    );
    let (_, answer) = pool.local("clock", json!({ "advance_seconds": 5 })).await;
    assert_eq!(answer["now"], 1_800_000_005);
    let (_, answer) = pool.local("clock", json!({ "fixed_at": null })).await;
    assert!(answer["now"].as_i64().unwrap() != 1_800_000_005);
    for bad in [
        json!({ "fixed_at": -1 }),
        json!({ "fixed_at": "now" }),
        json!({ "fixed_at": 253_402_300_800_i64 }),
        json!({ "advance_seconds": i64::MAX }),
        json!({ "advance_seconds": -1 }),
        json!({ "fixed_at": 5, "advance_seconds": 5 }),
    ] {
        assert_eq!(pool.local("clock", bad).await.0, 400);
    }
    // However often it is put forward, it stops in the year 2200.
    for _ in 0..20 {
        pool.advance(315_360_000).await;
    }
    let (_, answer) = pool.local("clock", json!({ "advance_seconds": 5 })).await;
    assert_eq!(answer["now"], 7_258_118_400_i64);
    pool.signed_in("known@example.com").await;
    let (status, _) = pool
        .local("settings", json!({ "fixed_code": "12345" }))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn what_names_are_is_decided_once() {
    let pool = TestPool::start().await;
    let (status, answer) = pool
        .local("settings", json!({ "username_attributes": [] }))
        .await;
    assert_eq!(status, 400);
    assert!(
        answer["message"].as_str().unwrap().contains("seed"),
        "{answer}"
    );
}
