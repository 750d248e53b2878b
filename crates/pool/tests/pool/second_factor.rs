//! Second factors besides apps: codes by SMS and e-mail, the choice, preferences, what the pool
//! requires and what it makes of each user.

use cogward_pool::{PUBLIC_CLIENT_ID, PoolOptions, SECRET_CLIENT_ID, Seed};
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, claims, secret_hash};

const USER: &str = "user@example.com";
const OTHER: &str = "admin@example.com";
const NUMBER: &str = "+4915112345678";

/// A pool of optional second factors, and the access token of `USER`, who has a telephone.
async fn with_number() -> (TestPool, Value) {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    number(&pool, USER).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    (pool, access)
}

async fn number(pool: &TestPool, name: &str) {
    let user = json!({ "username": name, "attributes": { "phone_number": NUMBER } });
    assert_eq!(pool.local("users", user).await.0, 200);
}

/// The inbox of the telephone, `+` and all.
async fn sms(pool: &TestPool) -> Value {
    pool.messages("%2B4915112345678").await
}

fn sms_preferred() -> Value {
    json!({ "SMSMfaSettings": { "Enabled": true, "PreferredMfa": true } })
}

fn email_preferred() -> Value {
    json!({ "EmailMfaSettings": { "Enabled": true, "PreferredMfa": true } })
}

async fn challenged(pool: &TestPool, name: &str, challenge: &str) -> Value {
    let answer = pool.password(name, PASSWORD).await.ok();
    assert_eq!(answer["ChallengeName"], challenge, "{answer}");
    assert_eq!(answer.get("AuthenticationResult"), None);
    answer
}

async fn give_sms(pool: &TestPool, session: &Value, code: &str) -> Answer {
    let responses = json!({ "USERNAME": USER, "SMS_MFA_CODE": code });
    pool.respond("SMS_MFA", session, responses).await
}

async fn give_email(pool: &TestPool, session: &Value, code: &str) -> Answer {
    let responses = json!({ "USERNAME": USER, "EMAIL_OTP_CODE": code });
    pool.respond("EMAIL_OTP", session, responses).await
}

/// Another code of the same length.
fn other(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..code.len() - 1])
}

fn code_in(messages: &Value) -> String {
    messages[0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_code_by_sms_completes_the_sign_in_and_verifies_the_number() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, sms_preferred()).await.ok();
    let challenge = challenged(&pool, USER, "SMS_MFA").await;
    let sub = &claims(&access)["sub"];
    assert_eq!(
        challenge["ChallengeParameters"],
        json!({
            "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS",
            "CODE_DELIVERY_DESTINATION": "+*******5678", "USER_ID_FOR_SRP": sub,
        })
    );
    let messages = sms(&pool).await;
    assert_eq!(messages[0]["kind"], "authentication");
    let code = code_in(&messages);
    assert_eq!(code.len(), 6);
    let done = give_sms(&pool, &challenge["Session"], &code).await.ok();
    let tokens = &done["AuthenticationResult"];
    assert_eq!(claims(&tokens["IdToken"])["phone_number_verified"], true);
    let user = pool.get_user(&tokens["AccessToken"]).await.ok();
    assert_eq!(user["PreferredMfaSetting"], "SMS_MFA");
    assert_eq!(user["UserMFASettingList"], json!(["SMS_MFA"]));
    assert_eq!(
        user["MFAOptions"],
        json!([{ "DeliveryMedium": "SMS", "AttributeName": "phone_number" }])
    );
}

#[tokio::test]
async fn a_code_by_mail_completes_the_sign_in() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, email_preferred()).await.ok();
    let challenge = challenged(&pool, USER, "EMAIL_OTP").await;
    let parameters = &challenge["ChallengeParameters"];
    assert_eq!(parameters["CODE_DELIVERY_DELIVERY_MEDIUM"], "EMAIL");
    assert_eq!(parameters["CODE_DELIVERY_DESTINATION"], "u***@e***");
    let code = pool.code(USER).await;
    assert_eq!(code.len(), 6);
    give_email(&pool, &challenge["Session"], &code).await.ok();
}

