//! Authenticator apps: enrolment, sign-in with their codes, and what is refused.

use cogward_pool::PUBLIC_CLIENT_ID;
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, claims};

const USER: &str = "user@example.com";
const OTHER: &str = "admin@example.com";
const APP: &str = "SOFTWARE_TOKEN_MFA";

/// A pool of optional second factors in which `USER` prefers an app, and its secret.
async fn with_app() -> (TestPool, Value) {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let secret = prefers_app(&pool, USER).await;
    (pool, secret)
}

async fn prefers_app(pool: &TestPool, name: &str) -> Value {
    let access = pool.signed_in(name).await["AccessToken"].clone();
    let secret = pool.enrolled(&access).await;
    let app = json!({ "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    assert_eq!(pool.prefer(&access, app).await.ok(), json!({}));
    secret
}

/// The session of a sign-in that waits for a code of the app.
async fn asked(pool: &TestPool, name: &str) -> Value {
    let challenge = pool.password(name, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], APP, "{challenge}");
    challenge["Session"].clone()
}

async fn give(pool: &TestPool, session: &Value, code: &str) -> Answer {
    let responses = json!({ "USERNAME": USER, "SOFTWARE_TOKEN_MFA_CODE": code });
    pool.respond(APP, session, responses).await
}

/// A code that is not the app's now, nor one step early or late.
async fn wrong(pool: &TestPool, secret: &Value) -> String {
    pool.advance(300).await;
    let code = pool.totp(secret).await;
    pool.advance(300).await;
    code
}

async fn associate(pool: &TestPool, session: &Value) -> Answer {
    pool.call("AssociateSoftwareToken", json!({ "Session": session }))
        .await
}

async fn verify(pool: &TestPool, session: &Value, code: &str) -> Answer {
    let body = json!({ "Session": session, "UserCode": code, "FriendlyDeviceName": "Phone" });
    pool.call("VerifySoftwareToken", body).await
}

/// A pool that requires a second factor, and the session in which `USER` has to set one up.
async fn setting_up() -> (TestPool, Value) {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON" })).await;
    pool.signed_in(USER).await;
    let session = told_to_set_up(&pool).await;
    (pool, session)
}

async fn told_to_set_up(pool: &TestPool) -> Value {
    let challenge = pool.password(USER, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "MFA_SETUP", "{challenge}");
    challenge["Session"].clone()
}

async fn set_up(pool: &TestPool, session: &Value) -> Answer {
    pool.respond("MFA_SETUP", session, json!({ "USERNAME": USER }))
        .await
}

#[tokio::test]
async fn a_code_of_the_app_completes_the_sign_in() {
    let (pool, secret) = with_app().await;
    let session = asked(&pool, USER).await;
    let done = give(&pool, &session, &pool.totp(&secret).await).await.ok();
    let tokens = &done["AuthenticationResult"];
    assert_eq!(claims(&tokens["IdToken"])["email"], USER);
    let user = pool.get_user(&tokens["AccessToken"]).await.ok();
    assert_eq!(user["PreferredMfaSetting"], APP);
    assert_eq!(user["UserMFASettingList"], json!([APP]));
    assert_eq!(user.get("MFAOptions"), None);
}

#[tokio::test]
async fn an_enrolled_app_is_asked_for_once_it_is_enabled() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let enable = json!({ "SoftwareTokenMfaSettings": { "Enabled": true } });
    let early = pool.prefer(&access, enable.clone()).await;
    early.refused("InvalidParameterException");
    assert_eq!(early.message(), "User has not verified software token mfa");
    pool.enrolled(&access).await;
    pool.signed_in(USER).await;
    pool.prefer(&access, enable).await.ok();
    asked(&pool, USER).await;
    let disable = json!({ "SoftwareTokenMfaSettings": { "Enabled": false } });
    pool.prefer(&access, disable).await.ok();
    let user = pool
        .get_user(&pool.signed_in(USER).await["AccessToken"])
        .await
        .ok();
    assert_eq!(user.get("UserMFASettingList"), None);
}

#[tokio::test]
async fn a_code_works_once() {
    let (pool, secret) = with_app().await;
    let code = pool.totp(&secret).await;
    give(&pool, &asked(&pool, USER).await, &code).await.ok();
    let session = asked(&pool, USER).await;
    let again = give(&pool, &session, &code).await;
    again.refused("ExpiredCodeException");
    assert_eq!(
        again.message(),
        "Your software token has already been used once."
    );
    pool.advance(60).await;
    give(&pool, &session, &pool.totp(&secret).await).await.ok();
}

