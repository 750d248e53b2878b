//! SignUp, ConfirmSignUp, ResendConfirmationCode.

use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, secret_hash};

fn new_user(change: &Value) -> Value {
    let mut body =
        json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "a@example.com", "Password": PASSWORD });
    body.as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_new_user_is_unconfirmed_until_the_code_comes_back() {
    let pool = TestPool::start().await;
    let made = pool.sign_up("New@Example.com").await.ok();
    assert_eq!(made["UserConfirmed"], false);
    let delivery = &made["CodeDeliveryDetails"];
    assert_eq!(delivery["DeliveryMedium"], "EMAIL");
    assert_eq!(delivery["AttributeName"], "email");
    assert!(
        delivery["Destination"]
            .as_str()
            .unwrap()
            .starts_with("n***@e")
    );
    pool.password("new@example.com", PASSWORD)
        .await
        .refused("UserNotConfirmedException");
    pool.password("new@example.com", "wrong")
        .await
        .refused("NotAuthorizedException");

    let messages = pool.messages("NEW@example.com").await;
    assert_eq!(messages[0]["recipient"], "new@example.com");
    assert_eq!(messages[0]["kind"], "sign_up");
    assert!(messages[0]["sent_at"].as_str().unwrap().ends_with('Z'));
    let code = messages[0]["code"].as_str().unwrap();
    assert!(
        code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()),
        "{code}"
    );

    let confirmed = pool.confirm("new@example.com", code).await.ok();
    assert!(confirmed["Session"].is_string());
    let again = pool.confirm("new@example.com", code).await;
    again.refused("NotAuthorizedException");
    assert_eq!(
        again.message(),
        "User cannot be confirmed. Current status is CONFIRMED"
    );
    let tokens = pool.signed_in("NEW@EXAMPLE.COM").await;
    let user = pool.get_user(&tokens["AccessToken"]).await.ok();
    assert_eq!(user["Username"], made["UserSub"]);
    // The sub is a sign-in name too.
    pool.signed_in(made["UserSub"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_taken_name_is_refused_in_any_case() {
    let pool = TestPool::start().await;
    pool.sign_up("taken@example.com").await.ok();
    let again = pool.sign_up("TAKEN@example.com").await;
    again.refused("UsernameExistsException");
    assert_eq!(again.message(), "User already exists");
}

async fn refused(pool: &TestPool, change: Value, kind: &str) {
    let answer = pool.call("SignUp", new_user(&change)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.kind()),
        (400, kind),
        "{change}"
    );
}

#[tokio::test]
async fn names_and_clients_are_checked() {
    let pool = TestPool::start().await;
    for username in [
        "no-email",
        "a@b@example.com",
        "a@x.com,b@y.com",
        "a\r\nb@example.com",
        "",
    ] {
        refused(
            &pool,
            json!({ "Username": username }),
            "InvalidParameterException",
        )
        .await;
    }
    refused(
        &pool,
        json!({ "Username": null }),
        "InvalidParameterException",
    )
    .await;
    let long = "x".repeat(129);
    refused(
        &pool,
        json!({ "Username": long }),
        "InvalidParameterException",
    )
    .await;
    refused(
        &pool,
        json!({ "ClientId": "unknown" }),
        "ResourceNotFoundException",
    )
    .await;
    refused(
        &pool,
        json!({ "ClientId": "un known" }),
        "InvalidParameterException",
    )
    .await;
    refused(&pool, json!({ "ClientId": 7 }), "SerializationException").await;
    assert_eq!(pool.messages("a@example.com").await, json!([]));
}

#[tokio::test]
async fn passwords_are_checked() {
    let pool = TestPool::start().await;
    // There is no other way in.
    pool.settings(json!({ "first_factors": ["PASSWORD"] }))
        .await;
    for password in ["Sh0rt!", "passw0rd!", "PASSW0RD!", "Password!", "Passw0rdd"] {
        refused(
            &pool,
            json!({ "Password": password }),
            "InvalidPasswordException",
        )
        .await;
    }
    for password in [
        json!(null),
        json!("with space A1"),
        json!(""),
        json!("x".repeat(257)),
    ] {
        refused(
            &pool,
            json!({ "Password": password }),
            "InvalidParameterException",
        )
        .await;
    }
}

#[tokio::test]
async fn attributes_are_checked() {
    let pool = TestPool::start().await;
    for (name, kind) in [
        ("email_verified", "NotAuthorizedException"),
        ("sub", "NotAuthorizedException"),
        ("cognito:groups", "NotAuthorizedException"),
        ("unheard_of", "InvalidParameterException"),
        ("email", "InvalidParameterException"),
        (&"x".repeat(33), "InvalidParameterException"),
    ] {
        let attributes = json!([{ "Name": name, "Value": "x" }]);
        refused(&pool, json!({ "UserAttributes": attributes }), kind).await;
    }
    refused(
        &pool,
        json!({ "UserAttributes": {} }),
        "SerializationException",
    )
    .await;
    refused(
        &pool,
        json!({ "UserAttributes": ["x"] }),
        "SerializationException",
    )
    .await;
}

#[tokio::test]
async fn constraint_failures_are_told_together_and_without_the_password() {
    let pool = TestPool::start().await;
    let body = json!({ "ClientId": "!", "Password": "has space" });
    let answer = pool.call("SignUp", body).await;
    answer.refused("InvalidParameterException");
    let message = answer.message();
    assert!(
        message.starts_with("3 validation errors detected: "),
        "{message}"
    );
    assert!(
        message.contains("Value at 'clientId' failed to satisfy constraint"),
        "{message}"
    );
    assert!(message.contains("Value null at 'username'"), "{message}");
    assert!(!message.contains("has space"), "{message}");
}

#[tokio::test]
async fn attributes_are_kept_and_read_back() {
    let pool = TestPool::start().await;
    let attributes = json!({ "UserAttributes": [
        { "Name": "given_name", "Value": "Ada" },
        { "Name": "custom:plan", "Value": "gold" },
        { "Name": "locale", "Value": "" },
    ]});
    pool.call("SignUp", new_user(&attributes)).await.ok();
    let code = pool.code("a@example.com").await;
    pool.confirm("a@example.com", &code).await.ok();
    let tokens = pool.signed_in("a@example.com").await;
    let user = pool.get_user(&tokens["AccessToken"]).await.ok();
    let value = |name: &str| {
        let attributes = user["UserAttributes"].as_array().unwrap();
        attributes
            .iter()
            .find(|a| a["Name"] == name)
            .map(|a| a["Value"].clone())
    };
    assert_eq!(value("given_name"), Some(json!("Ada")));
    assert_eq!(value("custom:plan"), Some(json!("gold")));
    assert_eq!(value("email_verified"), Some(json!("true")));
    assert_eq!(value("locale"), None);
    assert!(value("sub").is_some());
}

#[tokio::test]
async fn a_resent_code_replaces_the_first() {
    let pool = TestPool::start().await;
    pool.sign_up("a@example.com").await.ok();
    let first = pool.code("a@example.com").await;
    let resend = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "a@example.com" });
    // One in a million that both are the same: ask until they differ.
    let second = loop {
        let details = pool
            .call("ResendConfirmationCode", resend.clone())
            .await
            .ok();
        assert_eq!(details["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
        let code = pool.code("a@example.com").await;
        if code != first {
            break code;
        }
    };
    pool.confirm("a@example.com", &first)
        .await
        .refused("CodeMismatchException");
    pool.confirm("a@example.com", &second).await.ok();
    pool.call("ResendConfirmationCode", resend)
        .await
        .refused("InvalidParameterException");
}

#[tokio::test]
async fn a_sign_up_code_lives_a_day() {
    let pool = TestPool::start().await;
    pool.sign_up("a@example.com").await.ok();
    let code = pool.code("a@example.com").await;
    pool.advance(24 * 3600).await;
    let late = pool.confirm("a@example.com", &code).await;
    late.refused("ExpiredCodeException");
    assert_eq!(
        late.message(),
        "Invalid code provided, please request a code again."
    );
}

#[tokio::test]
async fn wrong_codes_are_counted_by_the_hour_even_over_a_new_code() {
    let pool = TestPool::start().await;
    pool.sign_up("a@example.com").await.ok();
    for _ in 0..15 {
        pool.confirm("a@example.com", "wrong")
            .await
            .refused("CodeMismatchException");
    }
    let resend = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "a@example.com" });
    pool.call("ResendConfirmationCode", resend).await.ok();
    let code = pool.code("a@example.com").await;
    let limited = pool.confirm("a@example.com", &code).await;
    limited.refused("LimitExceededException");
    assert_eq!(
        limited.message(),
        "Attempt limit exceeded, please try after some time."
    );
    pool.advance(3600).await;
    pool.confirm("a@example.com", &code).await.ok();
}

