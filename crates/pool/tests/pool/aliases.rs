//! What names users have: their own, with and without aliases, or their addresses.

use cogward_pool::{PUBLIC_CLIENT_ID, PoolOptions, Seed};
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, claims};

const NUMBER: &str = "+15551234567";
const INBOX_OF_NUMBER: &str = "%2B15551234567";

/// Names are settled when a pool begins: `[pool]` of a seed file.
async fn pool(settings: &str) -> TestPool {
    TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(&format!("[pool]\n{settings}")).unwrap()),
        ..PoolOptions::default()
    })
    .await
}

/// Users choose names, and sign in with verified addresses too.
async fn with_aliases() -> TestPool {
    pool(
        r#"username_attributes = []
        alias_attributes = ["email", "phone_number"]
        auto_verified_attributes = ["email", "phone_number"]"#,
    )
    .await
}

async fn sign_up(pool: &TestPool, name: &str, attributes: &[(&str, &str)]) -> Answer {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": name, "Password": PASSWORD,
        "UserAttributes": attributes,
    });
    pool.call("SignUp", body).await
}

async fn confirm(pool: &TestPool, name: &str, code: &str, force: Option<bool>) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": name, "ConfirmationCode": code,
        "ForceAliasCreation": force,
    });
    pool.call("ConfirmSignUp", body).await
}

/// A confirmed user with a verified email.
async fn confirmed(pool: &TestPool, name: &str, email: &str) {
    sign_up(pool, name, &[("email", email)]).await.ok();
    let code = pool.code(email).await;
    confirm(pool, name, &code, None).await.ok();
}

#[tokio::test]
async fn a_name_of_ones_own_is_taken_in_any_case() {
    let pool = pool("username_attributes = []").await;
    let made = sign_up(&pool, "Ada", &[("email", "ada@example.com")])
        .await
        .ok();
    let code = pool.code("ada@example.com").await;
    confirm(&pool, "ADA", &code, None).await.ok();
    let tokens = pool.signed_in("ada").await;
    let id = claims(&tokens["IdToken"]);
    assert_eq!(id["cognito:username"], "Ada");
    assert_eq!(claims(&tokens["AccessToken"])["username"], "Ada");
    assert_eq!(id["sub"], made["UserSub"]);
    for taken in ["ADA", "ada"] {
        sign_up(&pool, taken, &[])
            .await
            .refused("UsernameExistsException");
    }
    // Without aliases an address is no name, and two users may have the same one.
    pool.password("ada@example.com", PASSWORD)
        .await
        .refused("NotAuthorizedException");
    sign_up(&pool, "bob", &[("email", "ada@example.com")])
        .await
        .ok();
}