#[tokio::test]
async fn the_code_of_the_enrolment_signs_nobody_in() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "ON" })).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let begun = json!({ "AccessToken": access });
    let begun = pool.call("AssociateSoftwareToken", begun).await.ok();
    assert_eq!(begun.as_object().unwrap().len(), 1, "no session");
    let code = pool.totp(&begun["SecretCode"]).await;
    let body = json!({ "AccessToken": access, "UserCode": code });
    pool.call("VerifySoftwareToken", body).await.ok();
    let again = give(&pool, &asked(&pool, USER).await, &code).await;
    again.refused("ExpiredCodeException");
}

#[tokio::test]
async fn a_code_is_taken_one_step_late_and_not_two() {
    let (pool, secret) = with_app().await;
    // From the beginning of a step, so that none begins meanwhile.
    let (_, clock) = pool.local("clock", json!({ "advance_seconds": 0 })).await;
    pool.advance(30 - clock["now"].as_i64().unwrap() % 30).await;
    let code = pool.totp(&secret).await;
    pool.advance(30).await;
    give(&pool, &asked(&pool, USER).await, &code).await.ok();
    let code = pool.totp(&secret).await;
    pool.advance(60).await;
    let late = give(&pool, &asked(&pool, USER).await, &code).await;
    late.refused("CodeMismatchException");
}

#[tokio::test]
async fn a_wrong_code_leaves_the_session_for_the_right_one() {
    let (pool, secret) = with_app().await;
    let code = wrong(&pool, &secret).await;
    let session = asked(&pool, USER).await;
    for _ in 0..3 {
        let refused = give(&pool, &session, &code).await;
        refused.refused("CodeMismatchException");
        assert_eq!(
            refused.message(),
            "Invalid code or auth state for the user."
        );
    }
    let without = pool
        .respond(APP, &session, json!({ "USERNAME": USER }))
        .await;
    without.refused("InvalidParameterException");
    give(&pool, &session, &pool.totp(&secret).await).await.ok();
    pool.advance(60).await;
    let used = give(&pool, &session, &pool.totp(&secret).await).await;
    used.refused("NotAuthorizedException");
    assert!(used.message().contains("only be used once"), "{used:?}");
}

#[tokio::test]
async fn from_the_fifth_wrong_code_on_the_user_is_locked_and_the_password_forgives_none() {
    let (pool, secret) = with_app().await;
    let code = wrong(&pool, &secret).await;
    for lock in [0, 0, 0, 0, 1, 2, 4, 8] {
        // The right password each time.
        let session = asked(&pool, USER).await;
        let refused = give(&pool, &session, &code).await;
        refused.refused("CodeMismatchException");
        pool.advance(lock).await;
    }
    let (session, waiting) = (asked(&pool, USER).await, asked(&pool, USER).await);
    let refused = give(&pool, &session, &code).await;
    refused.refused("CodeMismatchException");
    // For sixteen seconds now, right codes included.
    let right = give(&pool, &waiting, &pool.totp(&secret).await).await;
    for locked in [right, pool.password(USER, PASSWORD).await] {
        locked.refused("NotAuthorizedException");
        assert_eq!(locked.message(), "Password attempts exceeded");
    }
    pool.advance(16).await;
    let session = asked(&pool, USER).await;
    give(&pool, &session, &pool.totp(&secret).await).await.ok();
    // A right code forgives.
    let session = asked(&pool, USER).await;
    let refused = give(&pool, &session, &code).await;
    refused.refused("CodeMismatchException");
    asked(&pool, USER).await;
}

