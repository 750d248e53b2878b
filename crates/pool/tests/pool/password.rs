//! Signing in with a password, lockout, and resetting it.

use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims, header, secret_hash};

const USER: &str = "user@example.com";

#[tokio::test]
async fn the_right_password_gives_three_tokens() {
    let pool = TestPool::start().await;
    let answer = pool.password("admin@example.com", PASSWORD).await.ok();
    assert_eq!(answer["ChallengeParameters"], json!({}));
    let tokens = &answer["AuthenticationResult"];
    assert_eq!(tokens["TokenType"], "Bearer");
    assert_eq!(tokens["ExpiresIn"], 3600);
    assert!(
        tokens["RefreshToken"]
            .as_str()
            .unwrap()
            .starts_with("eyJjdHki")
    );
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    let mut names: Vec<_> = access
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    let expected = [
        "auth_time",
        "client_id",
        "cognito:groups",
        "event_id",
        "exp",
        "iat",
        "iss",
        "jti",
        "origin_jti",
        "scope",
        "sub",
        "token_use",
        "username",
    ];
    assert_eq!(names, expected);
    assert_eq!(access["scope"], "aws.cognito.signin.user.admin");
    assert_eq!(access["username"], access["sub"]);
    assert_eq!(access["token_use"], "access");
    assert_eq!(
        access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(),
        3600
    );
    assert_eq!(id["aud"], PUBLIC_CLIENT_ID);
    assert_eq!(id["email_verified"], true);
    assert_eq!(id["cognito:groups"], json!(["admin"]));
    assert_eq!(id["origin_jti"], access["origin_jti"]);
    let kid = header(&tokens["IdToken"])["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(kid.len() == 44 && kid.ends_with('='), "{kid}");
    let plain = pool.signed_in(USER).await;
    assert_eq!(claims(&plain["IdToken"]).get("cognito:groups"), None);
}

#[tokio::test]
async fn initiate_auth_refuses_what_the_service_refuses() {
    let pool = TestPool::start().await;
    let good = json!({ "USERNAME": USER, "PASSWORD": PASSWORD });
    for (flow, parameters, kind) in [
        ("USER_SRP_AUTH", good.clone(), "InvalidParameterException"),
        ("CUSTOM_AUTH", good.clone(), "InvalidParameterException"),
        (
            "ADMIN_NO_SRP_AUTH",
            good.clone(),
            "InvalidParameterException",
        ),
        ("NO_SUCH_FLOW", good.clone(), "InvalidParameterException"),
        ("", good, "InvalidParameterException"),
        (
            "USER_PASSWORD_AUTH",
            json!({ "USERNAME": USER }),
            "InvalidParameterException",
        ),
        (
            "USER_PASSWORD_AUTH",
            json!({ "PASSWORD": "x" }),
            "InvalidParameterException",
        ),
        ("USER_PASSWORD_AUTH", json!([]), "SerializationException"),
        (
            "USER_PASSWORD_AUTH",
            json!({ "USERNAME": 1 }),
            "SerializationException",
        ),
        ("REFRESH_TOKEN_AUTH", json!({}), "InvalidParameterException"),
    ] {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": flow, "AuthParameters": parameters,
        });
        let answer = pool.call("InitiateAuth", body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.kind()),
            (400, kind),
            "{flow} {parameters}"
        );
    }
}

#[tokio::test]
async fn the_secret_hash_covers_the_name_as_sent() {
    let pool = TestPool::start().await;
    let call = |name: &'static str, hash: Value| {
        let body = json!({
            "ClientId": SECRET_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": name, "PASSWORD": PASSWORD, "SECRET_HASH": hash },
        });
        pool.call("InitiateAuth", body)
    };
    call(USER, json!(secret_hash(USER))).await.ok();
    call("User@Example.com", json!(secret_hash("User@Example.com")))
        .await
        .ok();
    call("User@Example.com", json!(secret_hash(USER)))
        .await
        .refused("NotAuthorizedException");
    call(USER, Value::Null)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn five_wrong_passwords_lock_for_a_time_that_doubles() {
    let pool = TestPool::start().await;
    for _ in 0..4 {
        let wrong = pool.password(USER, "wrong").await;
        wrong.refused("NotAuthorizedException");
        assert_eq!(wrong.message(), "Incorrect username or password.");
    }
    pool.signed_in(USER).await;
    for _ in 0..12 {
        pool.password(USER, "wrong")
            .await
            .refused("NotAuthorizedException");
        pool.advance(64).await;
    }
    pool.password(USER, "wrong")
        .await
        .refused("NotAuthorizedException");
    // Thirteen failures: locked for 2^8 seconds, for the right password too.
    let locked = pool.password(USER, PASSWORD).await;
    locked.refused("NotAuthorizedException");
    assert_eq!(locked.message(), "Password attempts exceeded");
    pool.advance(256).await;
    pool.signed_in(USER).await;
}

