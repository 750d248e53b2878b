//! Codes instead of a password: choice-based sign-in, sign-up without one, names nobody has.

use cogward_pool::{PUBLIC_CLIENT_ID, PoolOptions, SECRET_CLIENT_ID, Seed};
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, claims, nobody_like, secret_hash};

const USER: &str = "user@example.com";
const OTHER: &str = "admin@example.com";
const NOBODY: &str = "nobody@example.com";
const NEW: &str = "new@example.com";

async fn user_auth(pool: &TestPool, parameters: Value) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH", "AuthParameters": parameters,
    });
    pool.call("InitiateAuth", body).await
}

async fn preferring(pool: &TestPool, name: &str, challenge: &str) -> Answer {
    user_auth(
        pool,
        json!({ "USERNAME": name, "PREFERRED_CHALLENGE": challenge }),
    )
    .await
}

/// What a name can choose from.
async fn offered(pool: &TestPool, name: &str) -> Vec<String> {
    let answer = user_auth(pool, json!({ "USERNAME": name })).await.ok();
    assert_eq!(answer["ChallengeName"], "SELECT_CHALLENGE", "{answer}");
    serde_json::from_value(answer["AvailableChallenges"].clone()).unwrap()
}

/// The session of a code by mail.
async fn mailed(pool: &TestPool, name: &str) -> Value {
    let answer = preferring(pool, name, "EMAIL_OTP").await.ok();
    assert_eq!(answer["ChallengeName"], "EMAIL_OTP", "{answer}");
    answer["Session"].clone()
}

async fn give(pool: &TestPool, name: &str, session: &Value, code: &str) -> Answer {
    let responses = json!({ "USERNAME": name, "EMAIL_OTP_CODE": code });
    pool.respond("EMAIL_OTP", session, responses).await
}

/// Another code of the same length.
fn other(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..code.len() - 1])
}

async fn with_number(pool: &TestPool) {
    let attributes = json!({ "phone_number": "+4915112345678", "phone_number_verified": "true" });
    let user = json!({ "username": USER, "attributes": attributes });
    assert_eq!(pool.local("users", user).await.0, 200);
}

#[tokio::test]
async fn a_mailed_code_signs_in_without_a_password() {
    let pool = TestPool::start().await;
    let challenge = preferring(&pool, USER, "EMAIL_OTP").await.ok();
    assert_eq!(
        challenge["ChallengeParameters"],
        json!({
            "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "u***@e***",
        })
    );
    let messages = pool.messages(USER).await;
    assert_eq!(messages[0]["kind"], "authentication");
    let code = pool.code(USER).await;
    assert!(
        code.len() == 8 && code.chars().all(|c| c.is_ascii_digit()),
        "{code}"
    );
    let done = give(&pool, USER, &challenge["Session"], &code).await.ok();
    assert_eq!(
        claims(&done["AuthenticationResult"]["IdToken"])["email"],
        USER
    );
}

#[tokio::test]
async fn a_code_by_sms_signs_in_too() {
    let pool = TestPool::start().await;
    with_number(&pool).await;
    let challenge = preferring(&pool, USER, "SMS_OTP").await.ok();
    assert_eq!(challenge["ChallengeName"], "SMS_OTP");
    let parameters = &challenge["ChallengeParameters"];
    assert_eq!(parameters["CODE_DELIVERY_DESTINATION"], "+*******5678");
    let code = pool.code("%2B4915112345678").await;
    assert_eq!(code.len(), 8);
    let responses = json!({ "USERNAME": USER, "SMS_OTP_CODE": code });
    pool.respond("SMS_OTP", &challenge["Session"], responses)
        .await
        .ok();
}

