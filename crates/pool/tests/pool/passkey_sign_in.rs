//! `WEB_AUTHN`: signing in with a passkey over the API.

use std::collections::BTreeSet;

use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::{Value, json};

use crate::authenticator::{Algorithm, Authenticator, USER_PRESENT};
use crate::common::{Answer, TestPool, claims, secret_hash};
use crate::passkeys::{ORIGIN, authenticator, complete, list, options, person, registered};

const EMAIL: &str = "ida@example.com";
const WRONG: &str = "Incorrect username or passkey.";

async fn user_auth(pool: &TestPool, name: &str, preferred: Option<&str>) -> Answer {
    let mut parameters = json!({ "USERNAME": name });
    if let Some(preferred) = preferred {
        parameters["PREFERRED_CHALLENGE"] = preferred.into();
    }
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH", "AuthParameters": parameters,
    });
    pool.call("InitiateAuth", body).await
}

async fn respond(pool: &TestPool, challenge: &Value, responses: Value) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": challenge["ChallengeName"],
        "Session": challenge["Session"], "ChallengeResponses": responses,
    });
    pool.call("RespondToAuthChallenge", body).await
}

/// A `WEB_AUTHN` challenge.
async fn asked(pool: &TestPool, name: &str) -> Value {
    let challenge = user_auth(pool, name, Some("WEB_AUTHN")).await.ok();
    assert_eq!(challenge["ChallengeName"], "WEB_AUTHN", "{challenge}");
    challenge
}

fn request(challenge: &Value) -> Value {
    let options = &challenge["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"];
    serde_json::from_str(options.as_str().unwrap()).unwrap()
}

async fn answer(pool: &TestPool, challenge: &Value, name: &str, credential: &Value) -> Answer {
    let responses = json!({ "USERNAME": name, "CREDENTIAL": credential.to_string() });
    respond(pool, challenge, responses).await
}

pub(crate) async fn sign_in(
    pool: &TestPool,
    name: &str,
    authenticator: &mut Authenticator,
) -> Answer {
    let challenge = asked(pool, name).await;
    let credential = authenticator.sign_in(&request(&challenge));
    answer(pool, &challenge, name, &credential).await
}

#[track_caller]
fn wrong(answer: &Answer) {
    answer.refused("NotAuthorizedException");
    assert_eq!(answer.message(), WRONG);
}

#[tokio::test]
async fn a_passkey_of_each_algorithm_signs_in() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ed25519] {
        let mut authenticator = Authenticator::new(algorithm, ORIGIN);
        let made = authenticator.register(&options(&pool, &token).await);
        complete(&pool, &token, &made).await.ok();
        for _ in 0..2 {
            let done = sign_in(&pool, EMAIL, &mut authenticator).await.ok();
            let tokens = &done["AuthenticationResult"];
            assert_eq!(claims(&tokens["IdToken"])["email"], EMAIL);
            assert!(tokens["RefreshToken"].is_string());
            pool.get_user(&tokens["AccessToken"]).await.ok();
        }
    }
    let request = request(&asked(&pool, EMAIL).await);
    assert_eq!(request["rpId"], "localhost");
    assert_eq!(request["userVerification"], "preferred");
    assert_eq!(request["allowCredentials"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_passkey_can_be_chosen() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let mut authenticator = registered(&pool, &token).await;

    let choice = user_auth(&pool, EMAIL, None).await.ok();
    assert_eq!(choice["ChallengeName"], "SELECT_CHALLENGE");
    let available = choice["AvailableChallenges"].as_array().unwrap();
    assert!(available.contains(&json!("WEB_AUTHN")), "{available:?}");
    let answered = json!({ "USERNAME": EMAIL, "ANSWER": "WEB_AUTHN" });
    let challenge = respond(&pool, &choice, answered).await.ok();
    assert_eq!(challenge["ChallengeName"], "WEB_AUTHN");
    let credential = authenticator.sign_in(&request(&challenge));
    let done = answer(&pool, &challenge, EMAIL, &credential).await.ok();
    assert!(done["AuthenticationResult"].is_object());

    // At once, to the options that came with the choice.
    let choice = user_auth(&pool, EMAIL, None).await.ok();
    let credential = authenticator.sign_in(&request(&choice)).to_string();
    let answered = json!({ "USERNAME": EMAIL, "ANSWER": "WEB_AUTHN", "CREDENTIAL": credential });
    let done = respond(&pool, &choice, answered.clone()).await.ok();
    assert!(done["AuthenticationResult"].is_object());
    let again = user_auth(&pool, EMAIL, None).await.ok();
    wrong(&respond(&pool, &again, answered).await);
}

#[tokio::test]
async fn only_who_has_a_passkey_is_asked_for_one() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let without = user_auth(&pool, EMAIL, Some("WEB_AUTHN")).await.ok();
    assert_not_offered(&without);
    let answered = json!({ "USERNAME": EMAIL, "ANSWER": "WEB_AUTHN" });
    let chosen = respond(&pool, &without, answered).await;
    chosen.refused("InvalidParameterException");

    registered(&pool, &token).await;
    asked(&pool, EMAIL).await;
    for (settings, back) in [
        (
            json!({ "first_factors": ["PASSWORD"] }),
            json!({ "first_factors": ["PASSWORD", "WEB_AUTHN"] }),
        ),
        (
            json!({ "passkeys": { "enabled": false } }),
            json!({ "passkeys": { "enabled": true } }),
        ),
        (
            json!({ "passkeys": { "relying_party_id": "app.example.com" } }),
            json!({ "passkeys": { "relying_party_id": "localhost" } }),
        ),
    ] {
        pool.settings(settings).await;
        assert_not_offered(&user_auth(&pool, EMAIL, Some("WEB_AUTHN")).await.ok());
        pool.settings(back).await;
        asked(&pool, EMAIL).await;
    }
}

