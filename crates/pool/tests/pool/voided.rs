//! What ends the sign-ins under way, and the codes of authorization.

use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};

use crate::common::{Browser, PASSWORD, TestPool, parameter, query};

const USER: &str = "user@example.com";
const NUMBER: &str = "+4915112345678";
const SECOND: &str = "Sec0nd!Password";

/// What a user or an administrator does about a sign-in that is somebody else's.
const ACTS: [&str; 7] = [
    "ChangePassword",
    "ConfirmForgotPassword",
    "AdminSetUserPassword",
    "GlobalSignOut",
    "AdminUserGlobalSignOut",
    "AdminDisableUser",
    "/_local/users",
];

/// Does it, and gives the password that is good then.
async fn act(pool: &TestPool, name: &str) -> &'static str {
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let user = json!({ "Username": USER });
    match name {
        "ChangePassword" => {
            let body = json!({
                "AccessToken": access, "PreviousPassword": PASSWORD, "ProposedPassword": SECOND,
            });
            pool.call(name, body).await.ok();
        }
        "ConfirmForgotPassword" => {
            let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": USER });
            pool.call("ForgotPassword", body).await.ok();
            let body = json!({
                "ClientId": PUBLIC_CLIENT_ID, "Username": USER, "Password": SECOND,
                "ConfirmationCode": pool.code(USER).await,
            });
            pool.call(name, body).await.ok();
        }
        "AdminSetUserPassword" => {
            let body = json!({ "Username": USER, "Password": SECOND, "Permanent": true });
            pool.admin(name, body).await.ok();
        }
        "AdminDisableUser" => {
            pool.admin(name, user.clone()).await.ok();
            pool.admin("AdminEnableUser", user).await.ok();
        }
        "GlobalSignOut" => {
            pool.call(name, json!({ "AccessToken": access })).await.ok();
        }
        "AdminUserGlobalSignOut" => {
            pool.admin(name, user).await.ok();
        }
        _ => {
            pool.put_user(json!({ "username": USER, "password": SECOND }))
                .await;
        }
    }
    match name {
        "GlobalSignOut" | "AdminUserGlobalSignOut" | "AdminDisableUser" => PASSWORD,
        _ => SECOND,
    }
}

async fn mailed(pool: &TestPool) -> (Value, String) {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": USER, "PREFERRED_CHALLENGE": "EMAIL_OTP" },
    });
    let asked = pool.call("InitiateAuth", body).await.ok();
    (asked["Session"].clone(), pool.code(USER).await)
}

#[tokio::test]
async fn a_first_factor_that_was_asked_for_before_is_taken_no_more() {
    for name in ACTS {
        let pool = TestPool::start().await;
        let (session, code) = mailed(&pool).await;
        let password = act(&pool, name).await;
        let given = json!({ "USERNAME": USER, "EMAIL_OTP_CODE": code });
        let late = pool.respond("EMAIL_OTP", &session, given).await;
        late.refused("CodeMismatchException");
        // It begins again, and comes to its end.
        let (session, code) = mailed(&pool).await;
        let given = json!({ "USERNAME": USER, "EMAIL_OTP_CODE": code });
        pool.respond("EMAIL_OTP", &session, given).await.ok();
        pool.password(USER, password).await.ok();
    }
}

#[tokio::test]
async fn a_second_factor_that_was_asked_for_before_is_taken_no_more() {
    for name in ACTS {
        let pool = TestPool::start().await;
        pool.put_user(json!({ "username": USER, "attributes": { "phone_number": NUMBER } }))
            .await;
        let access = pool.signed_in(USER).await["AccessToken"].clone();
        pool.settings(json!({ "mfa": "OPTIONAL" })).await;
        let sms = json!({ "SMSMfaSettings": { "Enabled": true } });
        pool.prefer(&access, sms.clone()).await.ok();
        let asked = pool.password(USER, PASSWORD).await.ok();
        assert_eq!(asked["ChallengeName"], "SMS_MFA");
        let code = pool.code("%2B4915112345678").await;
        pool.settings(json!({ "mfa": "OFF" })).await;
        act(&pool, name).await;
        let given = json!({ "USERNAME": USER, "SMS_MFA_CODE": code });
        let late = pool.respond("SMS_MFA", &asked["Session"], given).await;
        late.refused("NotAuthorizedException");
    }
}

