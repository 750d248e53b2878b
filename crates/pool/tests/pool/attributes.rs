//! What a signed-in user does to his attributes, and how addresses are verified.

use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, claims};

const USER: &str = "user@example.com";
const OTHER: &str = "admin@example.com";

async fn update(pool: &TestPool, access: &Value, attributes: &[(&str, &str)]) -> Answer {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let body = json!({ "AccessToken": access, "UserAttributes": attributes });
    pool.call("UpdateUserAttributes", body).await
}

async fn delete(pool: &TestPool, access: &Value, names: &[&str]) -> Answer {
    let body = json!({ "AccessToken": access, "UserAttributeNames": names });
    pool.call("DeleteUserAttributes", body).await
}

async fn send(pool: &TestPool, access: &Value, name: &str) -> Answer {
    let body = json!({ "AccessToken": access, "AttributeName": name });
    pool.call("GetUserAttributeVerificationCode", body).await
}

async fn verify(pool: &TestPool, access: &Value, name: &str, code: &str) -> Answer {
    let body = json!({ "AccessToken": access, "AttributeName": name, "Code": code });
    pool.call("VerifyUserAttribute", body).await
}

async fn access(pool: &TestPool, email: &str) -> Value {
    pool.signed_in(email).await["AccessToken"].clone()
}

/// A code that is not the one given.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

#[tokio::test]
async fn attributes_are_written_and_a_blank_one_is_deleted() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    let names = [("given_name", "Ada"), ("custom:plan", "gold")];
    let answer = update(&pool, &access, &names).await.ok();
    assert_eq!(answer, json!({ "CodeDeliveryDetailsList": [] }));
    assert_eq!(pool.attribute(&access, "given_name").await.unwrap(), "Ada");
    let blank = [("given_name", ""), ("nickname", "")];
    update(&pool, &access, &blank).await.ok();
    assert_eq!(pool.attribute(&access, "given_name").await, None);
    assert_eq!(
        delete(&pool, &access, &["custom:plan", "locale"])
            .await
            .ok(),
        json!({})
    );
    assert_eq!(pool.attribute(&access, "custom:plan").await, None);
    let tokens = pool.signed_in(USER).await;
    assert_eq!(claims(&tokens["IdToken"]).get("given_name"), None);
}

#[tokio::test]
async fn what_a_user_may_not_write_stays_with_all_the_rest() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    for (name, value, kind) in [
        ("sub", "x", "NotAuthorizedException"),
        ("email_verified", "true", "NotAuthorizedException"),
        ("phone_number_verified", "", "NotAuthorizedException"),
        ("identities", "[]", "NotAuthorizedException"),
        ("cognito:groups", "admin", "NotAuthorizedException"),
        ("unheard_of", "x", "InvalidParameterException"),
        ("dev:custom:x", "x", "InvalidParameterException"),
        ("email", "no address", "InvalidParameterException"),
        ("phone_number", "12345", "InvalidParameterException"),
        ("email", "", "InvalidParameterException"),
        ("email", OTHER, "AliasExistsException"),
        ("email", "ADMIN@example.com", "AliasExistsException"),
    ] {
        let both = [("nickname", "ada"), (name, value)];
        let answer = update(&pool, &access, &both).await;
        assert_eq!(
            (answer.status.as_u16(), answer.kind()),
            (400, kind),
            "{name}"
        );
    }
    for (name, kind) in [
        ("sub", "NotAuthorizedException"),
        ("email_verified", "NotAuthorizedException"),
        ("email", "InvalidParameterException"),
        ("unheard_of", "InvalidParameterException"),
    ] {
        delete(&pool, &access, &[name]).await.refused(kind);
    }
    assert_eq!(pool.attribute(&access, "nickname").await, None);
    assert_eq!(pool.attribute(&access, "email").await.unwrap(), USER);
    assert_eq!(pool.messages("").await, json!([]));
}

#[tokio::test]
async fn a_new_address_is_unverified_until_its_code_comes_back() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    let answer = update(&pool, &access, &[("email", "New@Example.com")])
        .await
        .ok();
    let details = &answer["CodeDeliveryDetailsList"];
    assert_eq!(details.as_array().unwrap().len(), 1);
    assert_eq!(details[0]["AttributeName"], "email");
    assert_eq!(details[0]["DeliveryMedium"], "EMAIL");
    assert!(
        !details.to_string().contains("new@example.com"),
        "{details}"
    );
    let message = &pool.messages("new@example.com").await[0];
    assert_eq!(message["kind"], "update_user_attribute");
    assert_eq!(
        pool.attribute(&access, "email_verified").await.unwrap(),
        "false"
    );
    pool.signed_in("new@example.com").await;
    pool.password(USER, PASSWORD)
        .await
        .refused("NotAuthorizedException");

    let code = pool.code("new@example.com").await;
    let wrong = verify(&pool, &access, "email", other_than(&code)).await;
    wrong.refused("CodeMismatchException");
    assert_eq!(verify(&pool, &access, "email", &code).await.ok(), json!({}));
    assert_eq!(
        pool.attribute(&access, "email_verified").await.unwrap(),
        "true"
    );
    verify(&pool, &access, "email", &code)
        .await
        .refused("ExpiredCodeException");
}

