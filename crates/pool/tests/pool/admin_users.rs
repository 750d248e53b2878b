//! What an administrator does to users.

use cogward_pool::{POOL_ID, PUBLIC_CLIENT_ID, PoolOptions, Seed};
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool, claims, query};

const EMAIL: &str = "invited@example.com";
const OTHER: &str = "user@example.com";
const NEW_PASSWORD: &str = "An0ther-one";

async fn create(pool: &TestPool, body: Value) -> Value {
    let mut body = body;
    body["Username"] = EMAIL.into();
    pool.admin("AdminCreateUser", body).await.ok()["User"].clone()
}

async fn get(pool: &TestPool, name: &str) -> Value {
    let user = pool.admin("AdminGetUser", json!({ "Username": name }));
    user.await.ok()
}

fn attribute<'a>(user: &'a Value, name: &str) -> Option<&'a str> {
    let list = ["UserAttributes", "Attributes"]
        .iter()
        .find_map(|list| user[*list].as_array())
        .unwrap();
    let found = list.iter().find(|attribute| attribute["Name"] == name);
    found.map(|attribute| attribute["Value"].as_str().unwrap())
}

async fn update(pool: &TestPool, name: &str, attributes: &[(&str, &str)]) -> crate::common::Answer {
    let list: Value = attributes
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let body = json!({ "Username": name, "UserAttributes": list });
    pool.admin("AdminUpdateUserAttributes", body).await
}

async fn set_password(pool: &TestPool, password: &str, permanent: bool) -> crate::common::Answer {
    let body = json!({ "Username": OTHER, "Password": password, "Permanent": permanent });
    pool.admin("AdminSetUserPassword", body).await
}

/// A pool whose users choose a name, with their addresses as aliases.
async fn pool_with_aliases() -> TestPool {
    let seed = "[pool]\nusername_attributes = []\nalias_attributes = [\"email\"]\n";
    TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(seed).unwrap()),
        ..PoolOptions::default()
    })
    .await
}

async fn create_with_alias(pool: &TestPool, name: &str, force: bool) -> crate::common::Answer {
    let body = json!({
        "Username": name, "TemporaryPassword": PASSWORD, "ForceAliasCreation": force,
        "UserAttributes": [
            { "Name": "email", "Value": EMAIL }, { "Name": "email_verified", "Value": "true" },
        ],
    });
    pool.admin("AdminCreateUser", body).await
}

/// Chooses a password of the user's own with the temporary one.
async fn begin_with(pool: &TestPool, temporary: &str) -> Value {
    let challenge = pool.password(EMAIL, temporary).await.ok();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": EMAIL, "NEW_PASSWORD": NEW_PASSWORD },
    });
    pool.call("RespondToAuthChallenge", body).await.ok()["AuthenticationResult"].clone()
}

