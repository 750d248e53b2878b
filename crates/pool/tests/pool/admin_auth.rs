//! Sign-ins through an administrator's server.

use cogward_pool::{PUBLIC_CLIENT_ID, PoolOptions, SECRET_CLIENT_ID, Seed};
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, secret_hash};

const EMAIL: &str = "user@example.com";
const NEW_PASSWORD: &str = "An0ther-one";

async fn sign_in(pool: &TestPool, flow: &str, parameters: Value) -> Answer {
    let body =
        json!({ "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": flow, "AuthParameters": parameters });
    pool.admin("AdminInitiateAuth", body).await
}

async fn password(pool: &TestPool, password: &str) -> Answer {
    let parameters = json!({ "USERNAME": EMAIL, "PASSWORD": password });
    sign_in(pool, "ADMIN_USER_PASSWORD_AUTH", parameters).await
}

/// The answer to `NEW_PASSWORD_REQUIRED`.
fn new_password(session: &Value) -> Value {
    json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session,
        "ChallengeResponses": { "USERNAME": EMAIL, "NEW_PASSWORD": NEW_PASSWORD },
    })
}

async fn with_temporary_password() -> TestPool {
    let pool = TestPool::start().await;
    let body = json!({ "Username": EMAIL, "Password": PASSWORD });
    pool.admin("AdminSetUserPassword", body).await.ok();
    pool
}

#[tokio::test]
async fn a_password_gives_tokens_that_work_everywhere() {
    let pool = TestPool::start().await;
    for flow in ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"] {
        let parameters = json!({ "USERNAME": EMAIL, "PASSWORD": PASSWORD });
        let answer = sign_in(&pool, flow, parameters).await.ok();
        let tokens = &answer["AuthenticationResult"];
        pool.get_user(&tokens["AccessToken"]).await.ok();
        pool.refresh(&tokens["RefreshToken"]).await.ok();
        let parameters = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
        let answer = sign_in(&pool, "REFRESH_TOKEN_AUTH", parameters).await.ok();
        let access = &answer["AuthenticationResult"]["AccessToken"];
        pool.get_user(access).await.ok();
    }
}

