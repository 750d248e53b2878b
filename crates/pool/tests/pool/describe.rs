//! What the pool says of itself and its clients.

use cogward_pool::{CLIENT_SECRET, POOL_ID, PUBLIC_CLIENT_ID, PoolOptions, SECRET_CLIENT_ID, Seed};
use serde_json::{Value, json};

use crate::common::TestPool;

async fn described(pool: &TestPool) -> Value {
    let answer = pool.admin("DescribeUserPool", json!({})).await;
    answer.ok()["UserPool"].clone()
}

async fn client(pool: &TestPool, id: &str) -> Value {
    let body = json!({ "ClientId": id });
    let answer = pool.admin("DescribeUserPoolClient", body).await;
    answer.ok()["UserPoolClient"].clone()
}

async fn seeded(seed: &str) -> TestPool {
    TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(seed).unwrap()),
        ..PoolOptions::default()
    })
    .await
}

fn schema<'a>(pool: &'a Value, name: &str) -> &'a Value {
    let attributes = pool["SchemaAttributes"].as_array().unwrap();
    attributes.iter().find(|one| one["Name"] == name).unwrap()
}

#[tokio::test]
async fn a_pool_tells_its_rules() {
    let pool = TestPool::start().await;
    let told = described(&pool).await;
    assert_eq!(told["Id"], POOL_ID);
    assert_eq!(told["EstimatedNumberOfUsers"], 2);
    assert_eq!(told["MfaConfiguration"], "OFF");
    assert_eq!(told["UsernameAttributes"], json!(["email"]));
    assert_eq!(told["AutoVerifiedAttributes"], json!(["email"]));
    assert_eq!(told["UsernameConfiguration"]["CaseSensitive"], false);
    let policy = &told["Policies"]["PasswordPolicy"];
    assert_eq!(policy["MinimumLength"], 8);
    assert_eq!(policy["RequireSymbols"], true);
    assert_eq!(policy["TemporaryPasswordValidityDays"], 7);
    assert_eq!(
        told["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"],
        json!(["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"])
    );
    assert_eq!(
        told["AccountRecoverySetting"]["RecoveryMechanisms"],
        json!([
            { "Priority": 1, "Name": "verified_email" },
            { "Priority": 2, "Name": "verified_phone_number" },
        ])
    );
    assert_eq!(
        told["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
        false
    );
    let members = told.as_object().unwrap();
    assert!(!members.contains_key("AliasAttributes"));
    assert!(!members.contains_key("DeviceConfiguration"));
}

#[tokio::test]
async fn a_pool_tells_the_attributes_it_has() {
    let pool = TestPool::start().await;
    let told = described(&pool).await;
    assert_eq!(told["SchemaAttributes"].as_array().unwrap().len(), 21);
    assert_eq!(schema(&told, "sub")["Mutable"], false);
    assert_eq!(schema(&told, "email")["Required"], true);
    assert_eq!(schema(&told, "phone_number")["Required"], false);
    let verified = schema(&told, "phone_number_verified");
    assert_eq!(verified["AttributeDataType"], "Boolean");
    // An administrator can set whatever the schema says can be set.
    for attribute in told["SchemaAttributes"].as_array().unwrap() {
        let name = attribute["Name"].as_str().unwrap();
        let value = match name {
            "sub" | "identities" => continue,
            "email" => "new@example.com",
            "phone_number" => "+15550100",
            "email_verified" | "phone_number_verified" => "true",
            "birthdate" => "1815-12-10",
            _ => "1",
        };
        let mut list = vec![json!({ "Name": name, "Value": value })];
        if name == "phone_number_verified" {
            list.push(json!({ "Name": "phone_number", "Value": "+15550100" }));
        }
        let body = json!({ "Username": "admin@example.com", "UserAttributes": list });
        let answer = pool.admin("AdminUpdateUserAttributes", body).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        if name == "email" {
            let back = json!([{ "Name": "email", "Value": "admin@example.com" }]);
            let body = json!({ "Username": "new@example.com", "UserAttributes": back });
            pool.admin("AdminUpdateUserAttributes", body).await.ok();
        }
    }
}

#[tokio::test]
async fn a_seeded_pool_tells_what_its_seed_says() {
    let pool = seeded(
        r#"
[pool]
username_attributes = []
alias_attributes = ["email", "phone_number"]
auto_verified_attributes = ["phone_number"]
verify_before_update = ["email"]
account_recovery = ["admin_only"]
first_factors = ["PASSWORD"]
devices = "USER_OPT_IN"
self_sign_up = false
password_policy = { minimum_length = 16, require_symbols = false, history_size = 3 }
"#,
    )
    .await;
    let told = described(&pool).await;
    assert_eq!(told["AliasAttributes"], json!(["email", "phone_number"]));
    assert!(!told.as_object().unwrap().contains_key("UsernameAttributes"));
    assert_eq!(told["AutoVerifiedAttributes"], json!(["phone_number"]));
    let update = &told["UserAttributeUpdateSettings"];
    assert_eq!(
        update["AttributesRequireVerificationBeforeUpdate"],
        json!(["email"])
    );
    assert_eq!(
        told["AccountRecoverySetting"]["RecoveryMechanisms"],
        json!([{ "Priority": 1, "Name": "admin_only" }])
    );
    assert_eq!(
        told["DeviceConfiguration"],
        json!({ "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": true })
    );
    assert_eq!(
        told["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
        true
    );
    let policy = &told["Policies"]["PasswordPolicy"];
    assert_eq!(policy["MinimumLength"], 16);
    assert_eq!(policy["RequireSymbols"], false);
    assert_eq!(policy["PasswordHistorySize"], 3);
    assert_eq!(schema(&told, "email")["Required"], false);
}

#[tokio::test]
async fn a_pool_knows_when_it_was_made_and_changed() {
    let pool = TestPool::start().await;
    let before = described(&pool).await;
    assert_eq!(before["CreationDate"], before["LastModifiedDate"]);
    assert!(before["CreationDate"].as_i64().unwrap() > 1_700_000_000);
    pool.advance(100).await;
    pool.settings(json!({ "password_policy": { "minimum_length": 9 } }))
        .await;
    let after = described(&pool).await;
    assert_eq!(after["CreationDate"], before["CreationDate"]);
    let changed = after["LastModifiedDate"].as_i64().unwrap();
    assert!(changed >= before["CreationDate"].as_i64().unwrap() + 100);
    assert_eq!(after["Policies"]["PasswordPolicy"]["MinimumLength"], 9);
    // What changes nothing is no change.
    pool.advance(100).await;
    pool.settings(json!({})).await;
    assert_eq!(described(&pool).await["LastModifiedDate"], changed);
}

#[tokio::test]
async fn a_client_tells_what_it_may_do() {
    let pool = TestPool::start().await;
    let told = client(&pool, SECRET_CLIENT_ID).await;
    assert_eq!(told["ClientSecret"], CLIENT_SECRET);
    assert_eq!(told["UserPoolId"], POOL_ID);
    assert_eq!(told["AccessTokenValidity"], 1);
    assert_eq!(told["RefreshTokenValidity"], 30);
    assert_eq!(
        told["TokenValidityUnits"],
        json!({ "AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days" })
    );
    let flows = told["ExplicitAuthFlows"].as_array().unwrap();
    for flow in [
        "ALLOW_USER_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    ] {
        assert!(flows.contains(&flow.into()), "{flow}");
    }
    assert_eq!(told["AllowedOAuthFlows"], json!(["code", "implicit"]));
    assert_eq!(told["PreventUserExistenceErrors"], "ENABLED");
    assert_eq!(told["EnableTokenRevocation"], true);
    assert_eq!(
        told["RefreshTokenRotation"],
        json!({ "Feature": "DISABLED" })
    );
    assert_eq!(told["AuthSessionValidity"], 3);
    let told = client(&pool, PUBLIC_CLIENT_ID).await;
    for absent in ["ClientSecret", "ReadAttributes", "WriteAttributes"] {
        assert!(!told.as_object().unwrap().contains_key(absent), "{absent}");
    }
    pool.settings(json!({
        "refresh_rotation": true, "refresh_grace_seconds": 10, "access_token_seconds": 90,
        "prevent_user_existence_errors": "LEGACY",
    }))
    .await;
    let told = client(&pool, PUBLIC_CLIENT_ID).await;
    assert_eq!(
        told["RefreshTokenRotation"],
        json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": 10 })
    );
    let flows = told["ExplicitAuthFlows"].as_array().unwrap();
    assert!(!flows.contains(&"ALLOW_REFRESH_TOKEN_AUTH".into()));
    assert_eq!(told["AccessTokenValidity"], 90);
    assert_eq!(told["TokenValidityUnits"]["AccessToken"], "seconds");
    assert_eq!(told["PreventUserExistenceErrors"], "LEGACY");
}

#[tokio::test]
async fn a_seeded_client_tells_its_own_settings() {
    let pool = seeded(
        r#"
[[clients]]
id = "web"
name = "The application"
flows = ["USER_SRP_AUTH"]
oauth_flows = []
scopes = ["openid"]
callback_urls = ["https://app.example.com/callback"]
logout_urls = ["https://app.example.com/"]
read_attributes = ["email"]
refresh_token_seconds = 7200
"#,
    )
    .await;
    let told = client(&pool, "web").await;
    assert_eq!(told["ClientName"], "The application");
    assert_eq!(told["ExplicitAuthFlows"], json!(["ALLOW_USER_SRP_AUTH"]));
    assert_eq!(told["AllowedOAuthFlowsUserPoolClient"], false);
    assert_eq!(told["AllowedOAuthScopes"], json!(["openid"]));
    assert_eq!(
        told["CallbackURLs"],
        json!(["https://app.example.com/callback"])
    );
    assert_eq!(told["LogoutURLs"], json!(["https://app.example.com/"]));
    assert_eq!(told["ReadAttributes"], json!(["email"]));
    assert_eq!(told["RefreshTokenValidity"], 2);
    let refused = pool
        .admin(
            "DescribeUserPoolClient",
            json!({ "ClientId": PUBLIC_CLIENT_ID }),
        )
        .await;
    refused.refused("ResourceNotFoundException");
}

#[tokio::test]
async fn second_factors_are_told_when_there_are_any() {
    let pool = TestPool::start().await;
    let config = pool.admin("GetUserPoolMfaConfig", json!({})).await.ok();
    assert_eq!(config["MfaConfiguration"], "OFF");
    assert_eq!(config["SoftwareTokenMfaConfiguration"]["Enabled"], false);
    assert_eq!(config["EmailMfaConfiguration"], Value::Null);
    assert_eq!(
        config["WebAuthnConfiguration"],
        json!({
            "RelyingPartyId": "localhost", "UserVerification": "preferred",
            "FactorConfiguration": "SINGLE_FACTOR",
        })
    );
    pool.settings(json!({ "mfa": "ON", "mfa_factors": ["SOFTWARE_TOKEN_MFA", "SMS_MFA"] }))
        .await;
    let config = pool.admin("GetUserPoolMfaConfig", json!({})).await.ok();
    assert_eq!(config["MfaConfiguration"], "ON");
    assert_eq!(config["SoftwareTokenMfaConfiguration"]["Enabled"], true);
    assert!(config["SmsMfaConfiguration"].is_object());
    assert_eq!(config["EmailMfaConfiguration"], Value::Null);
}

#[tokio::test]
async fn pools_and_clients_are_listed_in_pages() {
    let pool = TestPool::start().await;
    let body = json!({ "MaxResults": 10 });
    let pools = pool.call("ListUserPools", body).await.ok();
    assert_eq!(pools["UserPools"].as_array().unwrap().len(), 1);
    assert_eq!(pools["UserPools"][0]["Id"], POOL_ID);
    assert_eq!(pools["NextToken"], Value::Null);
    for body in [
        json!({}),
        json!({ "MaxResults": 0 }),
        json!({ "MaxResults": 61 }),
    ] {
        let refused = pool.call("ListUserPools", body).await;
        refused.refused("InvalidParameterException");
    }
    let mut body = json!({ "MaxResults": 1 });
    let first = pool.admin("ListUserPoolClients", body.clone()).await.ok();
    body["NextToken"] = first["NextToken"].clone();
    let second = pool.admin("ListUserPoolClients", body.clone()).await.ok();
    assert_eq!(first["UserPoolClients"][0]["ClientId"], PUBLIC_CLIENT_ID);
    assert_eq!(second["UserPoolClients"][0]["ClientId"], SECRET_CLIENT_ID);
    assert_eq!(second["NextToken"], Value::Null);
    assert!(!second.to_string().contains(CLIENT_SECRET));
    body["ClientType"] = "DCR".into();
    body["NextToken"] = Value::Null;
    let none = pool.admin("ListUserPoolClients", body).await.ok();
    assert_eq!(none["UserPoolClients"], json!([]));
}

#[tokio::test]
async fn only_this_pool_is_described() {
    let pool = TestPool::start().await;
    for operation in [
        "DescribeUserPool",
        "DescribeUserPoolClient",
        "GetUserPoolMfaConfig",
        "ListUserPoolClients",
    ] {
        let body = json!({ "UserPoolId": "us-east-1_Other0001", "ClientId": PUBLIC_CLIENT_ID });
        let refused = pool.call(operation, body).await;
        refused.refused("ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_pool_tells_which_functions_it_has() {
    let pool = TestPool::start().await;
    assert_eq!(described(&pool).await["LambdaConfig"], json!({}));
    let url = "http://127.0.0.1:9001/2015-03-31/functions/riddles/invocations";
    let triggers = json!({
        "define_auth_challenge": url, "create_auth_challenge": "http://127.0.0.1:9001/create",
    });
    pool.settings(json!({ "triggers": triggers })).await;
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let functions = json!({
        "DefineAuthChallenge": arn("riddles"), "CreateAuthChallenge": arn("CreateAuthChallenge"),
    });
    assert_eq!(described(&pool).await["LambdaConfig"], functions);
    let pools = pool
        .call("ListUserPools", json!({ "MaxResults": 1 }))
        .await
        .ok();
    assert_eq!(pools["UserPools"][0]["LambdaConfig"], functions);
}
