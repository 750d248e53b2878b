use serde_json::{Value, json};

use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};

use crate::common::{Answer, PASSWORD, TestPool, claims, secret_hash};

const EMAIL: &str = "invited@example.com";
const CHOSEN: &str = "N3w-Passw0rd";

/// Somebody who was given a password, and the session of the first sign-in.
async fn invited(pool: &TestPool) -> Value {
    let user =
        json!({ "username": EMAIL, "password": PASSWORD, "status": "FORCE_CHANGE_PASSWORD" });
    assert_eq!(pool.local("users", user).await.0, 200);
    asked(pool).await
}

async fn asked(pool: &TestPool) -> Value {
    let challenge = pool.password(EMAIL, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    challenge["Session"].clone()
}

async fn choose(pool: &TestPool, session: &Value, responses: Value) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": session, "ChallengeResponses": responses,
    });
    pool.call("RespondToAuthChallenge", body).await
}

#[tokio::test]
async fn a_refused_password_can_be_put_right_in_the_same_session() {
    let pool = TestPool::start().await;
    let session = invited(&pool).await;
    let responses = |password: &str| json!({ "USERNAME": EMAIL, "NEW_PASSWORD": password, "userAttributes.nickname": "Ida" });
    for _ in 0..2 {
        let weak = choose(&pool, &session, responses("weak")).await;
        weak.refused("InvalidPasswordException");
    }
    let none = choose(&pool, &session, json!({ "USERNAME": EMAIL })).await;
    none.refused("InvalidParameterException");
    let done = choose(&pool, &session, responses(CHOSEN)).await.ok();
    assert_eq!(
        claims(&done["AuthenticationResult"]["IdToken"])["nickname"],
        "Ida"
    );

    let again = choose(&pool, &session, responses("0ther-Passw0rd")).await;
    again.refused("NotAuthorizedException");
    assert!(again.message().ends_with("session can only be used once."));
    pool.password(EMAIL, PASSWORD)
        .await
        .refused("NotAuthorizedException");
    let tokens = pool.password(EMAIL, CHOSEN).await.ok();
    assert!(tokens["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn a_session_is_of_one_user_and_one_client() {
    let pool = TestPool::start().await;
    let session = invited(&pool).await;
    let other = json!({ "USERNAME": "user@example.com", "NEW_PASSWORD": CHOSEN });
    choose(&pool, &session, other)
        .await
        .refused("NotAuthorizedException");
    pool.signed_in("user@example.com").await;

    let session = asked(&pool).await;
    let responses = json!({
        "USERNAME": EMAIL, "NEW_PASSWORD": CHOSEN, "SECRET_HASH": secret_hash(EMAIL),
    });
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": session, "ChallengeResponses": responses,
    });
    let other = pool.call("RespondToAuthChallenge", body).await;
    other.refused("NotAuthorizedException");
    asked(&pool).await;
}

#[tokio::test]
async fn a_session_runs_out() {
    let pool = TestPool::start().await;
    let session = invited(&pool).await;
    pool.advance(180).await;
    let late = json!({ "USERNAME": EMAIL, "NEW_PASSWORD": CHOSEN });
    let late = choose(&pool, &session, late).await;
    late.refused("NotAuthorizedException");
    assert!(late.message().ends_with("session is expired."));
    asked(&pool).await;
}

#[tokio::test]
async fn the_password_somebody_chose_is_not_replaced_by_another_session() {
    let pool = TestPool::start().await;
    let first = invited(&pool).await;
    let second = asked(&pool).await;
    let responses = |password: &str| json!({ "USERNAME": EMAIL, "NEW_PASSWORD": password });
    choose(&pool, &first, responses(CHOSEN)).await.ok();
    let late = choose(&pool, &second, responses("0ther-Passw0rd")).await;
    late.refused("NotAuthorizedException");
    pool.password(EMAIL, CHOSEN).await.ok();
}