#[track_caller]
fn assert_not_offered(choice: &Value) {
    assert_eq!(choice["ChallengeName"], "SELECT_CHALLENGE", "{choice}");
    let available = choice["AvailableChallenges"].as_array().unwrap();
    assert!(!available.contains(&json!("WEB_AUTHN")), "{choice}");
    let parameters = choice["ChallengeParameters"].as_object().unwrap();
    assert!(!parameters.contains_key("CREDENTIAL_REQUEST_OPTIONS"));
}

#[tokio::test]
async fn a_forged_or_foreign_answer_signs_nobody_in() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let eve = person(&pool, "eve@example.com").await;
    let mut eves = registered(&pool, &eve).await;

    // Another key under the passkey's id.
    let mut forger = authenticator();
    forger.id = held.id.clone();
    wrong(&sign_in(&pool, EMAIL, &mut forger).await);
    // Somebody else's passkey, which is right where it belongs.
    wrong(&sign_in(&pool, EMAIL, &mut eves).await);
    sign_in(&pool, "eve@example.com", &mut eves).await.ok();
    for origin in ["https://evil.example", "http://localhost.evil.example"] {
        held.origin = origin.to_owned();
        wrong(&sign_in(&pool, EMAIL, &mut held).await);
    }
    held.origin = ORIGIN.to_owned();
    held.rp_id = Some("example.com".to_owned());
    wrong(&sign_in(&pool, EMAIL, &mut held).await);
    held.rp_id = None;
    for garbage in ["{}", "[]", "null", "{"] {
        let challenge = asked(&pool, EMAIL).await;
        let responses = json!({ "USERNAME": EMAIL, "CREDENTIAL": garbage });
        wrong(&respond(&pool, &challenge, responses).await);
    }
    sign_in(&pool, EMAIL, &mut held).await.ok();
}

#[tokio::test]
async fn an_answer_is_good_for_one_session_of_one_client() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;

    let challenge = asked(&pool, EMAIL).await;
    let nothing = respond(&pool, &challenge, json!({ "USERNAME": EMAIL })).await;
    nothing.refused("InvalidParameterException");
    let credential = held.sign_in(&request(&challenge));
    answer(&pool, &challenge, EMAIL, &credential).await.ok();
    let again = answer(&pool, &challenge, EMAIL, &credential).await;
    again.refused("NotAuthorizedException");
    assert!(again.message().ends_with("session can only be used once."));
    let other = asked(&pool, EMAIL).await;
    wrong(&answer(&pool, &other, EMAIL, &credential).await);
    // Spent by the wrong answer.
    let right = held.sign_in(&request(&other));
    let spent = answer(&pool, &other, EMAIL, &right).await;
    assert!(spent.message().ends_with("session can only be used once."));

    let challenge = asked(&pool, EMAIL).await;
    let credential = held.sign_in(&request(&challenge));
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "ChallengeName": "WEB_AUTHN", "Session": challenge["Session"],
        "ChallengeResponses": {
            "USERNAME": EMAIL, "CREDENTIAL": credential.to_string(), "SECRET_HASH": secret_hash(EMAIL),
        },
    });
    let elsewhere = pool.call("RespondToAuthChallenge", body).await;
    elsewhere.refused("NotAuthorizedException");
    person(&pool, "eve@example.com").await;
    let as_eve = answer(&pool, &challenge, "eve@example.com", &credential).await;
    as_eve.refused("NotAuthorizedException");

    let challenge = asked(&pool, EMAIL).await;
    let credential = held.sign_in(&request(&challenge));
    pool.advance(180).await;
    let late = answer(&pool, &challenge, EMAIL, &credential).await;
    assert!(late.message().ends_with("session is expired."), "{late:?}");
}