#[tokio::test]
async fn failures_are_forgotten_after_fifteen_idle_minutes() {
    let pool = TestPool::start().await;
    for _ in 0..4 {
        pool.password(USER, "wrong")
            .await
            .refused("NotAuthorizedException");
    }
    pool.advance(15 * 60 + 1).await;
    pool.password(USER, "wrong")
        .await
        .refused("NotAuthorizedException");
    pool.signed_in(USER).await;
}

#[tokio::test]
async fn an_unknown_name_is_locked_like_a_known_one() {
    let pool = TestPool::start().await;
    for _ in 0..5 {
        let wrong = pool.password("nobody@example.com", PASSWORD).await;
        assert_eq!(wrong.message(), "Incorrect username or password.");
    }
    let locked = pool.password("NOBODY@example.com", PASSWORD).await;
    assert_eq!(locked.message(), "Password attempts exceeded");
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    let legacy = pool.password("nobody@example.com", PASSWORD).await;
    legacy.refused("UserNotFoundException");
    assert_eq!(legacy.message(), "User does not exist.");
}

#[tokio::test]
async fn user_states_decide_what_a_password_gives() {
    let pool = TestPool::start().await;
    let set = async |change: Value| {
        let mut body = json!({ "username": USER });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        assert_eq!(pool.local("users", body).await.0, 200);
    };
    set(json!({ "status": "FORCE_CHANGE_PASSWORD" })).await;
    let challenge = pool.password(USER, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert!(challenge["Session"].as_str().unwrap().len() > 1000);
    assert_eq!(challenge["ChallengeParameters"]["requiredAttributes"], "[]");
    set(json!({ "status": "RESET_REQUIRED" })).await;
    pool.password(USER, PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    pool.password(USER, PASSWORD)
        .await
        .refused("PasswordResetRequiredException");
    set(json!({ "status": "CONFIRMED", "enabled": false })).await;
    let disabled = pool.password(USER, PASSWORD).await;
    disabled.refused("NotAuthorizedException");
    assert_eq!(disabled.message(), "User is disabled.");
}

#[tokio::test]
async fn required_mfa_challenges_all_but_the_first_sign_in() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON" })).await;
    pool.signed_in(USER).await;
    let challenge = pool.password(USER, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "MFA_SETUP");
    assert_eq!(
        challenge["ChallengeParameters"]["MFAS_CAN_SETUP"],
        "[\"SOFTWARE_TOKEN_MFA\"]"
    );
    assert_eq!(challenge.get("AuthenticationResult"), None);
}

async fn forgot(pool: &TestPool, email: &str) -> crate::common::Answer {
    let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": email });
    pool.call("ForgotPassword", body).await
}

async fn reset(pool: &TestPool, email: &str, code: &str, password: &str) -> crate::common::Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": email, "ConfirmationCode": code,
        "Password": password,
    });
    pool.call("ConfirmForgotPassword", body).await
}