#[tokio::test]
async fn a_code_is_good_for_its_own_session_once_and_for_three_minutes() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, email_preferred()).await.ok();
    let first = challenged(&pool, USER, "EMAIL_OTP").await["Session"].clone();
    let code = pool.code(USER).await;
    let second = challenged(&pool, USER, "EMAIL_OTP").await["Session"].clone();
    let newer = pool.code(USER).await;
    if code != newer {
        give_email(&pool, &second, &code)
            .await
            .refused("CodeMismatchException");
    }
    give_email(&pool, &first, &code).await.ok();
    let again = give_email(&pool, &first, &code).await;
    again.refused("NotAuthorizedException");
    assert!(again.message().contains("only be used once"));
    pool.advance(180).await;
    let late = give_email(&pool, &second, &newer).await;
    late.refused("NotAuthorizedException");
    assert!(late.message().contains("expired"));
}

#[tokio::test]
async fn wrong_codes_leave_the_session_and_lock_from_the_fifth_on() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, sms_preferred()).await.ok();
    let session = challenged(&pool, USER, "SMS_MFA").await["Session"].clone();
    let code = code_in(&sms(&pool).await);
    for lock in [0, 0, 0, 0, 1, 2, 4, 8, 0] {
        let refused = give_sms(&pool, &session, &other(&code)).await;
        refused.refused("CodeMismatchException");
        pool.advance(lock).await;
    }
    let before = sms(&pool).await;
    let locked = pool.password(USER, PASSWORD).await;
    locked.refused("NotAuthorizedException");
    assert_eq!(locked.message(), "Password attempts exceeded");
    assert_eq!(sms(&pool).await, before, "and nothing is sent");
    let locked = give_sms(&pool, &session, &code).await;
    locked.refused("NotAuthorizedException");
    pool.settings(json!({ "limits": { "lockout": false } }))
        .await;
    let session = challenged(&pool, USER, "SMS_MFA").await["Session"].clone();
    give_sms(&pool, &session, &code_in(&sms(&pool).await))
        .await
        .ok();
}

#[tokio::test]
async fn a_session_is_of_its_user_client_and_challenge() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, email_preferred()).await.ok();
    let session = challenged(&pool, USER, "EMAIL_OTP").await["Session"].clone();
    let code = pool.code(USER).await;
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "ChallengeName": "EMAIL_OTP", "Session": session,
        "ChallengeResponses": {
            "USERNAME": USER, "EMAIL_OTP_CODE": code, "SECRET_HASH": secret_hash(USER),
        },
    });
    pool.call("RespondToAuthChallenge", body)
        .await
        .refused("NotAuthorizedException");
    for (challenge, parameter) in [
        ("SMS_OTP", "SMS_OTP_CODE"),
        ("SMS_MFA", "SMS_MFA_CODE"),
        ("SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE"),
        ("MFA_SETUP", "EMAIL"),
        ("SELECT_MFA_TYPE", "ANSWER"),
        ("PASSWORD", "PASSWORD"),
    ] {
        let responses = json!({ "USERNAME": USER, parameter: code });
        let refused = pool.respond(challenge, &session, responses).await;
        refused.refused("NotAuthorizedException");
    }
    give_email(&pool, &session, &code).await.ok();
    let session = challenged(&pool, USER, "EMAIL_OTP").await["Session"].clone();
    let as_other = json!({ "USERNAME": OTHER, "EMAIL_OTP_CODE": pool.code(USER).await });
    let refused = pool.respond("EMAIL_OTP", &session, as_other).await;
    refused.refused("NotAuthorizedException");
}

#[tokio::test]
async fn of_parallel_answers_one_is_taken() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, email_preferred()).await.ok();
    let session = challenged(&pool, USER, "EMAIL_OTP").await["Session"].clone();
    let code = pool.code(USER).await;
    let give = || give_email(&pool, &session, &code);
    let (a, b, c) = tokio::join!(give(), give(), give());
    let taken = [&a, &b, &c]
        .into_iter()
        .filter(|answer| answer.status == 200);
    assert_eq!(taken.count(), 1, "{a:?} {b:?} {c:?}");
}

