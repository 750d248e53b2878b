//! A pool that was exported begins again as it was.

use cogward_pool::{PoolOptions, Seed};
use reqwest::Method;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::common::{PASSWORD, TestPool, claims};
use crate::devices::{self, Device};
use crate::passkey_sign_in;
use crate::passkeys::registered;

const USER: &str = "user@example.com";

const SEED: &str = r#"
[pool]
mfa = "OPTIONAL"
devices = "ALWAYS"
access_token_seconds = 700

[pool.password_policy]
minimum_length = 8
history_size = 3

[[resource_servers]]
identifier = "https://api.example.com"
scopes = ["read"]

[[clients]]
id = "cogwardlocalpublicclient01"
loopback_urls = true

[[clients]]
id = "machine"
secrets = ["machinesecret0123456789abcdef", "machinesecretthenextone0123"]
oauth_flows = ["client_credentials"]
scopes = ["https://api.example.com/read"]

[[groups]]
name = "staff"
precedence = 10
description = "Everybody"

[[users]]
username = "user@example.com"
password = "Passw0rd!"

[[users]]
username = "app@example.com"
password = "Passw0rd!"
groups = ["staff"]
attributes = { "custom:plan" = "gold" }

[[users]]
username = "key@example.com"
password = "Passw0rd!"

[[users]]
username = "changed@example.com"
password = "Passw0rd!"

[[users]]
username = "half@example.com"
password = "Passw0rd!"
"#;

async fn pool(text: &str) -> TestPool {
    TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(text).unwrap()),
        ready_users: true,
        ..PoolOptions::default()
    })
    .await
}

async fn export(pool: &TestPool) -> String {
    let answer = pool.request(Method::GET, "/_local/export");
    answer.send().await.unwrap().text().await.unwrap()
}

async fn change_password(pool: &TestPool, access: &Value, from: &str, to: &str) -> u16 {
    let body = json!({ "AccessToken": access, "PreviousPassword": from, "ProposedPassword": to });
    let answer = pool.call("ChangePassword", body).await;
    answer.status.as_u16()
}

/// What its users keep of a pool that has been used.
struct Used {
    device: Device,
    app: Value,
    passkey: Authenticator,
    /// Of an enrolment that was begun.
    half: Value,
}

