//! Passkeys: how one is registered, listed and deleted.

use cogward_pool::SECRET_CLIENT_ID;
use serde_json::{Value, json};

use crate::authenticator::{Algorithm, Authenticator, USER_PRESENT, client_data, encode};
use crate::common::{Answer, PASSWORD, TestPool, claims, query, secret_hash};

pub(crate) const ORIGIN: &str = "http://localhost:3001";
const EMAIL: &str = "ida@example.com";

pub(crate) fn authenticator() -> Authenticator {
    Authenticator::new(Algorithm::Es256, ORIGIN)
}

/// Somebody who has just signed in: the access token.
pub(crate) async fn person(pool: &TestPool, email: &str) -> Value {
    pool.confirmed(email).await;
    pool.signed_in(email).await["AccessToken"].clone()
}

pub(crate) async fn start(pool: &TestPool, token: &Value) -> Answer {
    pool.call("StartWebAuthnRegistration", json!({ "AccessToken": token }))
        .await
}

pub(crate) async fn options(pool: &TestPool, token: &Value) -> Value {
    start(pool, token).await.ok()["CredentialCreationOptions"].clone()
}

pub(crate) async fn complete(pool: &TestPool, token: &Value, credential: &Value) -> Answer {
    let body = json!({ "AccessToken": token, "Credential": credential });
    pool.call("CompleteWebAuthnRegistration", body).await
}

/// A new authenticator's passkey, registered.
pub(crate) async fn registered(pool: &TestPool, token: &Value) -> Authenticator {
    let mut authenticator = authenticator();
    let made = authenticator.register(&options(pool, token).await);
    assert_eq!(complete(pool, token, &made).await.ok(), json!({}));
    authenticator
}

pub(crate) async fn list(pool: &TestPool, token: &Value) -> Vec<Value> {
    let body = json!({ "AccessToken": token });
    let answer = pool.call("ListWebAuthnCredentials", body).await.ok();
    assert_eq!(answer["NextToken"], Value::Null);
    answer["Credentials"].as_array().unwrap().clone()
}

async fn delete(pool: &TestPool, token: &Value, id: &Value) -> Answer {
    let body = json!({ "AccessToken": token, "CredentialId": id });
    pool.call("DeleteWebAuthnCredential", body).await
}

#[tokio::test]
async fn a_passkey_is_registered_listed_and_deleted() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    assert!(list(&pool, &token).await.is_empty());

    let mut authenticator = authenticator();
    let asked = options(&pool, &token).await;
    assert_eq!(asked["rp"]["id"], "localhost");
    assert_eq!(asked["user"]["name"], EMAIL);
    assert_eq!(asked["excludeCredentials"], json!([]));
    let made = authenticator.register(&asked);
    assert_eq!(complete(&pool, &token, &made).await.ok(), json!({}));

    let held = list(&pool, &token).await;
    let [held] = held.as_slice() else {
        panic!("{held:?}")
    };
    assert!(held["CreatedAt"].is_i64());
    let mut shown = held.clone();
    shown.as_object_mut().unwrap().remove("CreatedAt");
    let expected = json!({
        "CredentialId": made["id"],
        "FriendlyCredentialName": "Passkey",
        "RelyingPartyId": "localhost",
        "AuthenticatorAttachment": "platform",
        "AuthenticatorTransports": ["hybrid", "internal"],
    });
    assert_eq!(shown, expected);
    let excluded = &options(&pool, &token).await["excludeCredentials"];
    assert_eq!(excluded[0]["id"], made["id"]);

    assert_eq!(delete(&pool, &token, &made["id"]).await.ok(), json!({}));
    assert!(list(&pool, &token).await.is_empty());
    let again = delete(&pool, &token, &made["id"]).await;
    again.refused("ResourceNotFoundException");
}

#[tokio::test]
async fn a_credential_may_come_as_text() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let made = authenticator().register(&options(&pool, &token).await);
    let text = Value::String(made.to_string());
    complete(&pool, &token, &text).await.ok();
    assert_eq!(list(&pool, &token).await.len(), 1);
}

#[tokio::test]
async fn a_registration_is_answered_once() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let asked = options(&pool, &token).await;
    let made = authenticator().register(&asked);
    complete(&pool, &token, &made).await.ok();
    for replay in [made, authenticator().register(&asked)] {
        let replayed = complete(&pool, &token, &replay).await;
        replayed.refused("WebAuthnChallengeNotFoundException");
    }
    // A wrong answer spends it too.
    let asked = options(&pool, &token).await;
    let mut elsewhere = Authenticator::new(Algorithm::Es256, "https://evil.example");
    let wrong = complete(&pool, &token, &elsewhere.register(&asked)).await;
    wrong.refused("WebAuthnOriginNotAllowedException");
    let late = complete(&pool, &token, &authenticator().register(&asked)).await;
    late.refused("WebAuthnChallengeNotFoundException");
    assert_eq!(list(&pool, &token).await.len(), 1);
}