#[tokio::test]
async fn somebody_who_was_deleted_meanwhile_does_not_come_back() {
    let pool = TestPool::start().await;
    let session = invited(&pool).await;
    let user = json!({ "UserPoolId": cogward_pool::POOL_ID, "Username": EMAIL });
    pool.call("AdminDeleteUser", user.clone()).await.ok();
    let responses = json!({ "USERNAME": EMAIL, "NEW_PASSWORD": CHOSEN });
    let late = choose(&pool, &session, responses).await;
    late.refused("NotAuthorizedException");
    pool.call("AdminGetUser", user)
        .await
        .refused("UserNotFoundException");
}

#[tokio::test]
async fn a_temporary_password_is_not_recovered() {
    let pool = TestPool::start().await;
    invited(&pool).await;
    let name = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": EMAIL });
    pool.settings(json!({ "fixed_code": "123456" })).await;
    pool.call("ForgotPassword", name.clone()).await.ok();
    assert_eq!(pool.messages(EMAIL).await, json!([]));
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": EMAIL, "ConfirmationCode": "123456",
        "Password": CHOSEN,
    });
    pool.call("ConfirmForgotPassword", body)
        .await
        .refused("CodeMismatchException");
    asked(&pool).await;
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    pool.call("ForgotPassword", name)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn what_the_pool_requires_is_given_with_the_password() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "required_attributes": ["email", "given_name", "nickname"] }))
        .await;
    let user = json!({
        "username": EMAIL, "password": PASSWORD, "status": "FORCE_CHANGE_PASSWORD",
        "attributes": { "nickname": "Ida" },
    });
    pool.put_user(user).await;
    let challenge = pool.password(EMAIL, PASSWORD).await.ok();
    let shown = &challenge["ChallengeParameters"];
    assert_eq!(
        shown["requiredAttributes"],
        "[\"userAttributes.given_name\"]"
    );
    let session = &challenge["Session"];
    for name in [json!(null), json!("")] {
        let given = match name.as_str() {
            None => json!({ "USERNAME": EMAIL, "NEW_PASSWORD": CHOSEN }),
            Some(name) => json!({
                "USERNAME": EMAIL, "NEW_PASSWORD": CHOSEN, "userAttributes.given_name": name,
            }),
        };
        let missing = choose(&pool, session, given).await;
        missing.refused("InvalidParameterException");
        assert!(
            missing.message().contains("given_name"),
            "{}",
            missing.message()
        );
    }
    // Nothing has come of it, and it can be put right.
    pool.password(EMAIL, CHOSEN)
        .await
        .refused("NotAuthorizedException");
    let given = json!({
        "USERNAME": EMAIL, "NEW_PASSWORD": CHOSEN, "userAttributes.given_name": "Ida",
    });
    let done = choose(&pool, session, given).await.ok();
    let access = &done["AuthenticationResult"]["AccessToken"];
    assert_eq!(
        pool.attribute(access, "given_name").await.as_deref(),
        Some("Ida")
    );
    let body = json!({ "AccessToken": access, "UserAttributeNames": ["given_name"] });
    pool.call("DeleteUserAttributes", body)
        .await
        .refused("InvalidParameterException");
}

#[tokio::test]
async fn nobody_signs_up_without_what_the_pool_requires() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "required_attributes": ["given_name"] }))
        .await;
    let sign_up = |attributes: Value| {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "Username": "new@example.com", "Password": PASSWORD,
            "UserAttributes": attributes,
        });
        pool.call("SignUp", body)
    };
    for missing in [json!([]), json!([{ "Name": "given_name", "Value": "" }])] {
        sign_up(missing).await.refused("InvalidParameterException");
    }
    sign_up(json!([{ "Name": "given_name", "Value": "Ida" }]))
        .await
        .ok();
    let (status, body) = pool
        .local(
            "settings",
            json!({ "required_attributes": ["custom:plan"] }),
        )
        .await;
    assert_eq!(status, 400, "{body}");
    let described = pool.admin("DescribeUserPool", json!({})).await.ok();
    let schema = described["UserPool"]["SchemaAttributes"]
        .as_array()
        .unwrap();
    let required: Vec<_> = schema
        .iter()
        .filter(|one| one["Required"] == true)
        .collect();
    let names: Vec<_> = required.iter().map(|one| one["Name"].clone()).collect();
    assert_eq!(names, ["sub", "given_name", "email"]);
}