#[tokio::test]
async fn a_mailed_code_sets_a_new_password_once() {
    let pool = TestPool::start().await;
    let details = forgot(&pool, USER).await.ok();
    assert_eq!(details["CodeDeliveryDetails"]["AttributeName"], "email");
    assert_eq!(pool.messages(USER).await[0]["kind"], "forgot_password");
    let code = pool.code(USER).await;
    reset(&pool, USER, &code, "weak")
        .await
        .refused("InvalidPasswordException");
    assert_eq!(
        reset(&pool, USER, &code, "N3w-Passw0rd").await.ok(),
        json!({})
    );
    reset(&pool, USER, &code, "N3w-Passw0rd")
        .await
        .refused("ExpiredCodeException");
    pool.password(USER, PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.password(USER, "N3w-Passw0rd").await.ok();
}

#[tokio::test]
async fn a_reset_code_lives_an_hour_and_is_for_resets_only() {
    let pool = TestPool::start().await;
    forgot(&pool, USER).await.ok();
    let code = pool.code(USER).await;
    pool.advance(3600).await;
    reset(&pool, USER, &code, "N3w-Passw0rd")
        .await
        .refused("ExpiredCodeException");

    pool.sign_up("b@example.com").await.ok();
    let code = pool.code("b@example.com").await;
    reset(&pool, "b@example.com", &code, "N3w-Passw0rd")
        .await
        .refused("ExpiredCodeException");
}

#[tokio::test]
async fn ten_wrong_reset_codes_end_the_tries_of_an_hour() {
    let pool = TestPool::start().await;
    forgot(&pool, USER).await.ok();
    let code = pool.code(USER).await;
    for _ in 0..10 {
        reset(&pool, USER, "wrong", "N3w-Passw0rd")
            .await
            .refused("CodeMismatchException");
    }
    reset(&pool, USER, &code, "N3w-Passw0rd")
        .await
        .refused("LimitExceededException");
}

#[tokio::test]
async fn twenty_right_codes_at_once_reset_once() {
    let pool = std::sync::Arc::new(TestPool::start().await);
    forgot(&pool, USER).await.ok();
    let code = pool.code(USER).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (pool, code) = (std::sync::Arc::clone(&pool), code.clone());
        tries.spawn(async move { reset(&pool, USER, &code, "N3w-Passw0rd").await.status });
    }
    let statuses = tries.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
}

#[tokio::test]
async fn nobody_and_the_unconfirmed_get_no_mail_but_the_same_answer() {
    let pool = TestPool::start().await;
    pool.sign_up("new@example.com").await.ok();
    for email in ["nobody@example.com", "new@example.com"] {
        reset(&pool, email, "123456", "N3w-Passw0rd")
            .await
            .refused("ExpiredCodeException");
        let details = forgot(&pool, email).await.ok();
        assert_eq!(details["CodeDeliveryDetails"]["Destination"], "n***@e***");
        reset(&pool, email, "wrong", "N3w-Passw0rd")
            .await
            .refused("CodeMismatchException");
    }
    assert_eq!(pool.messages("nobody@example.com").await, json!([]));
    assert_eq!(
        pool.messages("new@example.com")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );

    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    forgot(&pool, "nobody@example.com")
        .await
        .refused("UserNotFoundException");
    forgot(&pool, "new@example.com")
        .await
        .refused("InvalidParameterException");
    reset(&pool, "nobody@example.com", "1", PASSWORD)
        .await
        .refused("UserNotFoundException");
}

#[tokio::test]
async fn the_password_policy_is_a_setting() {
    let pool = TestPool::start().await;
    let policy = json!({ "minimum_length": 12, "require_symbols": false });
    pool.settings(json!({ "password_policy": policy })).await;
    let sign_up = async |password: &str| {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "Username": "p@example.com", "Password": password,
        });
        pool.call("SignUp", body).await
    };
    let short = sign_up("Passw0rd!").await;
    short.refused("InvalidPasswordException");
    assert_eq!(
        short.message(),
        "Password did not conform with policy: Password not long enough"
    );
    sign_up("Passw0rdLonger").await.ok();
}

#[tokio::test]
async fn more_than_there_is_cannot_be_asked_of_a_sign_in() {
    let pool = TestPool::start().await;
    for name in ["TARGET_ACR_VALUES", "MAX_AGE", "ACCESS_TOKEN"] {
        for flow in ["USER_AUTH", "USER_PASSWORD_AUTH"] {
            let body = json!({
                "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": flow,
                "AuthParameters": { "USERNAME": USER, "PASSWORD": PASSWORD, name: "1" },
            });
            let refused = pool.call("InitiateAuth", body).await;
            refused.refused("InvalidParameterException");
            assert!(refused.message().contains(name));
        }
    }
}