async fn used(pool: &TestPool) -> Used {
    let access = async |name: &str| pool.signed_in(name).await["AccessToken"].clone();
    let device = Device::confirmed(pool, USER).await;
    let token = access("app@example.com").await;
    let app = pool.enrolled(&token).await;
    let prefer = json!({ "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    pool.prefer(&token, prefer).await.ok();
    let passkey = registered(pool, &access("key@example.com").await).await;
    let token = access("changed@example.com").await;
    let changed = change_password(pool, &token, PASSWORD, "An0ther-one").await;
    assert_eq!(changed, 200);
    let begun = json!({ "AccessToken": access("half@example.com").await });
    let half = pool.call("AssociateSoftwareToken", begun).await.ok()["SecretCode"].clone();
    Used {
        device,
        app,
        passkey,
        half,
    }
}

#[tokio::test]
async fn an_export_says_what_it_holds_and_comes_out_again_as_it_went_in() {
    let first = pool(SEED).await;
    let used = used(&first).await;
    let text = export(&first).await;
    for absent in [PASSWORD, used.half.as_str().unwrap()] {
        assert!(!text.contains(absent), "{text}");
    }
    for told in [
        "secrets of\n# clients",
        "authenticator apps",
        "signing keys",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let again = export(&pool(&text).await).await;
    assert!(again == text, "{text}\n{again}");
}

#[tokio::test]
async fn whoever_could_sign_in_before_an_export_can_after_it() {
    let first = pool(SEED).await;
    let mut used = used(&first).await;
    let second = pool(&export(&first).await).await;
    // Codes of the app were taken up to a minute ahead.
    second.advance(120).await;
    let asked = devices::sign_in(&second, USER, &used.device.key).await;
    let answer = used.device.prove(&second, &asked, &used.device.password);
    assert!(answer.await.ok()["AuthenticationResult"].is_object());
    let asked = second.password("app@example.com", PASSWORD).await.ok();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let code = second.totp(&used.app).await;
    let responses = json!({ "USERNAME": "app@example.com", "SOFTWARE_TOKEN_MFA_CODE": code });
    let answer = second.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], responses);
    let tokens = answer.await.ok()["AuthenticationResult"].clone();
    let id = claims(&tokens["IdToken"]);
    assert_eq!(
        (&id["cognito:groups"], &id["custom:plan"]),
        (&json!(["staff"]), &json!("gold"))
    );
    assert_eq!(tokens["ExpiresIn"], 700);
    passkey_sign_in::sign_in(&second, "key@example.com", &mut used.passkey)
        .await
        .ok();
    let changed = second.password("changed@example.com", "An0ther-one").await;
    let access = changed.ok()["AuthenticationResult"]["AccessToken"].clone();
    let back = change_password(&second, &access, "An0ther-one", PASSWORD).await;
    assert_eq!(back, 400, "a password of the past");
}

#[tokio::test]
async fn clients_keep_their_secrets_and_groups_what_is_said_of_them() {
    let second = pool(&export(&pool(SEED).await).await).await;
    for secret in [
        "machinesecret0123456789abcdef",
        "machinesecretthenextone0123",
    ] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "machine"),
            ("client_secret", secret),
        ];
        assert_eq!(second.oauth("/oauth2/token", &form).await.0, 200);
    }
    let group = second
        .admin("GetGroup", json!({ "GroupName": "staff" }))
        .await;
    assert_eq!(group.ok()["Group"]["Description"], "Everybody");
}

#[tokio::test]
async fn a_user_who_signs_in_with_a_telephone_number_is_exported_with_it() {
    let text = r#"
        [pool]
        username_attributes = ["phone_number"]

        [[clients]]
        id = "cogwardlocalpublicclient01"

        [[users]]
        username = "+12025550123"
        password = "Passw0rd!"
        attributes = { email = "Ada@Example.com", email_verified = "false" }
    "#;
    let first = pool(text).await;
    let exported = export(&first).await;
    assert!(
        exported.contains("username = \"+12025550123\""),
        "{exported}"
    );
    let second = pool(&exported).await;
    assert_eq!(export(&second).await, exported);
    let tokens = second.signed_in("+12025550123").await;
    let id = claims(&tokens["IdToken"]);
    assert_eq!(id["email"], "ada@example.com");
    assert_eq!(id["email_verified"], false);
    assert_eq!(id["phone_number_verified"], true);
}

#[tokio::test]
async fn what_an_export_does_not_write_is_no_seed() {
    let user = "[[users]]\nusername = \"a@example.com\"\npassword = \"Passw0rd!\"\n";
    let device = "[[users.devices]]\nkey = \"k\"\nremembered = true\nip = \"::1\"\n\
                  created_at = 0\nmodified_at = 0\nauthenticated_at = 0\n";
    for (more, named) in [
        ("created_at = -1\n", "2200"),
        ("password_set_at = 300000000000\n", "2200"),
        ("groups = [\"a b\"]\n", "groupName"),
        (
            "attributes = { \"custom:a2345678901234567890123456789\" = \"\" }\n",
            "32",
        ),
        (&format!("{device}verifier = \"x\"\n"), "verifier"),
        (&format!("{device}{device}"), "twice"),
    ] {
        let error = Seed::from_toml(&format!("{user}{more}")).unwrap_err();
        assert!(error.to_string().contains(named), "{more}: {error}");
    }
    let nobody = "[[users]]\nusername = \"\"\npassword = \"Passw0rd!\"\n";
    assert!(Seed::from_toml(&format!("[pool]\nusername_attributes = []\n{nobody}")).is_err());
    assert!(Seed::from_toml("[[groups]]\nname = \"\"\n").is_err());
}