#[tokio::test]
async fn a_session_of_somebody_else_or_of_another_client_or_too_old_is_refused() {
    let (pool, secret) = with_app().await;
    let others = prefers_app(&pool, OTHER).await;
    let session = asked(&pool, OTHER).await;
    // The code is USER's, the session is not; neither is the other way round.
    give(&pool, &session, &pool.totp(&secret).await)
        .await
        .refused("NotAuthorizedException");
    let session = asked(&pool, USER).await;
    give(&pool, &session, &pool.totp(&others).await)
        .await
        .refused("CodeMismatchException");
    let code = pool.totp(&secret).await;
    let wrong_client = json!({
        "ClientId": cogward_pool::SECRET_CLIENT_ID, "ChallengeName": APP, "Session": session,
        "ChallengeResponses": {
            "USERNAME": USER, "SOFTWARE_TOKEN_MFA_CODE": code,
            "SECRET_HASH": crate::common::secret_hash(USER),
        },
    });
    let refused = pool.call("RespondToAuthChallenge", wrong_client).await;
    refused.refused("NotAuthorizedException");
    let wrong_challenge = json!({ "USERNAME": USER, "SMS_MFA_CODE": code });
    let refused = pool.respond("SMS_MFA", &session, wrong_challenge).await;
    refused.refused("NotAuthorizedException");
    pool.advance(181).await;
    let late = give(&pool, &session, &pool.totp(&secret).await).await;
    late.refused("NotAuthorizedException");
    assert!(late.message().contains("expired"), "{late:?}");
    let forged = json!("A".repeat(1560));
    give(&pool, &forged, &pool.totp(&secret).await)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn of_parallel_answers_with_one_code_one_is_taken() {
    let (pool, secret) = with_app().await;
    let one = asked(&pool, USER).await;
    let other = asked(&pool, USER).await;
    let code = pool.totp(&secret).await;
    let (a, b, c, d) = tokio::join!(
        give(&pool, &one, &code),
        give(&pool, &one, &code),
        give(&pool, &other, &code),
        give(&pool, &other, &code)
    );
    let taken = [&a, &b, &c, &d]
        .into_iter()
        .filter(|answer| answer.status == 200);
    assert_eq!(taken.count(), 1, "{a:?} {b:?} {c:?} {d:?}");
}

#[tokio::test]
async fn somebody_who_is_disabled_between_password_and_code_stays_out() {
    let (pool, secret) = with_app().await;
    let session = asked(&pool, USER).await;
    pool.local("users", json!({ "username": USER, "enabled": false }))
        .await;
    let refused = give(&pool, &session, &pool.totp(&secret).await).await;
    refused.refused("NotAuthorizedException");
    assert_eq!(refused.message(), "User is disabled.");
}

#[tokio::test]
async fn enrolment_takes_either_a_token_or_a_session() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let session = "A".repeat(64);
    for operation in ["AssociateSoftwareToken", "VerifySoftwareToken"] {
        let body = |caller: Value| {
            let mut body = caller;
            if operation == "VerifySoftwareToken" {
                body["UserCode"] = "000000".into();
            }
            body
        };
        for (caller, kind) in [
            (json!({}), "InvalidParameterException"),
            (
                json!({ "AccessToken": access, "Session": session }),
                "InvalidParameterException",
            ),
            (
                json!({ "AccessToken": "nonsense" }),
                "NotAuthorizedException",
            ),
            (json!({ "Session": session }), "NotAuthorizedException"),
        ] {
            let answer = pool.call(operation, body(caller.clone())).await;
            assert_eq!(
                (answer.status.as_u16(), answer.kind()),
                (400, kind),
                "{operation} {caller}"
            );
        }
    }
}

#[tokio::test]
async fn a_wrong_code_ends_no_enrolment_and_a_new_secret_replaces_the_old_one_at_its_end() {
    let (pool, secret) = with_app().await;
    let session = asked(&pool, USER).await;
    let done = give(&pool, &session, &pool.totp(&secret).await).await.ok();
    let access = &done["AuthenticationResult"]["AccessToken"];
    let verify = async |code: String| {
        let body = json!({ "AccessToken": access, "UserCode": code });
        pool.call("VerifySoftwareToken", body).await
    };
    verify(pool.totp(&secret).await)
        .await
        .refused("SoftwareTokenMFANotFoundException");
    let begun = json!({ "AccessToken": access });
    let anew = pool.call("AssociateSoftwareToken", begun).await.ok()["SecretCode"].clone();
    assert_ne!(anew, secret);
    let refused = verify(pool.totp(&secret).await).await;
    refused.refused("EnableSoftwareTokenMFAException");
    assert_eq!(refused.message(), "Code mismatch");
    pool.advance(60).await;
    // Until the end, the old app is the user's.
    give(&pool, &asked(&pool, USER).await, &pool.totp(&secret).await)
        .await
        .ok();
    verify(pool.totp(&anew).await).await.ok();
    pool.advance(60).await;
    let session = asked(&pool, USER).await;
    give(&pool, &session, &pool.totp(&secret).await)
        .await
        .refused("CodeMismatchException");
    give(&pool, &session, &pool.totp(&anew).await).await.ok();
}