#[tokio::test]
async fn a_code_to_a_number_that_was_changed_meanwhile_is_no_longer_right() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, sms_preferred()).await.ok();
    let session = challenged(&pool, USER, "SMS_MFA").await["Session"].clone();
    let code = code_in(&sms(&pool).await);
    let user = json!({ "username": USER, "attributes": { "phone_number": "+4915187654321" } });
    assert_eq!(pool.local("users", user).await.0, 200);
    give_sms(&pool, &session, &code)
        .await
        .refused("CodeMismatchException");
}

#[tokio::test]
async fn of_several_without_a_preferred_one_the_user_chooses() {
    let (pool, access) = with_number().await;
    let secret = pool.enrolled(&access).await;
    let all = json!({
        "SMSMfaSettings": { "Enabled": true }, "EmailMfaSettings": { "Enabled": true },
        "SoftwareTokenMfaSettings": { "Enabled": true },
    });
    pool.prefer(&access, all).await.ok();
    let select = async |answer: &str| {
        let challenge = challenged(&pool, USER, "SELECT_MFA_TYPE").await;
        assert_eq!(
            challenge["ChallengeParameters"]["MFAS_CAN_CHOOSE"],
            "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]"
        );
        let responses = json!({ "USERNAME": USER, "ANSWER": answer });
        pool.respond("SELECT_MFA_TYPE", &challenge["Session"], responses)
            .await
    };
    let chosen = select("SMS_MFA").await.ok();
    assert_eq!(chosen["ChallengeName"], "SMS_MFA");
    give_sms(&pool, &chosen["Session"], &code_in(&sms(&pool).await))
        .await
        .ok();
    let chosen = select("SOFTWARE_TOKEN_MFA").await.ok();
    assert_eq!(chosen["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let responses =
        json!({ "USERNAME": USER, "SOFTWARE_TOKEN_MFA_CODE": pool.totp(&secret).await });
    pool.respond("SOFTWARE_TOKEN_MFA", &chosen["Session"], responses)
        .await
        .ok();
    for name in ["EMAIL_OTP", "EMAIL_MFA"] {
        let chosen = select(name).await.ok();
        assert_eq!(chosen["ChallengeName"], "EMAIL_OTP");
        give_email(&pool, &chosen["Session"], &pool.code(USER).await)
            .await
            .ok();
    }
    select("").await.refused("InvalidParameterException");
    select("WEB_AUTHN")
        .await
        .refused("MFAMethodNotFoundException");
}

#[tokio::test]
async fn a_factor_that_went_away_is_not_chosen() {
    let (pool, access) = with_number().await;
    let both = json!({
        "SMSMfaSettings": { "Enabled": true }, "EmailMfaSettings": { "Enabled": true },
    });
    pool.prefer(&access, both).await.ok();
    let session = challenged(&pool, USER, "SELECT_MFA_TYPE").await["Session"].clone();
    let off = json!({ "SMSMfaSettings": { "Enabled": false } });
    pool.prefer(&access, off).await.ok();
    let choose = async |factor: &str| {
        let responses = json!({ "USERNAME": USER, "ANSWER": factor });
        pool.respond("SELECT_MFA_TYPE", &session, responses).await
    };
    choose("SMS_MFA")
        .await
        .refused("MFAMethodNotFoundException");
    assert_eq!(sms(&pool).await, json!([]));
    assert_eq!(choose("EMAIL_OTP").await.ok()["ChallengeName"], "EMAIL_OTP");
    choose("EMAIL_OTP").await.refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_preference_is_of_one_enabled_factor_that_pool_and_user_have() {
    let pool = TestPool::start().await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    // The pool asks for no second factor.
    pool.prefer(&access, email_preferred())
        .await
        .refused("InvalidParameterException");
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let no_number = pool.prefer(&access, sms_preferred()).await;
    no_number.refused("InvalidParameterException");
    for refused in [
        json!({ "EmailMfaSettings": { "PreferredMfa": true } }),
        json!({ "EmailMfaSettings": { "Enabled": false, "PreferredMfa": true } }),
        json!({ "WebAuthnMfaSettings": { "Enabled": true } }),
        json!({ "SoftwareTokenMfaSettings": { "Enabled": true } }),
    ] {
        pool.prefer(&access, refused)
            .await
            .refused("InvalidParameterException");
    }
    number(&pool, USER).await;
    let mut both = sms_preferred();
    both["EmailMfaSettings"] = email_preferred()["EmailMfaSettings"].clone();
    pool.prefer(&access, both)
        .await
        .refused("InvalidParameterException");
    assert_eq!(
        pool.get_user(&access).await.ok().get("UserMFASettingList"),
        None
    );
    pool.prefer(&json!("nonsense"), email_preferred())
        .await
        .refused("NotAuthorizedException");
    pool.settings(json!({ "mfa_factors": ["SMS_MFA"] })).await;
    pool.prefer(&access, email_preferred())
        .await
        .refused("InvalidParameterException");
}

#[tokio::test]
async fn the_preferred_factor_is_the_last_one_preferred_until_it_is_turned_off() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, sms_preferred()).await.ok();
    pool.prefer(&access, email_preferred()).await.ok();
    challenged(&pool, USER, "EMAIL_OTP").await;
    let not_preferred = json!({ "EmailMfaSettings": { "PreferredMfa": false } });
    pool.prefer(&access, not_preferred).await.ok();
    challenged(&pool, USER, "SELECT_MFA_TYPE").await;
    pool.prefer(&access, email_preferred()).await.ok();
    let off = json!({ "EmailMfaSettings": { "Enabled": false } });
    pool.prefer(&access, off).await.ok();
    challenged(&pool, USER, "SMS_MFA").await;
    let user = pool.get_user(&access).await.ok();
    assert_eq!(user.get("PreferredMfaSetting"), None);
    assert_eq!(user["UserMFASettingList"], json!(["SMS_MFA"]));
}

#[tokio::test]
async fn a_factor_the_pool_no_longer_offers_is_not_asked_for() {
    let (pool, access) = with_number().await;
    pool.prefer(&access, sms_preferred()).await.ok();
    pool.settings(json!({ "mfa_factors": ["EMAIL_OTP", "SOFTWARE_TOKEN_MFA"] }))
        .await;
    pool.signed_in(USER).await;
    pool.settings(json!({ "mfa": "OFF", "mfa_factors": ["SMS_MFA"] }))
        .await;
    pool.signed_in(USER).await;
}

#[tokio::test]
async fn the_older_operation_turns_sms_on_and_off() {
    let (pool, access) = with_number().await;
    let set = async |options: Value| {
        let body = json!({ "AccessToken": access, "MFAOptions": options });
        pool.call("SetUserSettings", body).await
    };
    let sms = json!([{ "DeliveryMedium": "SMS", "AttributeName": "phone_number" }]);
    assert_eq!(set(sms.clone()).await.ok(), json!({}));
    assert_eq!(pool.get_user(&access).await.ok()["MFAOptions"], sms);
    challenged(&pool, USER, "SMS_MFA").await;
    for other in [
        json!([{ "DeliveryMedium": "EMAIL", "AttributeName": "email" }]),
        json!([{}]),
    ] {
        set(other).await.refused("InvalidParameterException");
    }
    set(json!([])).await.ok();
    pool.signed_in(USER).await;
    let body = json!({ "AccessToken": "nonsense", "MFAOptions": [] });
    pool.call("SetUserSettings", body)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn where_it_is_required_an_address_counts_that_passwords_are_not_recovered_by() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON" })).await;
    number(&pool, USER).await;
    let first = pool.signed_in(USER).await["AccessToken"].clone();
    let session = challenged(&pool, USER, "SMS_MFA").await["Session"].clone();
    give_sms(&pool, &session, &code_in(&sms(&pool).await))
        .await
        .ok();
    pool.settings(json!({ "account_recovery": ["verified_phone_number"] }))
        .await;
    challenged(&pool, USER, "EMAIL_OTP").await;
    pool.settings(json!({ "account_recovery": ["admin_only"] }))
        .await;
    challenged(&pool, USER, "SELECT_MFA_TYPE").await;
    pool.prefer(&first, sms_preferred()).await.ok();
    challenged(&pool, USER, "SMS_MFA").await;
    // Where it is required it is not turned off.
    let off = json!({ "SMSMfaSettings": { "Enabled": false } });
    pool.prefer(&first, off).await.ok();
    challenged(&pool, USER, "SELECT_MFA_TYPE").await;
}

#[tokio::test]
async fn who_was_invited_or_has_a_factor_already_gets_no_tokens_at_first() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON" })).await;
    let invited = json!({
        "username": "invited@example.com", "password": PASSWORD, "status": "FORCE_CHANGE_PASSWORD",
    });
    assert_eq!(pool.local("users", invited).await.0, 200);
    let challenge = challenged(&pool, "invited@example.com", "NEW_PASSWORD_REQUIRED").await;
    let responses = json!({ "USERNAME": "invited@example.com", "NEW_PASSWORD": "N3w-Passw0rd" });
    let next = pool
        .respond("NEW_PASSWORD_REQUIRED", &challenge["Session"], responses)
        .await
        .ok();
    assert_eq!(next["ChallengeName"], "MFA_SETUP");
    // Nor later, with the password of his own.
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "invited@example.com", "PASSWORD": "N3w-Passw0rd" },
    });
    let again = pool.call("InitiateAuth", body).await.ok();
    assert_eq!(again["ChallengeName"], "MFA_SETUP");
}

