//! What an administrator does in a user's place: second factors and sessions.

use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool};

const EMAIL: &str = "user@example.com";
const APP: &str = "SOFTWARE_TOKEN_MFA";

/// A pool of optional second factors, and the secret of the app that its user enrolled.
async fn with_app() -> (TestPool, Value) {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let access = pool.signed_in(EMAIL).await["AccessToken"].clone();
    let secret = pool.enrolled(&access).await;
    let app = json!({ "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    admin(&pool, "AdminSetUserMFAPreference", app).await.ok();
    (pool, secret)
}

async fn admin(pool: &TestPool, operation: &str, more: Value) -> crate::common::Answer {
    let mut body = more;
    body["Username"] = EMAIL.into();
    pool.admin(operation, body).await
}

async fn sessions(pool: &TestPool, more: Value) -> (Vec<Value>, Value) {
    let list = admin(pool, "AdminListUserSessions", more).await.ok();
    let sessions = list["Sessions"].as_array().unwrap().clone();
    (sessions, list["NextToken"].clone())
}

#[tokio::test]
async fn a_preference_of_the_administrators_is_asked_for_and_shown() {
    let (pool, secret) = with_app().await;
    let user = admin(&pool, "AdminGetUser", json!({})).await.ok();
    assert_eq!(user["PreferredMfaSetting"], APP);
    assert_eq!(user["UserMFASettingList"], json!([APP]));
    let factors = admin(&pool, "AdminGetUserAuthFactors", json!({}))
        .await
        .ok();
    assert_eq!(factors["PreferredMfaSetting"], APP);
    assert_eq!(factors["Username"], user["Username"]);
    let configured = factors["ConfiguredUserAuthFactors"].as_array().unwrap();
    assert!(configured.contains(&"PASSWORD".into()), "{configured:?}");
    let challenge = pool.password(EMAIL, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], APP);
    let code = pool.totp(&secret).await;
    let responses = json!({ "USERNAME": EMAIL, "SOFTWARE_TOKEN_MFA_CODE": code });
    let done = pool.respond(APP, &challenge["Session"], responses).await;
    assert!(done.ok()["AuthenticationResult"].is_object());
}

#[tokio::test]
async fn a_preference_for_what_a_user_has_not_is_refused() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let app = json!({ "SoftwareTokenMfaSettings": { "Enabled": true } });
    let refused = admin(&pool, "AdminSetUserMFAPreference", app).await;
    refused.refused("InvalidParameterException");
    let sms =
        json!({ "MFAOptions": [{ "DeliveryMedium": "SMS", "AttributeName": "phone_number" }] });
    let refused = admin(&pool, "AdminSetUserSettings", sms.clone()).await;
    refused.refused("InvalidParameterException");
    let phone = json!([
        { "Name": "phone_number", "Value": "+15550100" },
        { "Name": "phone_number_verified", "Value": "true" },
    ]);
    let body = json!({ "UserAttributes": phone });
    admin(&pool, "AdminUpdateUserAttributes", body).await.ok();
    admin(&pool, "AdminSetUserSettings", sms).await.ok();
    let user = admin(&pool, "AdminGetUser", json!({})).await.ok();
    assert_eq!(user["UserMFASettingList"], json!(["SMS_MFA"]));
    let challenge = pool.password(EMAIL, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "SMS_MFA");
    admin(&pool, "AdminSetUserSettings", json!({ "MFAOptions": [] }))
        .await
        .ok();
    pool.signed_in(EMAIL).await;
}

#[tokio::test]
async fn a_deleted_app_is_asked_for_no_more() {
    let (pool, secret) = with_app().await;
    let challenge = pool.password(EMAIL, PASSWORD).await.ok();
    admin(&pool, "AdminDeleteSoftwareToken", json!({}))
        .await
        .ok();
    // Nor does a code of it complete what began before.
    let code = pool.totp(&secret).await;
    let responses = json!({ "USERNAME": EMAIL, "SOFTWARE_TOKEN_MFA_CODE": code });
    let late = pool.respond(APP, &challenge["Session"], responses).await;
    assert_eq!(late.status, 400, "{late:?}");
    let user = admin(&pool, "AdminGetUser", json!({})).await.ok();
    assert_eq!(user.get("PreferredMfaSetting"), None);
    let answer = pool.password(EMAIL, PASSWORD).await.ok();
    assert!(answer["AuthenticationResult"].is_object(), "{answer}");
}