#[tokio::test]
async fn an_invited_user_gets_a_message_and_chooses_a_password() {
    let pool = TestPool::start().await;
    let attributes = json!([{ "Name": "given_name", "Value": "Ada" }]);
    let body = json!({ "TemporaryPassword": PASSWORD, "UserAttributes": attributes });
    let user = create(&pool, body).await;
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert_eq!(user["Enabled"], true);
    assert!(user["UserCreateDate"].is_number() && user["UserLastModifiedDate"].is_number());
    assert_eq!(attribute(&user, "sub"), user["Username"].as_str());
    assert_eq!(attribute(&user, "email"), Some(EMAIL));
    assert_eq!(attribute(&user, "email_verified"), Some("false"));
    assert_eq!(attribute(&user, "given_name"), Some("Ada"));
    let messages = pool.messages(EMAIL).await;
    assert_eq!(messages[0]["kind"], "admin_create_user");
    assert_eq!(messages[0]["code"], PASSWORD);
    let tokens = begin_with(&pool, PASSWORD).await;
    pool.get_user(&tokens["AccessToken"]).await.ok();
    assert_eq!(get(&pool, EMAIL).await["UserStatus"], "CONFIRMED");
    pool.password(EMAIL, NEW_PASSWORD).await.ok();
    pool.password(EMAIL, PASSWORD)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_password_that_nobody_gave_is_made_and_keeps_the_policy() {
    let pool = TestPool::start().await;
    pool.settings(json!({
        "first_factors": ["PASSWORD"], "password_policy": { "minimum_length": 30 },
    }))
    .await;
    create(&pool, json!({})).await;
    let made = pool.code(EMAIL).await;
    assert_eq!(made.len(), 30);
    for class in [char::is_uppercase, char::is_lowercase, char::is_numeric] {
        assert!(made.chars().any(class), "{made}");
    }
    pool.settings(json!({ "password_policy": { "minimum_length": 8 } }))
        .await;
    begin_with(&pool, &made).await;
    let body = json!({ "Username": "second@example.com" });
    pool.admin("AdminCreateUser", body).await.ok();
    assert_ne!(pool.code("second@example.com").await, made);
}

#[tokio::test]
async fn where_codes_are_enough_a_user_without_a_password_is_confirmed() {
    let pool = TestPool::start().await;
    let user = create(&pool, json!({})).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    let messages = pool.messages(EMAIL).await;
    assert_eq!(
        (&messages[0]["kind"], &messages[0]["code"]),
        (&"admin_create_user".into(), &"".into())
    );
    for password in [" ", PASSWORD, "null"] {
        let refused = pool.password(EMAIL, password).await;
        refused.refused("NotAuthorizedException");
    }
    pool.settings(json!({ "first_factors": ["PASSWORD", "SMS_OTP"] }))
        .await;
    let body = json!({ "Username": "second@example.com" });
    let refused = pool.admin("AdminCreateUser", body).await;
    refused.refused("InvalidParameterException");
    assert!(refused.message().contains("phone_number"), "{refused:?}");
    // Codes as a first factor do not go with a required second one.
    pool.settings(json!({ "mfa": "ON" })).await;
    let body = json!({ "Username": "second@example.com" });
    let user = pool.admin("AdminCreateUser", body).await.ok();
    assert_eq!(user["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_suppressed_message_is_not_sent_and_a_resent_one_replaces_the_password() {
    let pool = TestPool::start().await;
    let body = json!({ "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS" });
    create(&pool, body).await;
    assert_eq!(pool.messages(EMAIL).await, json!([]));
    pool.advance(6 * 86400).await;
    create(&pool, json!({ "MessageAction": "RESEND" })).await;
    let made = pool.code(EMAIL).await;
    let refused = pool.password(EMAIL, PASSWORD).await;
    refused.refused("NotAuthorizedException");
    // It counts from the new message on.
    pool.advance(6 * 86400).await;
    begin_with(&pool, &made).await;
    let body = json!({ "Username": EMAIL, "MessageAction": "RESEND" });
    let refused = pool.admin("AdminCreateUser", body).await;
    refused.refused("UnsupportedUserStateException");
    let body = json!({ "Username": "nobody@example.com", "MessageAction": "RESEND" });
    let refused = pool.admin("AdminCreateUser", body).await;
    refused.refused("UserNotFoundException");
}

#[tokio::test]
async fn a_temporary_password_is_good_for_a_week() {
    let pool = TestPool::start().await;
    create(&pool, json!({ "TemporaryPassword": PASSWORD })).await;
    pool.advance(7 * 86400).await;
    let refused = pool.password(EMAIL, PASSWORD).await;
    refused.refused("NotAuthorizedException");
    assert!(refused.message().contains("expired"), "{refused:?}");
}

#[tokio::test]
async fn an_invitation_goes_where_it_is_wanted() {
    let pool = TestPool::start().await;
    let phone = json!([{ "Name": "phone_number", "Value": "+15550100" }]);
    let mut body = json!({
        "Username": EMAIL, "TemporaryPassword": PASSWORD, "UserAttributes": phone,
        "DesiredDeliveryMediums": ["EMAIL", "SMS"],
    });
    pool.admin("AdminCreateUser", body.clone()).await.ok();
    assert_eq!(pool.code(EMAIL).await, PASSWORD);
    assert_eq!(pool.code("%2B15550100").await, PASSWORD);
    body["Username"] = "second@example.com".into();
    body["DesiredDeliveryMediums"] = json!([]);
    pool.admin("AdminCreateUser", body.clone()).await.ok();
    assert_eq!(pool.messages("second@example.com").await, json!([]));
    assert_eq!(
        pool.messages("%2B15550100").await.as_array().unwrap().len(),
        2
    );
    body["Username"] = "third@example.com".into();
    body["UserAttributes"] = json!([]);
    body["DesiredDeliveryMediums"] = json!(["SMS"]);
    let refused = pool.admin("AdminCreateUser", body.clone()).await;
    refused.refused("InvalidParameterException");
    body["DesiredDeliveryMediums"] = json!(["PIGEON"]);
    let refused = pool.admin("AdminCreateUser", body).await;
    refused.refused("InvalidParameterException");
}

#[tokio::test]
async fn a_user_who_cannot_be_made_is_refused() {
    let pool = TestPool::start().await;
    let create = async |name: &str, password: &str, attribute: (&str, &str)| {
        let list = json!([{ "Name": attribute.0, "Value": attribute.1 }]);
        let body =
            json!({ "Username": name, "TemporaryPassword": password, "UserAttributes": list });
        pool.admin("AdminCreateUser", body).await
    };
    let fine = ("given_name", "Ada");
    for (name, password, attribute, kind) in [
        (OTHER, PASSWORD, fine, "UsernameExistsException"),
        (
            "USER@example.com",
            PASSWORD,
            fine,
            "UsernameExistsException",
        ),
        (EMAIL, "short", fine, "InvalidPasswordException"),
        ("no-address", PASSWORD, fine, "InvalidParameterException"),
        (EMAIL, PASSWORD, ("sub", "1"), "InvalidParameterException"),
        (EMAIL, PASSWORD, ("shoe", "1"), "InvalidParameterException"),
        (
            EMAIL,
            PASSWORD,
            ("email", OTHER),
            "InvalidParameterException",
        ),
        (
            EMAIL,
            PASSWORD,
            ("phone_number", "12"),
            "InvalidParameterException",
        ),
        (
            EMAIL,
            PASSWORD,
            ("phone_number_verified", "true"),
            "InvalidParameterException",
        ),
    ] {
        let refused = create(name, password, attribute).await;
        refused.refused(kind);
        assert!(!refused.message().contains(password), "{refused:?}");
    }
    let refused = pool.admin("AdminGetUser", json!({ "Username": EMAIL }));
    refused.await.refused("UserNotFoundException");
    assert_eq!(pool.messages(EMAIL).await, json!([]));
}

#[tokio::test]
async fn every_operation_asks_for_this_pool_and_a_user_of_it() {
    let pool = TestPool::start().await;
    for (operation, more) in [
        ("AdminConfirmSignUp", json!({})),
        ("AdminDeleteUser", json!({})),
        (
            "AdminDeleteUserAttributes",
            json!({ "UserAttributeNames": ["name"] }),
        ),
        ("AdminDisableUser", json!({})),
        ("AdminEnableUser", json!({})),
        ("AdminGetUser", json!({})),
        ("AdminResetUserPassword", json!({})),
        ("AdminSetUserPassword", json!({ "Password": PASSWORD })),
        ("AdminUpdateUserAttributes", json!({ "UserAttributes": [] })),
        ("AdminUserGlobalSignOut", json!({})),
    ] {
        let mut body = more;
        body["Username"] = OTHER.into();
        for (id, kind) in [
            (json!("us-east-1_Other0001"), "ResourceNotFoundException"),
            (json!("nonsense"), "InvalidParameterException"),
            (json!(null), "InvalidParameterException"),
        ] {
            body["UserPoolId"] = id;
            pool.call(operation, body.clone()).await.refused(kind);
        }
        for name in ["nobody@example.com", "%", "'OR'1'='1'--"] {
            body["Username"] = name.into();
            let refused = pool.admin(operation, body.clone()).await;
            refused.refused("UserNotFoundException");
        }
    }
    pool.password(OTHER, PASSWORD).await.ok();
}

#[tokio::test]
async fn a_call_needs_no_signature() {
    let pool = TestPool::start().await;
    for authorization in [
        "",
        "AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=00",
    ] {
        let answer = pool
            .request(reqwest::Method::POST, "/")
            .header("Authorization", authorization)
            .header(
                "X-Amz-Target",
                "AWSCognitoIdentityProviderService.AdminGetUser",
            )
            .body(json!({ "UserPoolId": POOL_ID, "Username": OTHER }).to_string());
        assert_eq!(answer.send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_user_is_found_by_every_name_and_shown_as_cognito_shows_him() {
    let pool = TestPool::start().await;
    let user = get(&pool, "USER@example.com").await;
    let sub = attribute(&user, "sub").unwrap();
    assert_eq!(user["Username"], sub);
    assert_eq!(attribute(&user, "email_verified"), Some("true"));
    assert_eq!(get(&pool, sub).await, user);
    assert!(!user.to_string().contains("verifier") && !user.to_string().contains("hash"));
}

#[tokio::test]
async fn a_temporary_password_has_to_be_changed_and_a_permanent_one_not() {
    let pool = TestPool::start().await;
    set_password(&pool, NEW_PASSWORD, true).await.ok();
    pool.password(OTHER, NEW_PASSWORD).await.ok();
    let refused = pool.password(OTHER, PASSWORD).await;
    refused.refused("NotAuthorizedException");
    set_password(&pool, PASSWORD, false).await.ok();
    assert_eq!(
        get(&pool, OTHER).await["UserStatus"],
        "FORCE_CHANGE_PASSWORD"
    );
    let challenge = pool.password(OTHER, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let refused = set_password(&pool, "weak", true).await;
    refused.refused("InvalidPasswordException");
    assert_eq!(
        get(&pool, OTHER).await["UserStatus"],
        "FORCE_CHANGE_PASSWORD"
    );
}

#[tokio::test]
async fn a_password_set_by_an_administrator_unlocks() {
    let pool = TestPool::start().await;
    for _ in 0..6 {
        pool.password(OTHER, "wrong").await;
    }
    let refused = pool.password(OTHER, PASSWORD).await;
    assert_eq!(refused.message(), "Password attempts exceeded");
    set_password(&pool, PASSWORD, true).await.ok();
    pool.password(OTHER, PASSWORD).await.ok();
}

#[tokio::test]
async fn a_sign_up_is_confirmed_without_its_code_and_only_once() {
    let pool = TestPool::start().await;
    pool.sign_up(EMAIL).await.ok();
    let body = json!({ "Username": EMAIL });
    pool.admin("AdminConfirmSignUp", body.clone()).await.ok();
    let user = get(&pool, EMAIL).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    assert_eq!(attribute(&user, "email_verified"), Some("false"));
    pool.password(EMAIL, PASSWORD).await.ok();
    let refused = pool.admin("AdminConfirmSignUp", body).await;
    refused.refused("NotAuthorizedException");
    assert!(refused.message().ends_with("CONFIRMED"), "{refused:?}");
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once_and_until_enabled() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(OTHER).await;
    let code = pool.authorization_code(&query(), OTHER).await;
    let mut browser = crate::common::Browser::new(&pool);
    browser.sign_in(&query(), OTHER, PASSWORD).await;
    let body = json!({ "Username": OTHER });
    pool.admin("AdminDisableUser", body.clone()).await.ok();
    assert_eq!(get(&pool, OTHER).await["Enabled"], false);
    let (access, refresh) = (&tokens["AccessToken"], &tokens["RefreshToken"]);
    let refused = pool.get_user(access).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.refresh(refresh).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.tokens_from_refresh(refresh).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.password(OTHER, PASSWORD).await;
    refused.refused("NotAuthorizedException");
    assert_eq!(pool.exchange(&code).await.0, 400);
    let authorize = format!("/oauth2/authorize?{}", query());
    let page = browser.get(&authorize).await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
    pool.admin("AdminEnableUser", body).await.ok();
    // What ended stays ended.
    let refused = pool.get_user(access).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.refresh(refresh).await;
    refused.refused("NotAuthorizedException");
    pool.password(OTHER, PASSWORD).await.ok();
    let page = browser.get(&authorize).await;
    assert!(page.location.starts_with("/login?"), "{}", page.location);
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_the_address_free() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(OTHER).await;
    let body = json!({ "Username": OTHER });
    let answer = pool.admin("AdminDeleteUser", body.clone()).await;
    assert_eq!(answer.ok(), "");
    let refused = pool.get_user(&tokens["AccessToken"]).await;
    refused.refused("UserNotFoundException");
    let refused = pool.refresh(&tokens["RefreshToken"]).await;
    refused.refused("NotAuthorizedException");
    let refused = pool.admin("AdminDeleteUser", body).await;
    refused.refused("UserNotFoundException");
    pool.confirmed(OTHER).await;
}

#[tokio::test]
async fn a_global_sign_out_ends_all_sign_ins_of_this_user_alone() {
    let pool = TestPool::start().await;
    let (one, two) = (pool.signed_in(OTHER).await, pool.signed_in(OTHER).await);
    let bystander = pool.signed_in("admin@example.com").await;
    let body = json!({ "Username": OTHER });
    pool.admin("AdminUserGlobalSignOut", body).await.ok();
    for tokens in [one, two] {
        let refused = pool.get_user(&tokens["AccessToken"]).await;
        assert_eq!(refused.message(), "Access Token has been revoked");
        let refused = pool.refresh(&tokens["RefreshToken"]).await;
        refused.refused("NotAuthorizedException");
    }
    pool.get_user(&bystander["AccessToken"]).await.ok();
    pool.password(OTHER, PASSWORD).await.ok();
}

#[tokio::test]
async fn a_required_reset_sends_a_code_and_refuses_the_old_password() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    let body = json!({ "Username": OTHER });
    pool.admin("AdminResetUserPassword", body).await.ok();
    assert_eq!(get(&pool, OTHER).await["UserStatus"], "RESET_REQUIRED");
    let refused = pool.password(OTHER, PASSWORD).await;
    refused.refused("PasswordResetRequiredException");
    let message = pool.messages(OTHER).await[0].clone();
    assert_eq!(message["kind"], "forgot_password");
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": OTHER, "Password": NEW_PASSWORD,
        "ConfirmationCode": message["code"],
    });
    pool.call("ConfirmForgotPassword", body).await.ok();
    assert_eq!(get(&pool, OTHER).await["UserStatus"], "CONFIRMED");
    pool.password(OTHER, NEW_PASSWORD).await.ok();
}

#[tokio::test]
async fn a_reset_needs_a_password_of_the_users_own_and_an_address() {
    let pool = TestPool::start().await;
    create(&pool, json!({ "TemporaryPassword": PASSWORD })).await;
    let body = json!({ "Username": EMAIL });
    let refused = pool.admin("AdminResetUserPassword", body.clone()).await;
    refused.refused("NotAuthorizedException");
    begin_with(&pool, PASSWORD).await;
    let refused = pool.admin("AdminResetUserPassword", body.clone()).await;
    refused.refused("InvalidParameterException");
    assert_eq!(get(&pool, EMAIL).await["UserStatus"], "CONFIRMED");
    update(&pool, EMAIL, &[("email_verified", "true")])
        .await
        .ok();
    pool.admin("AdminResetUserPassword", body).await.ok();
}

#[tokio::test]
async fn attributes_are_set_verified_and_deleted() {
    let pool = TestPool::start().await;
    let phone = ("phone_number", "+15550100");
    let given = [("name", "Ada"), ("custom:shoe", "39"), phone];
    update(&pool, OTHER, &given).await.ok();
    let user = get(&pool, OTHER).await;
    assert_eq!(attribute(&user, "custom:shoe"), Some("39"));
    assert_eq!(attribute(&user, "phone_number_verified"), Some("false"));
    update(&pool, OTHER, &[("phone_number_verified", "True")])
        .await
        .ok();
    let user = get(&pool, OTHER).await;
    assert_eq!(attribute(&user, "phone_number_verified"), Some("true"));
    // The same number stays verified, another is not.
    update(&pool, OTHER, &[phone]).await.ok();
    let user = get(&pool, OTHER).await;
    assert_eq!(attribute(&user, "phone_number_verified"), Some("true"));
    update(&pool, OTHER, &[("phone_number", "+15550101"), ("name", "")])
        .await
        .ok();
    let user = get(&pool, OTHER).await;
    assert_eq!(attribute(&user, "phone_number_verified"), Some("false"));
    assert_eq!(attribute(&user, "name"), None);
    let names = json!(["phone_number", "custom:shoe", "nickname"]);
    let body = json!({ "Username": OTHER, "UserAttributeNames": names });
    pool.admin("AdminDeleteUserAttributes", body).await.ok();
    let user = get(&pool, OTHER).await;
    for name in ["phone_number", "phone_number_verified", "custom:shoe"] {
        assert_eq!(attribute(&user, name), None);
    }
    let id = &pool.signed_in(OTHER).await["IdToken"];
    assert_eq!(claims(id)["custom:shoe"], Value::Null);
}

#[tokio::test]
async fn attributes_that_are_not_his_to_set_are_refused_whole() {
    let pool = TestPool::start().await;
    let before = get(&pool, OTHER).await;
    for given in [
        ("sub", "1"),
        ("sub", ""),
        ("identities", "[]"),
        ("cognito:groups", "admin"),
        ("email", ""),
        ("email", "no address"),
        ("email_verified", "perhaps"),
        ("phone_number_verified", "true"),
        ("shoe", "39"),
        ("shoe", ""),
    ] {
        let refused = update(&pool, OTHER, &[("name", "Ada"), given]).await;
        refused.refused("InvalidParameterException");
    }
    for name in ["sub", "email", "shoe"] {
        let body = json!({ "Username": OTHER, "UserAttributeNames": ["name", name] });
        let refused = pool.admin("AdminDeleteUserAttributes", body).await;
        refused.refused("InvalidParameterException");
    }
    assert_eq!(get(&pool, OTHER).await, before);
}

#[tokio::test]
async fn a_new_address_is_the_new_name_and_never_anothers() {
    let pool = TestPool::start().await;
    let refused = update(&pool, OTHER, &[("email", "Admin@example.com")]).await;
    refused.refused("AliasExistsException");
    let renamed = [("email", "Moved@example.com"), ("email_verified", "true")];
    update(&pool, OTHER, &renamed).await.ok();
    pool.password("moved@example.com", PASSWORD).await.ok();
    let refused = pool.password(OTHER, PASSWORD).await;
    refused.refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_new_address_is_verified_by_a_code_or_by_the_administrators_word() {
    let pool = TestPool::start().await;
    let tokens = pool.signed_in(OTHER).await;
    let verify = async |code: &str| {
        let body = json!({
            "AccessToken": tokens["AccessToken"], "AttributeName": "email", "Code": code,
        });
        pool.call("VerifyUserAttribute", body).await
    };
    update(&pool, OTHER, &[("email", "one@example.com")])
        .await
        .ok();
    assert_eq!(
        pool.messages("one@example.com").await[0]["kind"],
        "update_user_attribute"
    );
    verify(&pool.code("one@example.com").await).await.ok();
    // The old one stays until the new one is verified, where the pool wants it so.
    pool.settings(json!({ "verify_before_update": ["email"] }))
        .await;
    let name = "one@example.com";
    update(&pool, name, &[("email", "two@example.com")])
        .await
        .ok();
    let user = get(&pool, name).await;
    assert_eq!(attribute(&user, "email"), Some("one@example.com"));
    verify(&pool.code("two@example.com").await).await.ok();
    let user = get(&pool, "two@example.com").await;
    assert_eq!(attribute(&user, "email_verified"), Some("true"));
    let given = [("email", "three@example.com"), ("email_verified", "true")];
    update(&pool, "two@example.com", &given).await.ok();
    let user = get(&pool, "three@example.com").await;
    assert_eq!(attribute(&user, "email_verified"), Some("true"));
    assert_eq!(pool.messages("three@example.com").await, json!([]));
}

#[tokio::test]
async fn a_password_of_the_history_is_refused_to_the_administrator_too() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "password_policy": { "history_size": 2 } }))
        .await;
    set_password(&pool, NEW_PASSWORD, true).await.ok();
    for used in [PASSWORD, NEW_PASSWORD] {
        let refused = set_password(&pool, used, true).await;
        refused.refused("PasswordHistoryPolicyViolationException");
    }
    set_password(&pool, "Y3t-another", true).await.ok();
    set_password(&pool, PASSWORD, true).await.ok();
}

#[tokio::test]
async fn an_alias_is_moved_only_when_it_is_forced() {
    let pool = pool_with_aliases().await;
    create_with_alias(&pool, "first", false).await.ok();
    let refused = create_with_alias(&pool, "second", false).await;
    refused.refused("UsernameExistsException");
    create_with_alias(&pool, "second", true).await.ok();
    assert_eq!(get(&pool, EMAIL).await["Username"], "second");
    let first = get(&pool, "first").await;
    assert_eq!(attribute(&first, "email_verified"), Some("false"));
    let refused = create_with_alias(&pool, "FIRST", true).await;
    refused.refused("UsernameExistsException");
    let refused = update(&pool, "first", &[("email_verified", "true")]).await;
    refused.refused("AliasExistsException");
}

#[tokio::test]
async fn a_confirmation_does_not_take_an_alias_that_another_has() {
    let pool = pool_with_aliases().await;
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": "late", "Password": PASSWORD,
        "UserAttributes": [{ "Name": "email", "Value": EMAIL }],
    });
    pool.call("SignUp", body).await.ok();
    create_with_alias(&pool, "first", false).await.ok();
    update(&pool, "late", &[("email_verified", "true")])
        .await
        .ok();
    let body = json!({ "Username": "late" });
    let refused = pool.admin("AdminConfirmSignUp", body.clone()).await;
    refused.refused("InvalidParameterException");
    let body = json!({ "Username": "late", "Password": PASSWORD, "Permanent": true });
    let refused = pool.admin("AdminSetUserPassword", body).await;
    refused.refused("InvalidParameterException");
    assert_eq!(get(&pool, "late").await["UserStatus"], "UNCONFIRMED");
    assert_eq!(get(&pool, EMAIL).await["Username"], "first");
}