#[tokio::test]
async fn the_choice_is_among_what_the_user_has_and_the_pool_allows() {
    let pool = TestPool::start().await;
    let has = |offered: &[String], name: &str| offered.iter().any(|one| one == name);
    let all = offered(&pool, USER).await;
    assert!(
        has(&all, "PASSWORD") && has(&all, "EMAIL_OTP") && !has(&all, "SMS_OTP"),
        "{all:?}"
    );
    with_number(&pool).await;
    assert!(has(&offered(&pool, USER).await, "SMS_OTP"));
    pool.settings(json!({ "first_factors": ["PASSWORD", "SMS_OTP"] }))
        .await;
    assert!(!has(&offered(&pool, USER).await, "EMAIL_OTP"));
    let refused = preferring(&pool, USER, "EMAIL_OTP").await.ok();
    assert_eq!(
        refused["ChallengeName"], "SELECT_CHALLENGE",
        "what cannot be preferred is asked"
    );
    let responses = json!({ "USERNAME": USER, "ANSWER": "EMAIL_OTP" });
    let session = &refused["Session"];
    let answer = pool.respond("SELECT_CHALLENGE", session, responses).await;
    answer.refused("InvalidParameterException");
    assert_eq!(pool.messages(USER).await, json!([]));
    let responses = json!({ "USERNAME": USER, "ANSWER": "SMS_OTP" });
    let chosen = pool
        .respond("SELECT_CHALLENGE", session, responses)
        .await
        .ok();
    assert_eq!(chosen["ChallengeName"], "SMS_OTP");
}

#[tokio::test]
async fn an_address_that_is_not_verified_is_no_way_in() {
    let pool = TestPool::start().await;
    let user = json!({ "username": USER, "attributes": { "email_verified": "false" } });
    assert_eq!(pool.local("users", user).await.0, 200);
    assert!(!offered(&pool, USER).await.contains(&"EMAIL_OTP".to_owned()));
}

#[tokio::test]
async fn codes_are_no_first_factor_where_a_second_is_asked_for() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    assert!(offered(&pool, USER).await.contains(&"EMAIL_OTP".to_owned()));
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let by_mail = json!({ "EmailMfaSettings": { "Enabled": true } });
    pool.prefer(&access, by_mail).await.ok();
    for name in [USER, OTHER] {
        let codes = offered(&pool, name).await.contains(&"EMAIL_OTP".to_owned());
        assert_eq!(codes, name == OTHER);
    }
    pool.settings(json!({ "mfa": "ON" })).await;
    for name in [USER, OTHER, NOBODY] {
        assert!(
            !offered(&pool, name).await.contains(&"EMAIL_OTP".to_owned()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_wrong_code_leaves_the_session_for_the_right_one_which_works_once() {
    let pool = TestPool::start().await;
    let session = mailed(&pool, USER).await;
    let code = pool.code(USER).await;
    let wrong = give(&pool, USER, &session, &other(&code)).await;
    wrong.refused("CodeMismatchException");
    assert_eq!(wrong.message(), "Invalid code or auth state for the user.");
    let without = pool
        .respond("EMAIL_OTP", &session, json!({ "USERNAME": USER }))
        .await;
    without.refused("InvalidParameterException");
    give(&pool, USER, &session, &code).await.ok();
    let again = give(&pool, USER, &session, &code).await;
    again.refused("NotAuthorizedException");
    assert!(again.message().contains("only be used once"));
}

#[tokio::test]
async fn a_code_is_of_its_session_user_and_client_and_for_three_minutes() {
    let pool = TestPool::start().await;
    let (session, others) = (mailed(&pool, USER).await, mailed(&pool, OTHER).await);
    let (code, theirs) = (pool.code(USER).await, pool.code(OTHER).await);
    if code != theirs {
        give(&pool, USER, &session, &theirs)
            .await
            .refused("CodeMismatchException");
    }
    give(&pool, OTHER, &others, &code)
        .await
        .refused("CodeMismatchException");
    give(&pool, USER, &others, &code)
        .await
        .refused("NotAuthorizedException");
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "ChallengeName": "EMAIL_OTP", "Session": session,
        "ChallengeResponses": {
            "USERNAME": USER, "EMAIL_OTP_CODE": code, "SECRET_HASH": secret_hash(USER),
        },
    });
    pool.call("RespondToAuthChallenge", body)
        .await
        .refused("NotAuthorizedException");
    pool.advance(180).await;
    let late = give(&pool, USER, &session, &code).await;
    late.refused("NotAuthorizedException");
    assert!(late.message().contains("expired"));
}

#[tokio::test]
async fn of_parallel_answers_one_is_taken() {
    let pool = TestPool::start().await;
    let session = mailed(&pool, USER).await;
    let code = pool.code(USER).await;
    let send = || give(&pool, USER, &session, &code);
    let (a, b, c) = tokio::join!(send(), send(), send());
    let taken = [&a, &b, &c]
        .into_iter()
        .filter(|answer| answer.status == 200);
    assert_eq!(taken.count(), 1, "{a:?} {b:?} {c:?}");
}

#[tokio::test]
async fn a_name_nobody_has_is_answered_as_any_other_and_never_let_in() {
    let pool = TestPool::start().await;
    let nobody = nobody_like(&pool, USER).await;
    let real = preferring(&pool, USER, "EMAIL_OTP").await.ok();
    let decoy = preferring(&pool, &nobody, "EMAIL_OTP").await.ok();
    let names = |answer: &Value| -> Vec<String> {
        let members = answer.as_object().unwrap().keys().cloned();
        let parameters = answer["ChallengeParameters"].as_object().unwrap();
        members.chain(parameters.keys().cloned()).collect()
    };
    assert_eq!(names(&real), names(&decoy));
    assert_eq!(
        decoy["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"],
        "n***@e***"
    );
    assert_eq!(pool.messages(&nobody).await, json!([]), "nothing is sent");
    // Wrong codes, and then the lock, in the same words.
    let code = pool.code(USER).await;
    for lock in [0, 0, 0, 0, 1, 2, 4, 8, 0] {
        let one = give(&pool, USER, &real["Session"], &other(&code)).await;
        let two = give(&pool, &nobody, &decoy["Session"], &other(&code)).await;
        one.refused("CodeMismatchException");
        assert_eq!(one.body, two.body);
        pool.advance(lock).await;
    }
    for name in [USER, nobody.as_str()] {
        let locked = preferring(&pool, name, "EMAIL_OTP").await;
        locked.refused("NotAuthorizedException");
        assert_eq!(locked.message(), "Password attempts exceeded");
    }
    // A number is sent codes to as an address is.
    let mut by_sms = 0;
    for last in 0..16 {
        let number = format!("+49151000000{last:02}");
        let asked = preferring(&pool, &number, "SMS_OTP").await.ok();
        by_sms += i32::from(asked["ChallengeName"] == "SMS_OTP");
    }
    assert!(by_sms > 0);
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    preferring(&pool, &nobody, "EMAIL_OTP")
        .await
        .refused("UserNotFoundException");
}

#[tokio::test]
async fn fixed_codes_let_nobody_in_who_does_not_exist() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "fixed_code": "123456" })).await;
    let nobody = nobody_like(&pool, USER).await;
    let (real, decoy) = (mailed(&pool, USER).await, mailed(&pool, &nobody).await);
    let code = pool.code(USER).await;
    give(&pool, &nobody, &decoy, &code)
        .await
        .refused("CodeMismatchException");
    give(&pool, USER, &real, &code).await.ok();
}