#[tokio::test]
async fn unknown_names_look_like_known_ones_unless_told_otherwise() {
    let pool = TestPool::start().await;
    let nobody = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "nobody@example.com" });
    for _ in 0..14 {
        pool.confirm("nobody@example.com", "wrong")
            .await
            .refused("CodeMismatchException");
    }
    let details = pool
        .call("ResendConfirmationCode", nobody.clone())
        .await
        .ok();
    assert_eq!(details["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    assert_eq!(pool.messages("nobody@example.com").await, json!([]));
    pool.confirm("nobody@example.com", "wrong")
        .await
        .refused("CodeMismatchException");

    pool.confirm("nobody@example.com", "wrong")
        .await
        .refused("LimitExceededException");
    pool.settings(json!({ "prevent_user_existence_errors": "LEGACY" }))
        .await;
    pool.confirm("nobody@example.com", "123456")
        .await
        .refused("UserNotFoundException");
    let legacy = pool.call("ResendConfirmationCode", nobody).await;
    legacy.refused("UserNotFoundException");
    assert_eq!(
        legacy.message(),
        "Username/client id combination not found."
    );
}

#[tokio::test]
async fn a_client_with_a_secret_needs_the_hash_and_one_without_refuses_it() {
    let pool = TestPool::start().await;
    let confidential =
        |hash: Value| new_user(&json!({ "ClientId": SECRET_CLIENT_ID, "SecretHash": hash }));
    let missing = pool.call("SignUp", confidential(Value::Null)).await;
    missing.refused("NotAuthorizedException");
    assert_eq!(
        missing.message(),
        format!(
            "Client {SECRET_CLIENT_ID} is configured with secret but SECRET_HASH was not received"
        )
    );
    let wrong = pool
        .call("SignUp", confidential(json!(secret_hash("b@example.com"))))
        .await;
    wrong.refused("NotAuthorizedException");
    assert_eq!(
        wrong.message(),
        format!("Unable to verify secret hash for client {SECRET_CLIENT_ID}")
    );
    pool.call("SignUp", confidential(json!(secret_hash("a@example.com"))))
        .await
        .ok();
    let hash = json!({ "Username": "c@example.com", "SecretHash": secret_hash("c@example.com") });
    pool.call("SignUp", new_user(&hash))
        .await
        .refused("NotAuthorizedException");
}