#[tokio::test]
async fn an_app_is_not_set_up_by_a_sign_in_of_before() {
    let pool = TestPool::start().await;
    pool.signed_in(USER).await;
    pool.settings(json!({ "mfa": "ON", "mfa_factors": ["SOFTWARE_TOKEN_MFA"] }))
        .await;
    let asked = pool.password(USER, PASSWORD).await.ok();
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    pool.admin("AdminUserGlobalSignOut", json!({ "Username": USER }))
        .await
        .ok();
    let body = json!({ "Session": asked["Session"] });
    pool.call("AssociateSoftwareToken", body)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_first_password_is_not_chosen_once_an_administrator_has_made_another() {
    let pool = TestPool::start().await;
    let temporary =
        |password: &str| json!({ "Username": USER, "Password": password, "Permanent": false });
    pool.admin("AdminSetUserPassword", temporary(PASSWORD))
        .await
        .ok();
    let asked = pool.password(USER, PASSWORD).await.ok();
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    pool.admin("AdminSetUserPassword", temporary(SECOND))
        .await
        .ok();
    let chosen = json!({ "USERNAME": USER, "NEW_PASSWORD": "Th1rd!Password" });
    let late = pool
        .respond("NEW_PASSWORD_REQUIRED", &asked["Session"], chosen.clone())
        .await;
    late.refused("NotAuthorizedException");
    let asked = pool.password(USER, SECOND).await.ok();
    pool.respond("NEW_PASSWORD_REQUIRED", &asked["Session"], chosen)
        .await
        .ok();
}

#[tokio::test]
async fn a_code_of_authorization_from_before_gives_no_tokens() {
    for name in ACTS {
        let pool = TestPool::start().await;
        let code = pool.authorization_code(&query(), USER).await;
        act(&pool, name).await;
        let (status, body) = pool.exchange(&code).await;
        assert_eq!(status, 400, "{name}: {body}");
        assert_eq!(body["error"], "invalid_grant", "{name}");
    }
}

#[tokio::test]
async fn a_browser_of_somebody_disabled_stays_signed_out_when_that_is_undone() {
    let pool = TestPool::start().await;
    let mut browser = Browser::new(&pool);
    let silent = format!("/oauth2/authorize?{}&prompt=none", query());
    for local in [false, true] {
        browser.sign_in(&query(), USER, PASSWORD).await;
        if local {
            for enabled in [false, true] {
                pool.put_user(json!({ "username": USER, "enabled": enabled }))
                    .await;
            }
        } else {
            act(&pool, "AdminDisableUser").await;
        }
        let back = browser.get(&silent).await.location;
        let error = parameter(&back, "error");
        assert_eq!(error.as_deref(), Some("login_required"), "{back}");
    }
}

#[tokio::test]
async fn a_browser_that_waits_to_be_confirmed_signs_in_again_after_another_password() {
    let pool = TestPool::start().await;
    let email = "new@example.com";
    let mut browser = Browser::new(&pool);
    let fields = [("username", email), ("password", PASSWORD)];
    let page = browser
        .submit(&format!("/signup?{}", query()), &fields)
        .await;
    assert_eq!(page.status, 303, "{}", page.body);
    pool.put_user(json!({ "username": email, "password": SECOND }))
        .await;
    let code = pool.code(email).await;
    let fields = [("username", email), ("code", code.as_str())];
    let page = browser
        .submit(&format!("/confirm?{}", query()), &fields)
        .await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.location.starts_with("/login?"), "{}", page.location);
}