#[tokio::test]
async fn somebody_disabled_is_told_so_after_the_code() {
    let pool = TestPool::start().await;
    pool.local("users", json!({ "username": USER, "enabled": false }))
        .await;
    let session = mailed(&pool, USER).await;
    let refused = give(&pool, USER, &session, &pool.code(USER).await).await;
    refused.refused("NotAuthorizedException");
    assert_eq!(refused.message(), "User is disabled.");
}

/// A sign-up without a password: its answer.
async fn passwordless(pool: &TestPool, name: &str) -> Answer {
    let attributes = json!([{ "Name": "email", "Value": name }]);
    let body =
        json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": name, "UserAttributes": attributes });
    pool.call("SignUp", body).await
}

async fn confirm(pool: &TestPool, name: &str, session: &Value, code: &str) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Username": name, "ConfirmationCode": code,
        "Session": session,
    });
    pool.call("ConfirmSignUp", body).await
}

async fn straight_in(pool: &TestPool, name: &str, session: &Value) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH", "Session": session,
        "AuthParameters": { "USERNAME": name },
    });
    pool.call("InitiateAuth", body).await
}

#[tokio::test]
async fn a_sign_up_without_a_password_leads_straight_in_once() {
    let pool = TestPool::start().await;
    let signed_up = passwordless(&pool, NEW).await.ok();
    let wrong = confirm(&pool, NEW, &signed_up["Session"], "no").await;
    wrong.refused("CodeMismatchException");
    // Not before it is confirmed.
    straight_in(&pool, NEW, &signed_up["Session"])
        .await
        .refused("NotAuthorizedException");
    let code = pool.code(NEW).await;
    let confirmed = confirm(&pool, NEW, &signed_up["Session"], &code).await.ok();
    let session = &confirmed["Session"];
    straight_in(&pool, USER, session)
        .await
        .refused("NotAuthorizedException");
    let confirmed = {
        // Another user's name spent it: a second person shows the good path.
        let second = "second@example.com";
        let signed_up = passwordless(&pool, second).await.ok();
        let code = pool.code(second).await;
        confirm(&pool, second, &signed_up["Session"], &code)
            .await
            .ok()
    };
    let done = straight_in(&pool, "second@example.com", &confirmed["Session"])
        .await
        .ok();
    let tokens = &done["AuthenticationResult"];
    assert_eq!(claims(&tokens["IdToken"])["email_verified"], true);
    let again = straight_in(&pool, "second@example.com", &confirmed["Session"]).await;
    again.refused("NotAuthorizedException");
    // From now on there are codes, and no password.
    assert_eq!(offered(&pool, "second@example.com").await, ["EMAIL_OTP"]);
    let refused = pool.password("second@example.com", PASSWORD).await;
    refused.refused("NotAuthorizedException");
    pool.password("second@example.com", "")
        .await
        .refused("InvalidParameterException");
    let session = mailed(&pool, NEW).await;
    give(&pool, NEW, &session, &pool.code(NEW).await).await.ok();
}