#[tokio::test]
async fn the_flows_of_administrators_have_one_door() {
    let pool = TestPool::start().await;
    for flow in ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"] {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": flow,
            "AuthParameters": { "USERNAME": EMAIL, "PASSWORD": PASSWORD },
        });
        let refused = pool.call("InitiateAuth", body).await;
        refused.refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn a_client_has_the_flows_it_was_given() {
    let seed = "[[clients]]\nid = \"web\"\nflows = [\"USER_PASSWORD_AUTH\"]\n";
    let pool = TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(seed).unwrap()),
        ready_users: true,
        ..PoolOptions::default()
    })
    .await;
    for flow in [
        "ADMIN_USER_PASSWORD_AUTH",
        "ADMIN_NO_SRP_AUTH",
        "USER_AUTH",
        "REFRESH_TOKEN",
    ] {
        let body = json!({
            "ClientId": "web", "AuthFlow": flow,
            "AuthParameters": { "USERNAME": EMAIL, "PASSWORD": PASSWORD, "REFRESH_TOKEN": "x" },
        });
        let refused = pool.admin("AdminInitiateAuth", body).await;
        refused.refused("InvalidParameterException");
        assert!(refused.message().contains("not enabled"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_client_with_a_secret_shows_its_hash() {
    let pool = TestPool::start().await;
    for (hash, right) in [
        (json!(secret_hash(EMAIL)), true),
        (json!(secret_hash("admin@example.com")), false),
        (json!(null), false),
    ] {
        let body = json!({
            "ClientId": SECRET_CLIENT_ID, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": EMAIL, "PASSWORD": PASSWORD, "SECRET_HASH": hash },
        });
        let answer = pool.admin("AdminInitiateAuth", body).await;
        if right {
            answer.ok();
        } else {
            answer.refused("NotAuthorizedException");
        }
    }
}

#[tokio::test]
async fn another_pool_or_an_unknown_client_is_not_found() {
    let pool = TestPool::start().await;
    let parameters = json!({ "USERNAME": EMAIL, "PASSWORD": PASSWORD });
    let body = json!({
        "ClientId": "nobodysclient", "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": parameters,
    });
    let refused = pool.admin("AdminInitiateAuth", body).await;
    refused.refused("ResourceNotFoundException");
    let body = json!({
        "UserPoolId": "us-east-1_Other0001", "ClientId": PUBLIC_CLIENT_ID,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters,
    });
    let refused = pool.call("AdminInitiateAuth", body).await;
    refused.refused("ResourceNotFoundException");
    let pool = with_temporary_password().await;
    let session = password(&pool, PASSWORD).await.ok()["Session"].clone();
    for (pool_id, client) in [
        ("us-east-1_Other0001", PUBLIC_CLIENT_ID),
        ("us-east-1_Cogward01", "nobodysclient"),
    ] {
        let mut body = new_password(&session);
        body["UserPoolId"] = pool_id.into();
        body["ClientId"] = client.into();
        let refused = pool.call("AdminRespondToAuthChallenge", body).await;
        refused.refused("ResourceNotFoundException");
    }
    // Nothing of this spent the session.
    let body = new_password(&session);
    pool.admin("AdminRespondToAuthChallenge", body).await.ok();
}

#[tokio::test]
async fn who_cannot_sign_in_is_refused_in_the_same_words_as_without_an_administrator() {
    let pool = TestPool::start().await;
    let refused = password(&pool, "wrong").await;
    refused.refused("NotAuthorizedException");
    assert_eq!(refused.message(), "Incorrect username or password.");
    let nobody = json!({ "USERNAME": "nobody@example.com", "PASSWORD": PASSWORD });
    let flow = "ADMIN_USER_PASSWORD_AUTH";
    let refused = sign_in(&pool, flow, nobody.clone()).await;
    assert_eq!(refused.message(), "Incorrect username or password.");
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    let refused = sign_in(&pool, flow, nobody).await;
    refused.refused("UserNotFoundException");
    pool.sign_up("late@example.com").await.ok();
    let late = json!({ "USERNAME": "late@example.com", "PASSWORD": PASSWORD });
    let refused = sign_in(&pool, flow, late).await;
    refused.refused("UserNotConfirmedException");
    pool.admin("AdminResetUserPassword", json!({ "Username": EMAIL }))
        .await
        .ok();
    let refused = password(&pool, PASSWORD).await;
    refused.refused("PasswordResetRequiredException");
    pool.admin("AdminDisableUser", json!({ "Username": EMAIL }))
        .await
        .ok();
    let refused = password(&pool, PASSWORD).await;
    refused.refused("NotAuthorizedException");
    for parameters in [json!({}), json!({ "USERNAME": EMAIL })] {
        let refused = sign_in(&pool, flow, parameters).await;
        refused.refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn wrong_passwords_count_at_both_doors() {
    let pool = TestPool::start().await;
    for _ in 0..3 {
        password(&pool, "wrong").await;
        pool.password(EMAIL, "wrong").await;
    }
    let refused = password(&pool, PASSWORD).await;
    assert_eq!(refused.message(), "Password attempts exceeded");
}

#[tokio::test]
async fn a_session_stays_at_the_door_it_came_through() {
    let pool = with_temporary_password().await;
    let admins = password(&pool, PASSWORD).await.ok()["Session"].clone();
    let users = pool.password(EMAIL, PASSWORD).await.ok()["Session"].clone();
    let refused = pool
        .call("RespondToAuthChallenge", new_password(&admins))
        .await;
    refused.refused("NotAuthorizedException");
    let refused = pool
        .admin("AdminRespondToAuthChallenge", new_password(&users))
        .await;
    refused.refused("NotAuthorizedException");
    let answer = pool
        .admin("AdminRespondToAuthChallenge", new_password(&admins))
        .await
        .ok();
    let access = &answer["AuthenticationResult"]["AccessToken"];
    pool.get_user(access).await.ok();
    password(&pool, NEW_PASSWORD).await.ok();
}

#[tokio::test]
async fn an_administrators_session_works_once_for_its_user_and_for_a_while() {
    let pool = with_temporary_password().await;
    let session = password(&pool, PASSWORD).await.ok()["Session"].clone();
    let mut others = new_password(&session);
    others["ChallengeResponses"]["USERNAME"] = "admin@example.com".into();
    let refused = pool.admin("AdminRespondToAuthChallenge", others).await;
    refused.refused("NotAuthorizedException");
    let session = password(&pool, PASSWORD).await.ok()["Session"].clone();
    pool.advance(180).await;
    let late = pool
        .admin("AdminRespondToAuthChallenge", new_password(&session))
        .await;
    late.refused("NotAuthorizedException");
    let session = password(&pool, PASSWORD).await.ok()["Session"].clone();
    let mut weak = new_password(&session);
    weak["ChallengeResponses"]["NEW_PASSWORD"] = "weak".into();
    let refused = pool.admin("AdminRespondToAuthChallenge", weak).await;
    refused.refused("InvalidPasswordException");
    pool.admin("AdminRespondToAuthChallenge", new_password(&session))
        .await
        .ok();
    let again = pool
        .admin("AdminRespondToAuthChallenge", new_password(&session))
        .await;
    again.refused("NotAuthorizedException");
}

#[tokio::test]
async fn an_administrator_who_comes_between_stops_a_sign_in() {
    let pool = with_temporary_password().await;
    let session = password(&pool, PASSWORD).await.ok()["Session"].clone();
    pool.admin("AdminDisableUser", json!({ "Username": EMAIL }))
        .await
        .ok();
    let refused = pool
        .admin("AdminRespondToAuthChallenge", new_password(&session))
        .await;
    refused.refused("NotAuthorizedException");
    pool.admin("AdminEnableUser", json!({ "Username": EMAIL }))
        .await
        .ok();
    // The password is the temporary one still.
    let challenge = password(&pool, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    pool.admin("AdminDeleteUser", json!({ "Username": EMAIL }))
        .await
        .ok();
    let refused = pool
        .admin(
            "AdminRespondToAuthChallenge",
            new_password(&challenge["Session"]),
        )
        .await;
    refused.refused("NotAuthorizedException");
}

#[tokio::test]
async fn an_administrator_is_offered_the_choice_of_factors() {
    let pool = TestPool::start().await;
    let parameters = json!({ "USERNAME": EMAIL });
    let challenge = sign_in(&pool, "USER_AUTH", parameters).await.ok();
    assert_eq!(challenge["ChallengeName"], "SELECT_CHALLENGE");
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "SELECT_CHALLENGE",
        "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": EMAIL, "ANSWER": "PASSWORD", "PASSWORD": PASSWORD },
    });
    let answer = pool.admin("AdminRespondToAuthChallenge", body).await.ok();
    pool.get_user(&answer["AuthenticationResult"]["AccessToken"])
        .await
        .ok();
}