#[tokio::test]
async fn a_deleted_passkey_signs_nobody_in() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let challenge = asked(&pool, EMAIL).await;
    let credential = held.sign_in(&request(&challenge));
    let id = list(&pool, &token).await[0]["CredentialId"].clone();
    let body = json!({ "AccessToken": token, "CredentialId": id });
    pool.call("DeleteWebAuthnCredential", body).await.ok();
    wrong(&answer(&pool, &challenge, EMAIL, &credential).await);
    assert_not_offered(&user_auth(&pool, EMAIL, None).await.ok());
}

#[tokio::test]
async fn of_two_copies_of_a_passkey_one_is_refused() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    sign_in(&pool, EMAIL, &mut held).await.ok();
    held.sign_count -= 1;
    wrong(&sign_in(&pool, EMAIL, &mut held).await);

    let (first, second) = (asked(&pool, EMAIL).await, asked(&pool, EMAIL).await);
    let count = held.sign_count;
    let original = held.sign_in(&request(&first));
    held.sign_count = count;
    let copy = held.sign_in(&request(&second));
    let (first, second) = tokio::join!(
        answer(&pool, &first, EMAIL, &original),
        answer(&pool, &second, EMAIL, &copy),
    );
    let statuses = [first.status.as_u16(), second.status.as_u16()];
    assert!(
        matches!(statuses, [200, 400] | [400, 200]),
        "{first:?} {second:?}"
    );
}

#[tokio::test]
async fn a_passkey_admits_only_who_may_sign_in() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    let user = json!({ "username": EMAIL, "enabled": false });
    assert_eq!(pool.local("users", user).await.0, 200);
    let disabled = sign_in(&pool, EMAIL, &mut held).await;
    disabled.refused("NotAuthorizedException");
    let user = json!({ "username": EMAIL, "enabled": true, "status": "UNCONFIRMED" });
    assert_eq!(pool.local("users", user).await.0, 200);
    let unconfirmed = sign_in(&pool, EMAIL, &mut held).await;
    unconfirmed.refused("UserNotConfirmedException");
}

#[tokio::test]
async fn a_passkey_that_knows_its_user_counts_for_both_factors_where_settings_say_so() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let mut held = registered(&pool, &token).await;
    pool.settings(json!({ "mfa": "ON" })).await;
    let one = sign_in(&pool, EMAIL, &mut held).await.ok();
    assert!(one["ChallengeName"].is_string(), "{one}");

    pool.settings(json!({ "passkeys": { "multi_factor": true } }))
        .await;
    let both = sign_in(&pool, EMAIL, &mut held).await.ok();
    assert!(both["AuthenticationResult"].is_object(), "{both}");
    held.flags = USER_PRESENT;
    let one = sign_in(&pool, EMAIL, &mut held).await.ok();
    assert!(one["ChallengeName"].is_string(), "{one}");

    pool.settings(json!({ "passkeys": { "user_verification": "required" } }))
        .await;
    wrong(&sign_in(&pool, EMAIL, &mut held).await);
}

#[tokio::test]
async fn having_a_passkey_does_not_tell_that_there_is_such_a_user() {
    let pool = TestPool::start().await;
    let token = person(&pool, EMAIL).await;
    let held = registered(&pool, &token).await;
    let real = asked(&pool, EMAIL).await;

    let mut seem = BTreeSet::new();
    for number in 0..40 {
        let name = format!("nobody{number}@example.com");
        let choice = user_auth(&pool, &name, None).await.ok();
        let available = choice["AvailableChallenges"].as_array().unwrap();
        if available.contains(&json!("WEB_AUTHN")) {
            seem.insert(name);
        } else {
            assert_not_offered(&choice);
        }
    }
    assert!((1..40).contains(&seem.len()), "{}", seem.len());

    for name in &seem {
        let decoy = asked(&pool, &name.to_uppercase()).await;
        let (shown, of_real) = (request(&decoy), request(&real));
        let ids = |request: &Value| request["allowCredentials"][0]["id"].clone();
        assert_eq!(ids(&shown), ids(&request(&asked(&pool, name).await)));
        assert_ne!(ids(&shown), ids(&of_real));
        let shape = |request: &Value| {
            let mut request = request.clone();
            request["challenge"] = Value::Null;
            request["allowCredentials"][0]["id"] = Value::Null;
            request
        };
        assert_eq!(shape(&shown), shape(&of_real));
        let mut forger = authenticator();
        let credential = forger.sign_in(&shown);
        wrong(&answer(&pool, &decoy, name, &credential).await);
    }
    drop(held);

    pool.settings(json!({ "prevent_user_existence_errors": "LEGACY" }))
        .await;
    let name = seem.first().unwrap();
    let open = user_auth(&pool, name, Some("WEB_AUTHN")).await;
    open.refused("UserNotFoundException");
}