#[tokio::test]
async fn a_registration_is_of_one_user() {
    let pool = TestPool::start().await;
    let ida = person(&pool, EMAIL).await;
    let eve = person(&pool, "eve@example.com").await;
    let made = authenticator().register(&options(&pool, &ida).await);
    let stolen = complete(&pool, &eve, &made).await;
    stolen.refused("WebAuthnChallengeNotFoundException");
    assert!(list(&pool, &eve).await.is_empty());
    complete(&pool, &ida, &made).await.ok();

    let theirs = delete(&pool, &eve, &made["id"]).await;
    theirs.refused("ResourceNotFoundException");
    assert_eq!(list(&pool, &ida).await.len(), 1);
}

#[tokio::test]
async fn a_registration_is_of_one_client() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let other = pool
        .call(
            "InitiateAuth",
            json!({
                "ClientId": SECRET_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {
                    "USERNAME": EMAIL, "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash(EMAIL),
                },
            }),
        )
        .await
        .ok()["AuthenticationResult"]["AccessToken"]
        .clone();
    let made = authenticator().register(&options(&pool, &token).await);
    let mixed = complete(&pool, &other, &made).await;
    mixed.refused("WebAuthnClientMismatchException");
    assert!(list(&pool, &token).await.is_empty());
}

#[tokio::test]
async fn a_registration_waits_as_long_as_a_sign_in() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let in_time = authenticator().register(&options(&pool, &token).await);
    pool.advance(175).await;
    complete(&pool, &token, &in_time).await.ok();
    let late = authenticator().register(&options(&pool, &token).await);
    pool.advance(180).await;
    let late = complete(&pool, &token, &late).await;
    late.refused("WebAuthnChallengeNotFoundException");
}

#[tokio::test]
async fn with_one_access_token_the_last_registration_counts() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let second = pool.signed_in(EMAIL).await["AccessToken"].clone();
    let replaced = authenticator().register(&options(&pool, &token).await);
    let last = authenticator().register(&options(&pool, &token).await);
    let beside = authenticator().register(&options(&pool, &second).await);
    let refused = complete(&pool, &token, &replaced).await;
    refused.refused("WebAuthnChallengeNotFoundException");
    complete(&pool, &token, &last).await.ok();
    // A refreshed token of the same client may finish what another began.
    complete(&pool, &token, &beside).await.ok();
    assert_eq!(list(&pool, &token).await.len(), 2);
}

#[tokio::test]
async fn what_is_no_new_passkey_of_this_page_is_refused() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let garbage = [json!({}), json!("{"), json!([]), json!(7)];
    for credential in garbage {
        let answer = complete(&pool, &token, &credential).await;
        answer.refused("InvalidParameterException");
    }
    for origin in [
        "https://evil.example",
        "http://localhost.evil.example",
        "null",
    ] {
        let mut elsewhere = Authenticator::new(Algorithm::Es256, origin);
        let made = elsewhere.register(&options(&pool, &token).await);
        let answer = complete(&pool, &token, &made).await;
        answer.refused("WebAuthnOriginNotAllowedException");
    }
    let mut other_party = authenticator();
    other_party.rp_id = Some("example.com".to_owned());
    let made = other_party.register(&options(&pool, &token).await);
    let answer = complete(&pool, &token, &made).await;
    answer.refused("WebAuthnRelyingPartyMismatchException");

    let asked = options(&pool, &token).await;
    let mut unknown = authenticator();
    let mut key = unknown.cose_key();
    for (label, value) in key.as_map_mut().unwrap() {
        if label.as_integer() == Some(3.into()) {
            // ES384.
            *value = (-35).into();
        }
    }
    let data = unknown.new_passkey(&asked["rp"]["id"], &encode(&key));
    let client_data = client_data("webauthn.create", &asked["challenge"], ORIGIN);
    let answer = complete(&pool, &token, &unknown.registration(&client_data, &data)).await;
    answer.refused("WebAuthnCredentialNotSupportedException");

    let mut held = registered(&pool, &token).await;
    let made = held.register(&options(&pool, &token).await);
    let twice = complete(&pool, &token, &made).await;
    twice.refused("InvalidParameterException");
    let eve = person(&pool, "eve@example.com").await;
    let made = held.register(&options(&pool, &eve).await);
    let taken = complete(&pool, &eve, &made).await;
    taken.refused("InvalidParameterException");
    assert_eq!(list(&pool, &token).await.len(), 1);
}