#[tokio::test]
async fn the_same_address_again_stays_verified_and_sends_nothing() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    let answer = update(&pool, &access, &[("email", "USER@example.com")])
        .await
        .ok();
    assert_eq!(answer["CodeDeliveryDetailsList"], json!([]));
    assert_eq!(
        pool.attribute(&access, "email_verified").await.unwrap(),
        "true"
    );
    assert_eq!(pool.messages(USER).await, json!([]));
}

#[tokio::test]
async fn a_telephone_number_is_verified_by_a_code_that_was_asked_for() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    send(&pool, &access, "phone_number")
        .await
        .refused("InvalidParameterException");
    let number = [("phone_number", "+15551234567")];
    let answer = update(&pool, &access, &number).await.ok();
    assert_eq!(answer["CodeDeliveryDetailsList"], json!([]));
    assert_eq!(
        pool.attribute(&access, "phone_number_verified")
            .await
            .unwrap(),
        "false"
    );
    let answer = send(&pool, &access, "phone_number").await.ok();
    let details = &answer["CodeDeliveryDetails"];
    assert_eq!(details["DeliveryMedium"], "SMS");
    assert_eq!(details["Destination"], "+*******4567");
    let message = pool.messages("%2B15551234567").await[0].clone();
    assert_eq!(message["kind"], "verify_user_attribute");
    let code = message["code"].as_str().unwrap();
    verify(&pool, &access, "phone_number", code).await.ok();
    assert_eq!(
        pool.attribute(&access, "phone_number_verified")
            .await
            .unwrap(),
        "true"
    );
    delete(&pool, &access, &["phone_number"]).await.ok();
    assert_eq!(pool.attribute(&access, "phone_number_verified").await, None);
    for name in ["given_name", "email_verified", "sub"] {
        send(&pool, &access, name)
            .await
            .refused("InvalidParameterException");
        verify(&pool, &access, name, "123456")
            .await
            .refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn the_old_address_holds_until_the_new_one_is_verified() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "verify_before_update": ["email"] }))
        .await;
    let access = access(&pool, USER).await;
    update(&pool, &access, &[("email", OTHER)])
        .await
        .refused("AliasExistsException");
    let answer = update(&pool, &access, &[("email", "new@example.com")])
        .await
        .ok();
    assert_eq!(
        answer["CodeDeliveryDetailsList"][0]["Destination"],
        "n***@e***"
    );
    assert_eq!(pool.attribute(&access, "email").await.unwrap(), USER);
    assert_eq!(
        pool.attribute(&access, "email_verified").await.unwrap(),
        "true"
    );
    pool.password("new@example.com", PASSWORD)
        .await
        .refused("NotAuthorizedException");
    // Asked for again, the code goes to the new address.
    let first = pool.code("new@example.com").await;
    send(&pool, &access, "email").await.ok();
    assert_eq!(pool.messages(USER).await, json!([]));
    let code = pool.code("new@example.com").await;
    if first != code {
        verify(&pool, &access, "email", &first)
            .await
            .refused("CodeMismatchException");
    }
    verify(&pool, &access, "email", &code).await.ok();
    assert_eq!(
        pool.attribute(&access, "email").await.unwrap(),
        "new@example.com"
    );
    assert_eq!(
        pool.attribute(&access, "email_verified").await.unwrap(),
        "true"
    );
    pool.signed_in("new@example.com").await;
    pool.password(USER, PASSWORD)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_change_that_waits_is_taken_back_by_writing_the_old_address() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "verify_before_update": ["email"] }))
        .await;
    let access = access(&pool, USER).await;
    update(&pool, &access, &[("email", "new@example.com")])
        .await
        .ok();
    let code = pool.code("new@example.com").await;
    update(&pool, &access, &[("email", USER)]).await.ok();
    verify(&pool, &access, "email", &code)
        .await
        .refused("ExpiredCodeException");
    assert_eq!(pool.attribute(&access, "email").await.unwrap(), USER);
}