/// People whose names are no addresses, in a pool that requires a second factor.
const ADA: &str = r#"
[pool]
mfa = "ON"
username_attributes = []
alias_attributes = ["email"]
account_recovery = ["admin_only"]

[[users]]
username = "ada"
password = "Passw0rd!"

[[users]]
username = "eve"
password = "Passw0rd!"
attributes = { email = "eve@example.com", email_verified = "true" }
"#;

async fn without_address() -> (TestPool, Value) {
    let pool = TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(ADA).unwrap()),
        ..PoolOptions::default()
    })
    .await;
    pool.signed_in("ada").await;
    let challenge = challenged(&pool, "ada", "MFA_SETUP").await;
    assert_eq!(
        challenge["ChallengeParameters"]["MFAS_CAN_SETUP"],
        "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]"
    );
    (pool, challenge["Session"].clone())
}

async fn email_for_ada(pool: &TestPool, session: &Value, email: &str) -> Answer {
    let responses = json!({ "USERNAME": "ada", "EMAIL": email });
    pool.respond("MFA_SETUP", session, responses).await
}

#[tokio::test]
async fn an_address_is_set_up_on_the_way_in() {
    let (pool, session) = without_address().await;
    let bad = email_for_ada(&pool, &session, "no address").await;
    bad.refused("InvalidParameterException");
    let sent = email_for_ada(&pool, &session, "Ada@Example.com").await.ok();
    assert_eq!(sent["ChallengeName"], "EMAIL_OTP");
    assert_eq!(
        sent["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"],
        "a***@e***"
    );
    let code = pool.code("ada@example.com").await;
    let responses = |code: &str| json!({ "USERNAME": "ada", "EMAIL_OTP_CODE": code });
    let wrong = pool
        .respond("EMAIL_OTP", &sent["Session"], responses(&other(&code)))
        .await;
    wrong.refused("CodeMismatchException");
    let done = pool
        .respond("EMAIL_OTP", &sent["Session"], responses(&code))
        .await
        .ok();
    let id = claims(&done["AuthenticationResult"]["IdToken"]);
    assert_eq!(id["email"], "ada@example.com");
    assert_eq!(id["email_verified"], true);
    challenged(&pool, "ada", "EMAIL_OTP").await;
}