#[tokio::test]
async fn a_sign_in_that_waits_for_a_code_ends_with_the_account_or_the_password() {
    for operation in [
        "AdminDisableUser",
        "AdminResetUserPassword",
        "AdminDeleteUser",
    ] {
        let (pool, secret) = with_app().await;
        let challenge = pool.password(EMAIL, PASSWORD).await.ok();
        admin(&pool, operation, json!({})).await.ok();
        let code = pool.totp(&secret).await;
        let responses = json!({ "USERNAME": EMAIL, "SOFTWARE_TOKEN_MFA_CODE": code });
        let refused = pool.respond(APP, &challenge["Session"], responses).await;
        refused.refused("NotAuthorizedException");
    }
}

#[tokio::test]
async fn a_code_for_the_administrators_server_stays_at_its_door() {
    let (pool, secret) = with_app().await;
    let parameters = json!({ "USERNAME": EMAIL, "PASSWORD": PASSWORD });
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": parameters,
    });
    let challenge = pool.admin("AdminInitiateAuth", body).await.ok();
    let code = pool.totp(&secret).await;
    let responses = json!({ "USERNAME": EMAIL, "SOFTWARE_TOKEN_MFA_CODE": code });
    let session = &challenge["Session"];
    let refused = pool.respond(APP, session, responses.clone()).await;
    refused.refused("NotAuthorizedException");
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": APP, "Session": session,
        "ChallengeResponses": responses,
    });
    let done = pool.admin("AdminRespondToAuthChallenge", body).await.ok();
    assert!(done["AuthenticationResult"].is_object(), "{done}");
}

#[tokio::test]
async fn sessions_are_listed_and_one_is_ended() {
    let pool = TestPool::start().await;
    let (one, two) = (pool.signed_in(EMAIL).await, pool.signed_in(EMAIL).await);
    let stranger = pool.signed_in("admin@example.com").await;
    let (found, next) = sessions(&pool, json!({})).await;
    assert_eq!((found.len(), next), (2, Value::Null));
    assert_eq!(found[0]["ClientId"], PUBLIC_CLIENT_ID);
    assert_eq!(found[0].get("IsCurrentSession"), None);
    // The newest is first.
    let body = json!({ "SessionId": found[0]["SessionId"] });
    admin(&pool, "AdminRevokeUserSession", body.clone())
        .await
        .ok();
    let refused = pool.get_user(&two["AccessToken"]).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.refresh(&two["RefreshToken"]).await;
    refused.refused("NotAuthorizedException");
    pool.get_user(&one["AccessToken"]).await.ok();
    pool.refresh(&one["RefreshToken"]).await.ok();
    assert_eq!(sessions(&pool, json!({})).await.0.len(), 1);
    let again = admin(&pool, "AdminRevokeUserSession", body).await;
    again.refused("ResourceNotFoundException");
    // Another user's is none of this one's.
    let body = json!({ "Username": "admin@example.com" });
    let list = pool.admin("AdminListUserSessions", body).await.ok();
    let body = json!({ "SessionId": list["Sessions"][0]["SessionId"] });
    let refused = admin(&pool, "AdminRevokeUserSession", body).await;
    refused.refused("ResourceNotFoundException");
    pool.get_user(&stranger["AccessToken"]).await.ok();
}

#[tokio::test]
async fn sessions_come_in_pages() {
    let pool = TestPool::start().await;
    for _ in 0..25 {
        pool.signed_in(EMAIL).await;
    }
    let (mut found, next) = sessions(&pool, json!({})).await;
    assert!(next.is_string());
    let (rest, next) = sessions(&pool, json!({ "NextToken": next })).await;
    assert_eq!(next, Value::Null);
    found.extend(rest);
    let ids: std::collections::BTreeSet<_> = found
        .iter()
        .map(|session| session["SessionId"].as_str().unwrap())
        .collect();
    assert_eq!((ids.len(), found.len()), (25, 25));
    let refused = admin(&pool, "AdminListUserSessions", json!({ "NextToken": "x" })).await;
    refused.refused("InvalidParameterException");
}

#[tokio::test]
async fn every_twin_asks_for_this_pool_and_a_user_of_it() {
    let pool = TestPool::start().await;
    let id = "tkn0123456789012345678901234";
    for (operation, more) in [
        ("AdminDeleteSoftwareToken", json!({})),
        ("AdminGetUserAuthFactors", json!({})),
        ("AdminListUserSessions", json!({})),
        ("AdminRevokeUserSession", json!({ "SessionId": id })),
        ("AdminSetUserMFAPreference", json!({})),
        ("AdminSetUserSettings", json!({ "MFAOptions": [] })),
    ] {
        let mut body = more;
        body["Username"] = "nobody@example.com".into();
        let refused = pool.admin(operation, body.clone()).await;
        refused.refused("UserNotFoundException");
        body["UserPoolId"] = "us-east-1_Other0001".into();
        body["Username"] = EMAIL.into();
        let refused = pool.call(operation, body).await;
        refused.refused("ResourceNotFoundException");
    }
}