#[tokio::test]
async fn the_session_of_a_sign_up_is_for_its_person_client_and_first_sign_in_alone() {
    let pool = TestPool::start().await;
    let signed_up = passwordless(&pool, NEW).await.ok();
    let other = passwordless(&pool, "other@example.com").await.ok();
    // Of somebody else: confirmed, and no more.
    let code = pool.code("other@example.com").await;
    let confirmed = confirm(&pool, "other@example.com", &signed_up["Session"], &code).await;
    assert_eq!(confirmed.ok(), json!({}));
    let unused = &other["Session"];
    straight_in(&pool, "other@example.com", unused)
        .await
        .refused("NotAuthorizedException");
    let code = pool.code(NEW).await;
    let confirmed = confirm(&pool, NEW, &signed_up["Session"], &code).await.ok();
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "AuthFlow": "USER_AUTH", "Session": confirmed["Session"],
        "AuthParameters": { "USERNAME": NEW, "SECRET_HASH": secret_hash(NEW) },
    });
    pool.call("InitiateAuth", body)
        .await
        .refused("NotAuthorizedException");
    // Nor of another name, which leaves it to its own.
    for another in ["other@example.com", "nobody@example.com"] {
        straight_in(&pool, another, &confirmed["Session"])
            .await
            .refused("NotAuthorizedException");
    }
    // It answers no challenge, and a challenge's session is none of these.
    for challenge in ["PASSWORD", "EMAIL_OTP", "SELECT_CHALLENGE"] {
        let responses = json!({ "USERNAME": NEW, "ANSWER": "PASSWORD" });
        let refused = pool
            .respond(challenge, &confirmed["Session"], responses)
            .await;
        refused.refused("NotAuthorizedException");
    }
    let challenge = mailed(&pool, NEW).await;
    straight_in(&pool, NEW, &challenge)
        .await
        .refused("NotAuthorizedException");
    // Somebody who has signed in meanwhile has had the first sign-in.
    give(&pool, NEW, &challenge, &pool.code(NEW).await)
        .await
        .ok();
    let late = straight_in(&pool, NEW, &confirmed["Session"]).await;
    late.refused("NotAuthorizedException");
}

#[tokio::test]
async fn who_confirms_without_a_session_gets_one_where_the_client_may_use_it() {
    let pool = TestPool::start().await;
    pool.sign_up(NEW).await.ok();
    let confirmed = pool.confirm(NEW, &pool.code(NEW).await).await.ok();
    let done = straight_in(&pool, NEW, &confirmed["Session"]).await.ok();
    assert_eq!(
        claims(&done["AuthenticationResult"]["IdToken"])["email"],
        NEW
    );
    straight_in(&pool, NEW, &confirmed["Session"])
        .await
        .refused("NotAuthorizedException");

    let seed = format!("[[clients]]\nid = \"{PUBLIC_CLIENT_ID}\"\nflows = [\"USER_SRP_AUTH\"]\n");
    let pool = TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(&seed).unwrap()),
        ..PoolOptions::default()
    })
    .await;
    let signed_up = pool.sign_up(NEW).await.ok();
    assert!(signed_up["Session"].is_null());
    let confirmed = pool.confirm(NEW, &pool.code(NEW).await).await.ok();
    assert_eq!(confirmed, json!({}));
}