#[tokio::test]
async fn a_pool_without_apps_enrols_none() {
    let pool = TestPool::start().await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    for settings in [
        json!({ "mfa": "OFF" }),
        json!({ "mfa": "OPTIONAL", "mfa_factors": ["SMS_MFA"] }),
    ] {
        pool.settings(settings).await;
        let begun = json!({ "AccessToken": access });
        let refused = pool.call("AssociateSoftwareToken", begun).await;
        refused.refused("SoftwareTokenMFANotFoundException");
        let body = json!({ "AccessToken": access, "UserCode": "000000" });
        let refused = pool.call("VerifySoftwareToken", body).await;
        refused.refused("SoftwareTokenMFANotFoundException");
        let app = json!({ "SoftwareTokenMfaSettings": { "Enabled": true } });
        pool.prefer(&access, app)
            .await
            .refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn an_app_of_before_stays_good_where_no_more_are_enrolled_and_is_not_asked_for_where_mfa_is_off()
 {
    let (pool, secret) = with_app().await;
    pool.settings(json!({ "mfa_factors": ["SMS_MFA"] })).await;
    give(&pool, &asked(&pool, USER).await, &pool.totp(&secret).await)
        .await
        .ok();
    pool.settings(json!({ "mfa": "OFF" })).await;
    pool.signed_in(USER).await;
}

#[tokio::test]
async fn whoever_has_to_sets_an_app_up_on_the_way_in() {
    let (pool, session) = setting_up().await;
    let begun = associate(&pool, &session).await.ok();
    let refused = verify(&pool, &begun["Session"], "000000").await;
    refused.refused("EnableSoftwareTokenMFAException");
    let code = pool.totp(&begun["SecretCode"]).await;
    let verified = verify(&pool, &begun["Session"], &code).await.ok();
    assert_eq!(verified["Status"], "SUCCESS");
    let done = set_up(&pool, &verified["Session"]).await.ok();
    let access = &done["AuthenticationResult"]["AccessToken"];
    let user = pool.get_user(access).await.ok();
    assert_eq!(user["UserMFASettingList"], json!([APP]));
    pool.advance(60).await;
    let challenge = pool.password(USER, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], APP);
    assert_eq!(
        challenge["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"],
        "Phone"
    );
    let code = pool.totp(&begun["SecretCode"]).await;
    give(&pool, &challenge["Session"], &code).await.ok();
}

#[tokio::test]
async fn each_step_of_setting_up_takes_the_session_of_the_one_before() {
    let (pool, session) = setting_up().await;
    set_up(&pool, &session)
        .await
        .refused("InvalidParameterException");
    verify(&pool, &session, "000000")
        .await
        .refused("NotAuthorizedException");
    let begun = associate(&pool, &session).await.ok();
    for spent in [
        associate(&pool, &session).await,
        set_up(&pool, &session).await,
    ] {
        spent.refused("NotAuthorizedException");
    }
    set_up(&pool, &begun["Session"])
        .await
        .refused("InvalidParameterException");
    let code = pool.totp(&begun["SecretCode"]).await;
    let verified = verify(&pool, &begun["Session"], &code).await.ok();
    verify(&pool, &begun["Session"], &code)
        .await
        .refused("NotAuthorizedException");
    associate(&pool, &verified["Session"])
        .await
        .refused("NotAuthorizedException");
    set_up(&pool, &verified["Session"]).await.ok();
    set_up(&pool, &verified["Session"])
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_session_that_enrolled_nothing_gets_nowhere_once_another_has() {
    let (pool, first) = setting_up().await;
    let (second, third) = (told_to_set_up(&pool).await, told_to_set_up(&pool).await);
    let late = associate(&pool, &third).await.ok();
    let begun = associate(&pool, &first).await.ok();
    let code = pool.totp(&begun["SecretCode"]).await;
    verify(&pool, &begun["Session"], &code).await.ok();
    // Neither in, nor in the other's place.
    assert_ne!(set_up(&pool, &second).await.status, 200);
    associate(&pool, &second)
        .await
        .refused("NotAuthorizedException");
    let code = pool.totp(&late["SecretCode"]).await;
    verify(&pool, &late["Session"], &code)
        .await
        .refused("NotAuthorizedException");
    pool.advance(60).await;
    let session = asked(&pool, USER).await;
    give(&pool, &session, &pool.totp(&begun["SecretCode"]).await)
        .await
        .ok();
}

#[tokio::test]
async fn a_session_of_another_user_or_step_enrols_nobody() {
    let (pool, session) = setting_up().await;
    let begun = associate(&pool, &session).await.ok();
    let code = pool.totp(&begun["SecretCode"]).await;
    let verified = verify(&pool, &begun["Session"], &code).await.ok();
    let as_other = json!({ "USERNAME": OTHER });
    let refused = pool
        .respond("MFA_SETUP", &verified["Session"], as_other)
        .await;
    refused.refused("NotAuthorizedException");
    pool.advance(60).await;
    // A sign-in that waits for a code is none that sets up.
    let session = asked(&pool, USER).await;
    associate(&pool, &session)
        .await
        .refused("NotAuthorizedException");
    verify(&pool, &session, "000000")
        .await
        .refused("NotAuthorizedException");
    give(&pool, &session, &pool.totp(&begun["SecretCode"]).await)
        .await
        .ok();
}

#[tokio::test]
async fn a_session_too_old_sets_nothing_up() {
    let (pool, session) = setting_up().await;
    pool.advance(181).await;
    associate(&pool, &session)
        .await
        .refused("NotAuthorizedException");
    let session = told_to_set_up(&pool).await;
    let begun = associate(&pool, &session).await.ok();
    pool.advance(181).await;
    let code = pool.totp(&begun["SecretCode"]).await;
    verify(&pool, &begun["Session"], &code)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn the_secret_is_in_no_answer_after_the_enrolment() {
    let (pool, secret) = with_app().await;
    let challenge = pool.password(USER, PASSWORD).await.ok();
    let code = pool.totp(&secret).await;
    let done = give(&pool, &challenge["Session"], &code).await.ok();
    let access = &done["AuthenticationResult"]["AccessToken"];
    let body = json!({ "AccessToken": access });
    let factors = pool.call("GetUserAuthFactors", body).await.ok();
    let user = pool.get_user(access).await.ok();
    let settings = pool.local("settings", json!({})).await.1;
    let put = pool.local("users", json!({ "username": USER })).await.1;
    let secret = secret.as_str().unwrap();
    for answer in [challenge, done.clone(), factors, user, settings, put] {
        assert!(!answer.to_string().contains(secret), "{answer}");
    }
    let claims = claims(&done["AuthenticationResult"]["IdToken"]).to_string();
    assert!(!claims.contains(secret));
}

#[tokio::test]
async fn a_user_of_an_app_is_told_of_by_the_factors() {
    let (pool, secret) = with_app().await;
    let session = asked(&pool, USER).await;
    let done = give(&pool, &session, &pool.totp(&secret).await).await.ok();
    let body = json!({ "AccessToken": done["AuthenticationResult"]["AccessToken"] });
    let factors = pool.call("GetUserAuthFactors", body).await.ok();
    assert_eq!(
        factors,
        json!({
            "Username": claims(&done["AuthenticationResult"]["AccessToken"])["sub"],
            "PreferredMfaSetting": APP, "UserMFASettingList": [APP],
            "ConfiguredUserAuthFactors": ["PASSWORD", "EMAIL_OTP", "SOFTWARE_TOKEN"],
        })
    );
    let nobody = json!({ "AccessToken": "nonsense" });
    let refused = pool.call("GetUserAuthFactors", nobody).await;
    refused.refused("NotAuthorizedException");
    let flow = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": USER },
    });
    // Whoever has a second factor signs in with a password.
    let choice = pool.call("InitiateAuth", flow).await.ok();
    let offered = choice["AvailableChallenges"].as_array().unwrap();
    assert!(
        offered
            .iter()
            .all(|one| one.as_str().unwrap().starts_with("PASSWORD")),
        "{choice}"
    );
}

#[tokio::test]
async fn a_sign_in_that_enrolled_an_app_is_over_once_another_took_its_place() {
    let (pool, session) = setting_up().await;
    pool.settings(json!({ "mfa": "OFF" })).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    pool.settings(json!({ "mfa": "ON" })).await;
    let begun = associate(&pool, &session).await.ok();
    let code = pool.totp(&begun["SecretCode"]).await;
    let verified = verify(&pool, &begun["Session"], &code).await.ok();
    pool.enrolled(&access).await;
    set_up(&pool, &verified["Session"])
        .await
        .refused("NotAuthorizedException");
}