#[tokio::test]
async fn settings_say_whether_and_for_whom_there_are_passkeys() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let held = registered(&pool, &token).await;
    let under_way = authenticator().register(&options(&pool, &token).await);

    pool.settings(json!({ "passkeys": { "enabled": false } }))
        .await;
    start(&pool, &token)
        .await
        .refused("WebAuthnNotEnabledException");
    let answer = complete(&pool, &token, &under_way).await;
    answer.refused("WebAuthnNotEnabledException");
    // What there is can still be seen and deleted.
    assert_eq!(list(&pool, &token).await.len(), 1);

    pool.settings(json!({ "passkeys": { "enabled": true, "relying_party_id": "" } }))
        .await;
    let unset = start(&pool, &token).await;
    unset.refused("WebAuthnConfigurationMissingException");

    pool.settings(json!({ "passkeys": { "relying_party_id": "App.Example.com" } }))
        .await;
    let moved = complete(&pool, &token, &under_way).await;
    moved.refused("WebAuthnRelyingPartyMismatchException");
    let asked = options(&pool, &token).await;
    assert_eq!(asked["rp"]["id"], "app.example.com");
    let mut there = Authenticator::new(Algorithm::Es256, "https://app.example.com");
    complete(&pool, &token, &there.register(&asked)).await.ok();
    let parties: Vec<_> = list(&pool, &token)
        .await
        .iter()
        .map(|passkey| passkey["RelyingPartyId"].clone())
        .collect();
    assert_eq!(parties, ["localhost", "app.example.com"]);
    drop(held);

    for id in ["https://localhost", "localhost:3001", "a b", "127.0.0.1"] {
        let body = json!({ "passkeys": { "relying_party_id": id } });
        let (status, answer) = pool.local("settings", body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(
            answer["message"]
                .as_str()
                .unwrap()
                .contains("relying_party_id")
        );
    }
}

#[tokio::test]
async fn a_user_who_must_be_verified_is() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    pool.settings(json!({ "passkeys": { "user_verification": "required" } }))
        .await;
    let asked = options(&pool, &token).await;
    assert_eq!(
        asked["authenticatorSelection"]["userVerification"],
        "required"
    );
    let mut careless = authenticator();
    careless.flags = USER_PRESENT;
    let answer = complete(&pool, &token, &careless.register(&asked)).await;
    answer.refused("WebAuthnCredentialNotSupportedException");
    registered(&pool, &token).await;
}

#[tokio::test]
async fn a_user_has_twenty_passkeys_at_most() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let second = pool.signed_in(EMAIL).await["AccessToken"].clone();
    let mut ids = Vec::new();
    for _ in 0..19 {
        let made = authenticator().register(&options(&pool, &token).await);
        complete(&pool, &token, &made).await.ok();
        ids.push(made["id"].clone());
    }
    // Both begin while there is room for one.
    let twentieth = authenticator().register(&options(&pool, &token).await);
    let beside = authenticator().register(&options(&pool, &second).await);
    complete(&pool, &token, &twentieth).await.ok();
    ids.push(twentieth["id"].clone());
    let full = complete(&pool, &second, &beside).await;
    full.refused("LimitExceededException");
    start(&pool, &token).await.refused("LimitExceededException");

    let mut listed = Vec::new();
    let mut next = Value::Null;
    for size in [7, 7, 6] {
        let body = json!({ "AccessToken": token, "MaxResults": 7, "NextToken": next });
        let page = pool.call("ListWebAuthnCredentials", body).await.ok();
        let credentials = page["Credentials"].as_array().unwrap();
        assert_eq!(credentials.len(), size);
        listed.extend(
            credentials
                .iter()
                .map(|passkey| passkey["CredentialId"].clone()),
        );
        next = page["NextToken"].clone();
    }
    assert_eq!(next, Value::Null);
    assert_eq!(listed, ids);
    assert_eq!(list(&pool, &token).await.len(), 20);

    for refused in [
        json!({ "AccessToken": token, "MaxResults": 21 }),
        json!({ "AccessToken": token, "NextToken": "made-up" }),
    ] {
        let answer = pool.call("ListWebAuthnCredentials", refused).await;
        answer.refused("InvalidParameterException");
    }
    delete(&pool, &token, &ids[3]).await.ok();
    registered(&pool, &token).await;
}

#[tokio::test]
async fn every_operation_asks_for_a_living_access_token_of_the_api() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let code = pool.authorization_code(&query(), EMAIL).await;
    let hosted = pool.exchange(&code).await.1["access_token"].clone();
    refused_everywhere(&pool, &hosted, "NotAuthorizedException").await;
    refused_everywhere(&pool, &json!("made.up.token"), "NotAuthorizedException").await;

    let user = json!({ "username": EMAIL, "status": "RESET_REQUIRED" });
    assert_eq!(pool.local("users", user).await.0, 200);
    refused_everywhere(&pool, &token, "PasswordResetRequiredException").await;

    let user = json!({ "username": EMAIL, "enabled": false });
    assert_eq!(pool.local("users", user).await.0, 200);
    refused_everywhere(&pool, &token, "NotAuthorizedException").await;

    let eve = person(&pool, "eve@example.com").await;
    let sub = claims(&eve)["sub"].as_str().unwrap().to_owned();
    assert!(pool.pool.users().delete(&sub).await.unwrap());
    refused_everywhere(&pool, &eve, "NotAuthorizedException").await;

    let token = person(&pool, "late@example.com").await;
    pool.advance(3600).await;
    refused_everywhere(&pool, &token, "NotAuthorizedException").await;
}

async fn refused_everywhere(pool: &TestPool, token: &Value, kind: &str) {
    start(pool, token).await.refused(kind);
    complete(pool, token, &json!({})).await.refused(kind);
    delete(pool, token, &json!("id")).await.refused(kind);
    let body = json!({ "AccessToken": token });
    let listed = pool.call("ListWebAuthnCredentials", body).await;
    listed.refused(kind);
}