#[tokio::test]
async fn an_address_is_not_set_up_beside_one_that_is_there_or_in_place_of_somebodys() {
    let (pool, session) = without_address().await;
    let sent = email_for_ada(&pool, &session, "eve@example.com").await.ok();
    let code = pool.code("eve@example.com").await;
    let responses = json!({ "USERNAME": "ada", "EMAIL_OTP_CODE": code });
    let taken = pool.respond("EMAIL_OTP", &sent["Session"], responses).await;
    taken.refused("AliasExistsException");
    let session = challenged(&pool, "ada", "MFA_SETUP").await["Session"].clone();
    let own = json!({ "username": "ada", "attributes": { "email": "own@example.com" } });
    assert_eq!(pool.local("users", own).await.0, 200);
    let second = email_for_ada(&pool, &session, "thief@example.com").await;
    second.refused("NotAuthorizedException");
}

#[tokio::test]
async fn whoever_was_at_the_password_in_time_sets_nothing_up_once_the_owner_has() {
    let (pool, _) = without_address().await;
    let begin = async || challenged(&pool, "ada", "MFA_SETUP").await["Session"].clone();
    let (owner, asks, answers, enrols) =
        (begin().await, begin().await, begin().await, begin().await);
    let sent = email_for_ada(&pool, &answers, "thief@example.com")
        .await
        .ok();
    let sent_to_owner = email_for_ada(&pool, &owner, "ada@example.com").await.ok();
    let responses = |code: String| json!({ "USERNAME": "ada", "EMAIL_OTP_CODE": code });
    let code = responses(pool.code("ada@example.com").await);
    pool.respond("EMAIL_OTP", &sent_to_owner["Session"], code)
        .await
        .ok();
    let late = email_for_ada(&pool, &asks, "thief@example.com").await;
    late.refused("NotAuthorizedException");
    let code = responses(pool.code("thief@example.com").await);
    let late = pool.respond("EMAIL_OTP", &sent["Session"], code).await;
    late.refused("NotAuthorizedException");
    let late = pool
        .call("AssociateSoftwareToken", json!({ "Session": enrols }))
        .await;
    late.refused("NotAuthorizedException");
    let challenge = challenged(&pool, "ada", "EMAIL_OTP").await;
    let shown = &challenge["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"];
    assert_eq!(shown, "a***@e***");
    assert_eq!(
        pool.messages("ada@example.com")
            .await
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn nobody_gets_in_without_a_factor_where_none_can_be_set_up() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON", "mfa_factors": ["SMS_MFA"] }))
        .await;
    pool.signed_in(USER).await;
    let refused = pool.password(USER, PASSWORD).await;
    refused.refused("NotAuthorizedException");
    assert!(refused.message().contains("second factor"), "{refused:?}");
}

#[tokio::test]
async fn a_forgotten_password_is_not_recovered_by_the_address_of_the_second_factor() {
    let (pool, access) = with_number().await;
    let user = json!({ "username": USER, "attributes": { "phone_number_verified": "true" } });
    assert_eq!(pool.local("users", user).await.0, 200);
    pool.prefer(&access, email_preferred()).await.ok();
    let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": USER });
    let sent = pool.call("ForgotPassword", body).await.ok();
    assert_eq!(sent["CodeDeliveryDetails"]["DeliveryMedium"], "SMS");
}

#[tokio::test]
async fn passkeys_are_a_second_factor_where_the_pool_says_so() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let passkeys = |enabled: bool| json!({ "WebAuthnMfaSettings": { "Enabled": enabled } });
    for multi_factor in [false, true] {
        pool.settings(json!({ "passkeys": { "multi_factor": multi_factor } }))
            .await;
        pool.prefer(&access, passkeys(multi_factor)).await.ok();
        pool.prefer(&access, passkeys(!multi_factor))
            .await
            .refused("InvalidParameterException");
    }
}