#[tokio::test]
async fn a_session_too_late_confirms_and_signs_nobody_in() {
    let pool = TestPool::start().await;
    let signed_up = passwordless(&pool, NEW).await.ok();
    pool.advance(181).await;
    let code = pool.code(NEW).await;
    assert_eq!(
        confirm(&pool, NEW, &signed_up["Session"], &code).await.ok(),
        json!({})
    );
    let second = "second@example.com";
    let signed_up = passwordless(&pool, second).await.ok();
    let code = pool.code(second).await;
    let confirmed = confirm(&pool, second, &signed_up["Session"], &code)
        .await
        .ok();
    pool.advance(181).await;
    let late = straight_in(&pool, second, &confirmed["Session"]).await;
    late.refused("NotAuthorizedException");
    assert!(late.message().contains("expired"));
}

#[tokio::test]
async fn a_sign_up_needs_a_password_where_there_is_no_other_way_in() {
    let pool = TestPool::start().await;
    for settings in [
        json!({ "first_factors": ["PASSWORD"] }),
        json!({ "first_factors": ["PASSWORD", "EMAIL_OTP"], "mfa": "ON" }),
    ] {
        pool.settings(settings).await;
        passwordless(&pool, NEW)
            .await
            .refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn a_sign_up_with_a_password_leads_straight_in_as_well() {
    let pool = TestPool::start().await;
    let signed_up = pool.sign_up(NEW).await.ok();
    let code = pool.code(NEW).await;
    let confirmed = confirm(&pool, NEW, &signed_up["Session"], &code).await.ok();
    let done = straight_in(&pool, NEW, &confirmed["Session"]).await.ok();
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn another_name_with_the_session_of_a_sign_up_spends_nothing() {
    let pool = TestPool::start().await;
    let signed_up = passwordless(&pool, NEW).await.ok();
    let code = pool.code(NEW).await;
    let confirmed = confirm(&pool, NEW, &signed_up["Session"], &code).await.ok();
    let session = &confirmed["Session"];
    for another in ["user@example.com", "nobody@example.com"] {
        straight_in(&pool, another, session)
            .await
            .refused("NotAuthorizedException");
    }
    straight_in(&pool, NEW, session).await.ok();
}

#[tokio::test]
async fn no_choice_of_factors_says_that_there_is_such_a_user() {
    let pool = TestPool::start().await;
    // Users as they may be: confirmed or not, with a second factor, without a password, with two
    // addresses.
    with_number(&pool).await;
    pool.sign_up("unconfirmed@example.com").await.ok();
    let signed_up = passwordless(&pool, NEW).await.ok();
    let code = pool.code(NEW).await;
    confirm(&pool, NEW, &signed_up["Session"], &code).await.ok();
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let access = pool.signed_in(OTHER).await["AccessToken"].clone();
    pool.enrolled(&access).await;
    let enabled = json!({ "SoftwareTokenMfaSettings": { "Enabled": true } });
    pool.prefer(&access, enabled).await.ok();
    let mut shapes = std::collections::BTreeSet::new();
    for name in [USER, OTHER, NEW, "unconfirmed@example.com"] {
        shapes.insert(offered(&pool, name).await);
    }
    assert!(shapes.len() > 2, "{shapes:?}");

    let mut seen = std::collections::BTreeSet::new();
    for number in 0..200 {
        let name = format!("nobody{number}@example.com");
        let offered_once = offered(&pool, &name).await;
        assert_eq!(offered(&pool, &name.to_uppercase()).await, offered_once);
        assert!(!offered_once.is_empty());
        seen.insert(offered_once);
    }
    assert!(seen.is_superset(&shapes), "{shapes:?} {seen:?}");
    // What is offered is asked for, and looks as it does for somebody.
    for number in 0..200 {
        let name = format!("nobody{number}@example.com");
        if !offered(&pool, &name).await.contains(&"SMS_OTP".to_owned()) {
            continue;
        }
        let asked = preferring(&pool, &name, "SMS_OTP").await.ok();
        let real = preferring(&pool, USER, "SMS_OTP").await.ok();
        let destination = |asked: &Value| {
            let shown = asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"].as_str();
            let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
            shown.unwrap().chars().map(digits).collect::<String>()
        };
        assert_eq!(destination(&asked), destination(&real));
        return;
    }
    panic!("no such name seems to have a telephone");
}