#[tokio::test]
async fn nobody_chooses_the_sub_of_another_as_his_name() {
    let pool = pool("username_attributes = []").await;
    confirmed(&pool, "victim", "v@example.com").await;
    let tokens = pool.signed_in("victim").await;
    let sub = claims(&tokens["IdToken"])["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    sign_up(&pool, &sub, &[("email", "mallory@example.com")])
        .await
        .refused("UsernameExistsException");
    let user = pool.get_user(&tokens["AccessToken"]).await.ok();
    assert_eq!(user["Username"], "victim");
}

#[tokio::test]
async fn an_alias_signs_in_once_it_is_verified() {
    let pool = with_aliases().await;
    sign_up(&pool, "ada@example.com", &[])
        .await
        .refused("InvalidParameterException");
    sign_up(&pool, NUMBER, &[])
        .await
        .refused("InvalidParameterException");
    sign_up(&pool, "ada", &[("email", "Ada@example.com")])
        .await
        .ok();
    pool.password("ada@example.com", PASSWORD)
        .await
        .refused("NotAuthorizedException");
    pool.password("ada", PASSWORD)
        .await
        .refused("UserNotConfirmedException");
    let code = pool.code("ada@example.com").await;
    confirm(&pool, "ada", &code, None).await.ok();
    pool.signed_in("ADA@example.com").await;
    pool.signed_in("ada").await;
}

#[tokio::test]
async fn an_alias_moves_to_who_forces_it_and_shows_that_it_is_his() {
    let pool = with_aliases().await;
    confirmed(&pool, "first", "shared@example.com").await;
    let first = pool.signed_in("first").await;
    sign_up(&pool, "second", &[("email", "shared@example.com")])
        .await
        .ok();
    let code = pool.code("shared@example.com").await;
    for force in [None, Some(false)] {
        let refused = confirm(&pool, "second", &code, force).await;
        refused.refused("AliasExistsException");
        assert_eq!(
            refused.message(),
            "An account with the email already exists."
        );
    }
    // A wrong code moves nothing.
    let wrong = if code == "000000" { "111111" } else { "000000" };
    confirm(&pool, "second", wrong, Some(true))
        .await
        .refused("CodeMismatchException");
    let verified = async |tokens: &Value| {
        let access = &tokens["AccessToken"];
        pool.attribute(access, "email_verified").await.unwrap()
    };
    assert_eq!(verified(&first).await, "true");
    confirm(&pool, "second", &code, Some(true)).await.ok();
    assert_eq!(verified(&first).await, "false");
    let second = pool.signed_in("shared@example.com").await;
    assert_eq!(claims(&second["IdToken"])["cognito:username"], "second");
    assert_eq!(verified(&second).await, "true");
    pool.signed_in("first").await;
}

#[tokio::test]
async fn an_alias_that_somebody_has_is_not_verified_for_another() {
    let pool = with_aliases().await;
    confirmed(&pool, "first", "shared@example.com").await;
    confirmed(&pool, "second", "second@example.com").await;
    let second = pool.signed_in("second").await;
    let access = &second["AccessToken"];
    let attributes = json!([{ "Name": "email", "Value": "shared@example.com" }]);
    let body = json!({ "AccessToken": access, "UserAttributes": attributes });
    pool.call("UpdateUserAttributes", body).await.ok();
    let code = pool.code("shared@example.com").await;
    let body = json!({ "AccessToken": access, "AttributeName": "email", "Code": code });
    pool.call("VerifyUserAttribute", body)
        .await
        .refused("AliasExistsException");
    assert_eq!(
        pool.attribute(access, "email_verified").await.unwrap(),
        "false"
    );
    let first = pool.signed_in("shared@example.com").await;
    assert_eq!(claims(&first["IdToken"])["cognito:username"], "first");
}

#[tokio::test]
async fn addresses_of_both_kinds_can_be_the_names() {
    let pool = pool(
        r#"username_attributes = ["email", "phone_number"]
        auto_verified_attributes = ["email", "phone_number"]"#,
    )
    .await;
    sign_up(&pool, "ada", &[])
        .await
        .refused("InvalidParameterException");
    let made = sign_up(&pool, NUMBER, &[("email", "ada@example.com")])
        .await
        .ok();
    // A telephone comes before an e-mail.
    let details = &made["CodeDeliveryDetails"];
    assert_eq!(details["DeliveryMedium"], "SMS");
    assert_eq!(details["AttributeName"], "phone_number");
    assert_eq!(pool.messages("ada@example.com").await, json!([]));
    let code = pool.code(INBOX_OF_NUMBER).await;
    confirm(&pool, NUMBER, &code, None).await.ok();
    let tokens = pool.signed_in(NUMBER).await;
    pool.signed_in("ada@example.com").await;
    let access = &tokens["AccessToken"];
    let verified = async |name: &str| pool.attribute(access, name).await.unwrap();
    assert_eq!(verified("phone_number_verified").await, "true");
    assert_eq!(verified("email_verified").await, "false");
    for taken in [NUMBER, "ADA@example.com"] {
        sign_up(&pool, taken, &[])
            .await
            .refused("UsernameExistsException");
    }
    // One of the two has to stay.
    let delete = async |name: &str| {
        let body = json!({ "AccessToken": access, "UserAttributeNames": [name] });
        pool.call("DeleteUserAttributes", body).await
    };
    delete("email").await.ok();
    delete("phone_number")
        .await
        .refused("InvalidParameterException");
    pool.signed_in(NUMBER).await;
}

#[tokio::test]
async fn a_reset_code_goes_where_account_recovery_says() {
    let pool = pool("username_attributes = []").await;
    let attributes = json!({
        "email": "ada@example.com", "email_verified": "true",
        "phone_number": NUMBER, "phone_number_verified": "true",
    });
    pool.put_user(json!({ "username": "ada", "password": PASSWORD, "attributes": attributes }))
        .await;
    let medium = async || {
        let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "ada" });
        let answer = pool.call("ForgotPassword", body).await;
        match answer.kind() {
            "" => answer.body["CodeDeliveryDetails"]["DeliveryMedium"].to_string(),
            kind => kind.to_owned(),
        }
    };
    assert_eq!(medium().await, "\"EMAIL\"");
    let order = json!({ "account_recovery": ["verified_phone_number", "verified_email"] });
    pool.settings(order).await;
    assert_eq!(medium().await, "\"SMS\"");
    assert_eq!(
        pool.messages(INBOX_OF_NUMBER).await[0]["kind"],
        "forgot_password"
    );
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    let change = json!({ "username": "ada", "attributes": { "phone_number_verified": "false" } });
    pool.put_user(change).await;
    assert_eq!(medium().await, "\"EMAIL\"");
    pool.put_user(json!({ "username": "ada", "status": "UNCONFIRMED" }))
        .await;
    assert_eq!(medium().await, "InvalidParameterException");
    pool.put_user(json!({ "username": "ada", "status": "CONFIRMED" }))
        .await;
    pool.settings(json!({ "account_recovery": ["admin_only"] }))
        .await;
    assert_eq!(medium().await, "InvalidParameterException");
}

#[tokio::test]
async fn a_disabled_user_resets_nothing_with_a_code_from_before() {
    let pool = TestPool::start().await;
    let user = "user@example.com";
    let name = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": user });
    pool.call("ForgotPassword", name).await.ok();
    let code = pool.code(user).await;
    pool.put_user(json!({ "username": user, "enabled": false }))
        .await;
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": user, "ConfirmationCode": code,
        "Password": "An0ther!Passw0rd",
    });
    pool.call("ConfirmForgotPassword", body.clone())
        .await
        .refused("CodeMismatchException");
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    let told = pool.call("ConfirmForgotPassword", body).await;
    told.refused("NotAuthorizedException");
    assert_eq!(told.message(), "User is disabled.");
}