#[tokio::test]
async fn an_address_taken_meanwhile_is_not_taken_over() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "verify_before_update": ["email"] }))
        .await;
    let access = access(&pool, USER).await;
    update(&pool, &access, &[("email", "new@example.com")])
        .await
        .ok();
    let code = pool.code("new@example.com").await;
    pool.put_user(json!({ "username": "new@example.com", "password": PASSWORD }))
        .await;
    let taken = verify(&pool, &access, "email", &code).await;
    taken.refused("AliasExistsException");
    assert_eq!(taken.message(), "An account with the email already exists.");
    assert_eq!(pool.attribute(&access, "email").await.unwrap(), USER);
}

#[tokio::test]
async fn a_code_verifies_the_address_it_went_to_and_no_other() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    update(&pool, &access, &[("email", "mine@example.com")])
        .await
        .ok();
    let mine = pool.code("mine@example.com").await;
    // Of another attribute.
    update(&pool, &access, &[("phone_number", "+15551234567")])
        .await
        .ok();
    verify(&pool, &access, "phone_number", &mine)
        .await
        .refused("ExpiredCodeException");
    // Of an address that is not the user's any more, where no code goes to the new one.
    pool.settings(json!({ "auto_verified_attributes": [] }))
        .await;
    update(&pool, &access, &[("email", "victim@example.com")])
        .await
        .ok();
    verify(&pool, &access, "email", &mine)
        .await
        .refused("ExpiredCodeException");
    assert_eq!(
        pool.attribute(&access, "email_verified").await.unwrap(),
        "false"
    );
    // Back again: what was void stays void.
    update(&pool, &access, &[("email", "mine@example.com")])
        .await
        .ok();
    verify(&pool, &access, "email", &mine)
        .await
        .refused("ExpiredCodeException");
}

#[tokio::test]
async fn a_code_is_one_users_and_for_one_purpose() {
    let pool = TestPool::start().await;
    let (mine, others) = (access(&pool, USER).await, access(&pool, OTHER).await);
    send(&pool, &others, "email").await.ok();
    let of_other = pool.code(OTHER).await;
    verify(&pool, &mine, "email", &of_other)
        .await
        .refused("ExpiredCodeException");
    // A code to reset the password verifies nothing, and the other way round.
    let name = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": USER });
    pool.call("ForgotPassword", name).await.ok();
    let reset = pool.code(USER).await;
    verify(&pool, &mine, "email", &reset)
        .await
        .refused("ExpiredCodeException");
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": OTHER, "ConfirmationCode": of_other,
        "Password": "An0ther!Passw0rd",
    });
    pool.call("ConfirmForgotPassword", body)
        .await
        .refused("ExpiredCodeException");
    verify(&pool, &others, "email", &of_other).await.ok();
}

#[tokio::test]
async fn a_verification_code_lives_a_day() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "access_token_seconds": 86400 }))
        .await;
    let access = access(&pool, USER).await;
    send(&pool, &access, "email").await.ok();
    let first = pool.code(USER).await;
    pool.advance(86300).await;
    verify(&pool, &access, "email", &first).await.ok();
    let access = self::access(&pool, USER).await;
    send(&pool, &access, "email").await.ok();
    let second = pool.code(USER).await;
    pool.advance(86400).await;
    let access = self::access(&pool, USER).await;
    verify(&pool, &access, "email", &second)
        .await
        .refused("ExpiredCodeException");
}

#[tokio::test]
async fn wrong_codes_are_counted_by_the_hour_over_new_codes_and_new_addresses() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    update(&pool, &access, &[("email", "first@example.com")])
        .await
        .ok();
    for _ in 0..15 {
        let code = pool.code("first@example.com").await;
        verify(&pool, &access, "email", other_than(&code))
            .await
            .refused("CodeMismatchException");
    }
    update(&pool, &access, &[("email", "second@example.com")])
        .await
        .ok();
    let code = pool.code("second@example.com").await;
    verify(&pool, &access, "email", &code)
        .await
        .refused("LimitExceededException");
    pool.settings(json!({ "limits": { "attempts": false } }))
        .await;
    verify(&pool, &access, "email", &code).await.ok();
}

#[tokio::test]
async fn a_first_password_does_not_make_another_address_a_verified_one() {
    let pool = TestPool::start().await;
    let access = access(&pool, USER).await;
    pool.put_user(json!({ "username": USER, "status": "FORCE_CHANGE_PASSWORD" }))
        .await;
    let challenge = pool.password(USER, PASSWORD).await.ok();
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": {
            "USERNAME": USER, "NEW_PASSWORD": "An0ther!Passw0rd",
            "userAttributes.email": "victim@example.com",
        },
    });
    pool.call("RespondToAuthChallenge", body).await.ok();
    assert_eq!(
        pool.attribute(&access, "email").await.unwrap(),
        "victim@example.com"
    );
    assert_eq!(
        pool.attribute(&access, "email_verified").await.unwrap(),
        "false"
    );
    assert_eq!(
        pool.messages("victim@example.com").await[0]["kind"],
        "update_user_attribute"
    );
}
