//! `CUSTOM_AUTH` with functions that run beside the pool.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::common::{Answer, PASSWORD, TestPool, claims};
use crate::srp::Prover;

const USER: &str = "user@example.com";

/// The three functions of a riddle that may be answered wrongly once, and every event they got.
#[derive(Clone, Default)]
struct Functions(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    events: Vec<Value>,
    /// What to answer instead, by function.
    instead: Option<(&'static str, u16, String)>,
}

impl Functions {
    /// A pool whose triggers are these functions.
    async fn beside(pool: &TestPool) -> Self {
        let functions = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .with_state(functions.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let url = |name: &str| format!("{base}/2015-03-31/functions/{name}/invocations");
        pool.settings(json!({ "triggers": {
            "define_auth_challenge": url("define"),
            "create_auth_challenge": url("create"),
            "verify_auth_challenge_response": url("verify"),
        } }))
        .await;
        functions
    }

    fn answer_instead(&self, name: &'static str, status: u16, body: &str) {
        self.0.lock().instead = Some((name, status, body.to_owned()));
    }

    fn events(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().events)
    }
}

async fn invoke(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    body: String,
) -> Response {
    let mut event: Value = serde_json::from_str(&body).unwrap();
    let mut state = functions.0.lock();
    state.events.push(event.clone());
    if let Some((_, status, body)) = state.instead.take_if(|(instead, ..)| *instead == name) {
        return (StatusCode::from_u16(status).unwrap(), body).into_response();
    }
    let request = event["request"].clone();
    let session = request["session"].as_array().unwrap();
    event["response"] = match name.as_str() {
        "define" => define(session),
        "create" => json!({
            "publicChallengeParameters": { "riddle": "6 x 7" },
            "privateChallengeParameters": { "answer": "42" },
            "challengeMetadata": "RIDDLE",
        }),
        _ => json!({
            "answerCorrect": request["challengeAnswer"] == request["privateChallengeParameters"]["answer"],
        }),
    };
    event.to_string().into_response()
}

fn define(session: &[Value]) -> Value {
    let riddles: Vec<_> = session
        .iter()
        .filter(|round| round["challengeName"] == "CUSTOM_CHALLENGE")
        .collect();
    let last = session.last().map(|round| &round["challengeName"]);
    if last == Some(&json!("SRP_A")) {
        json!({ "challengeName": "PASSWORD_VERIFIER", "issueTokens": false, "failAuthentication": false })
    } else if riddles
        .last()
        .is_some_and(|round| round["challengeResult"] == true)
    {
        json!({ "issueTokens": true, "failAuthentication": false })
    } else if riddles.len() > 1 {
        json!({ "issueTokens": false, "failAuthentication": true })
    } else {
        json!({ "challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false })
    }
}

async fn begin(pool: &TestPool, name: &str) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "CUSTOM_AUTH",
        "AuthParameters": { "USERNAME": name }, "ClientMetadata": { "page": "home" },
    });
    pool.call("InitiateAuth", body).await
}

async fn riddle(pool: &TestPool, name: &str, session: &Value, answer: &str) -> Answer {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "CUSTOM_CHALLENGE", "Session": session,
        "ChallengeResponses": { "USERNAME": name, "ANSWER": answer },
    });
    pool.call("RespondToAuthChallenge", body).await
}

#[tokio::test]
async fn functions_ask_and_judge_and_give_tokens() {
    let pool = TestPool::start().await;
    let functions = Functions::beside(&pool).await;
    let asked = begin(&pool, USER).await.ok();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_eq!(asked["ChallengeParameters"]["riddle"], "6 x 7");
    let shown = asked["ChallengeParameters"].as_object().unwrap();
    assert!(shown.values().all(|value| value != "42"), "{asked}");
    assert_eq!(asked.get("privateChallengeParameters"), None);
    let events = functions.events();
    assert_eq!(events.len(), 2);
    let define = &events[0];
    assert_eq!(define["version"], "1");
    assert_eq!(define["region"], "us-east-1");
    assert_eq!(
        define["triggerSource"],
        "DefineAuthChallenge_Authentication"
    );
    assert_eq!(define["callerContext"]["clientId"], PUBLIC_CLIENT_ID);
    assert_eq!(define["request"]["session"], json!([]));
    assert_eq!(define["request"]["clientMetadata"]["page"], "home");
    assert_eq!(define["request"]["userNotFound"], false);
    let attributes = &define["request"]["userAttributes"];
    assert_eq!(attributes["email"], USER);
    assert_eq!(attributes["cognito:user_status"], "CONFIRMED");
    assert_eq!(attributes["sub"], define["userName"]);

    let again = riddle(&pool, USER, &asked["Session"], "41").await.ok();
    assert_eq!(again["ChallengeName"], "CUSTOM_CHALLENGE");
    let session = functions.events()[1]["request"]["session"].clone();
    let round = json!({
        "challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": "RIDDLE",
    });
    assert_eq!(session, json!([round]));
    let done = riddle(&pool, USER, &again["Session"], "42").await.ok();
    let access = claims(&done["AuthenticationResult"]["AccessToken"]);
    assert_eq!(access["sub"], define["userName"]);
}

#[tokio::test]
async fn what_the_functions_refuse_is_refused() {
    let pool = TestPool::start().await;
    let _functions = Functions::beside(&pool).await;
    let asked = begin(&pool, USER).await.ok();
    let again = riddle(&pool, USER, &asked["Session"], "1").await.ok();
    let refused = riddle(&pool, USER, &again["Session"], "2").await;
    refused.refused("NotAuthorizedException");
    // Each session worked once, and for its own user and client.
    for session in [&asked["Session"], &again["Session"]] {
        riddle(&pool, USER, session, "42")
            .await
            .refused("NotAuthorizedException");
    }
    let asked = begin(&pool, USER).await.ok();
    riddle(&pool, "admin@example.com", &asked["Session"], "42")
        .await
        .refused("NotAuthorizedException");
    let asked = begin(&pool, USER).await.ok();
    let body = json!({
        "ClientId": SECRET_CLIENT_ID, "ChallengeName": "CUSTOM_CHALLENGE", "Session": asked["Session"],
        "ChallengeResponses": { "USERNAME": USER, "ANSWER": "42" },
    });
    pool.call("RespondToAuthChallenge", body)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_name_nobody_has_is_asked_alike_and_gets_no_tokens() {
    let pool = TestPool::start().await;
    let functions = Functions::beside(&pool).await;
    let asked = begin(&pool, "nobody@example.com").await.ok();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let event = functions.events()[0].clone();
    assert_eq!(event["request"]["userNotFound"], true);
    assert_eq!(event["request"]["userAttributes"], json!({}));
    let known = begin(&pool, USER).await.ok();
    let members = |value: &Value| {
        value["ChallengeParameters"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(members(&asked), members(&known));
    riddle(&pool, "nobody@example.com", &asked["Session"], "42")
        .await
        .refused("NotAuthorizedException");
    let disabled = json!({ "username": USER, "enabled": false });
    pool.local("users", disabled).await;
    let asked = begin(&pool, USER).await.ok();
    riddle(&pool, USER, &asked["Session"], "42")
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_function_that_fails_is_told_apart() {
    let pool = TestPool::start().await;
    begin(&pool, USER)
        .await
        .refused("InvalidParameterException");
    let functions = Functions::beside(&pool).await;
    for (name, status, body, kind) in [
        (
            "define",
            200,
            "{\"errorMessage\":\"not today\",\"errorType\":\"Error\"}",
            "UserLambdaValidationException",
        ),
        ("define", 500, "oh", "UnexpectedLambdaException"),
        ("define", 200, "oh", "InvalidLambdaResponseException"),
        (
            "define",
            200,
            "{\"response\":{}}",
            "InvalidLambdaResponseException",
        ),
        (
            "define",
            200,
            "{\"response\":{\"challengeName\":\"PASSWORD_VERIFIER\"}}",
            "InvalidLambdaResponseException",
        ),
        (
            "create",
            200,
            "{\"response\":{\"publicChallengeParameters\":[1]}}",
            "InvalidLambdaResponseException",
        ),
    ] {
        functions.answer_instead(name, status, body);
        begin(&pool, USER).await.refused(kind);
    }
    let asked = begin(&pool, USER).await.ok();
    functions.answer_instead("verify", 200, "{\"response\":{\"answerCorrect\":\"yes\"}}");
    riddle(&pool, USER, &asked["Session"], "42")
        .await
        .refused("InvalidLambdaResponseException");
    pool.settings(json!({ "triggers": { "define_auth_challenge": "http://127.0.0.1:1/" } }))
        .await;
    begin(&pool, USER)
        .await
        .refused("UnexpectedLambdaException");
    for bad in ["https://example.com/f", "ftp://x/", "nonsense"] {
        let triggers = json!({ "triggers": { "define_auth_challenge": bad } });
        assert_eq!(pool.local("settings", triggers).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_challenge_that_cannot_follow_is_named() {
    let pool = TestPool::start().await;
    let functions = Functions::beside(&pool).await;
    for name in ["SMS_MFA", "SRP_A", "PASSWORD_VERIFIER"] {
        let body = json!({ "response": { "challengeName": name } }).to_string();
        functions.answer_instead("define", 200, &body);
        let refused = begin(&pool, USER).await;
        refused.refused("InvalidLambdaResponseException");
        assert!(refused.message().contains(name), "{}", refused.message());
    }
}

#[tokio::test]
async fn a_password_of_an_administrator_is_replaced_whatever_the_functions_say() {
    let pool = TestPool::start().await;
    let _functions = Functions::beside(&pool).await;
    let temporary = json!({ "username": USER, "status": "FORCE_CHANGE_PASSWORD" });
    pool.put_user(temporary).await;
    let asked = begin(&pool, USER).await.ok();
    let asked = riddle(&pool, USER, &asked["Session"], "42").await.ok();
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED", "{asked}");
    let given = json!({ "USERNAME": USER, "NEW_PASSWORD": "N3w-Passw0rd" });
    let done = pool
        .respond("NEW_PASSWORD_REQUIRED", &asked["Session"], given)
        .await
        .ok();
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    pool.password(USER, "N3w-Passw0rd").await.ok();
}

#[tokio::test]
async fn who_has_a_second_factor_shows_it_after_the_password_and_the_functions_are_told() {
    let pool = TestPool::start().await;
    pool.settings(json!({ "mfa": "OPTIONAL" })).await;
    let access = pool.signed_in(USER).await["AccessToken"].clone();
    let secret = pool.enrolled(&access).await;
    let enabled = json!({ "SoftwareTokenMfaSettings": { "Enabled": true } });
    pool.prefer(&access, enabled).await.ok();
    let functions = Functions::beside(&pool).await;
    let prover = Prover::new(USER, PASSWORD);
    let begin = json!({ "USERNAME": USER, "CHALLENGE_NAME": "SRP_A" });
    let asked = prover.begin_with(&pool, "CUSTOM_AUTH", begin).await.ok();
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeResponses": prover.responses(&asked),
    });
    let asked = pool.call("RespondToAuthChallenge", body).await.ok();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let give = async |code: &str| {
        let given = json!({ "USERNAME": USER, "SOFTWARE_TOKEN_MFA_CODE": code });
        pool.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], given)
            .await
    };
    give("abcdef").await.refused("CodeMismatchException");
    functions.events();
    let asked = give(&pool.totp(&secret).await).await.ok();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let told = functions.events()[0]["request"]["session"].clone();
    let names = told.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|round| round["challengeName"].clone()).collect();
    assert_eq!(names, ["SRP_A", "PASSWORD_VERIFIER", "SOFTWARE_TOKEN_MFA"]);
    let done = riddle(&pool, USER, &asked["Session"], "42").await.ok();
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn the_password_can_be_proven_first() {
    let pool = TestPool::start().await;
    let functions = Functions::beside(&pool).await;
    let prover = Prover::new(USER, PASSWORD);
    let begin = json!({ "USERNAME": USER, "CHALLENGE_NAME": "SRP_A" });
    let asked = prover.begin_with(&pool, "CUSTOM_AUTH", begin).await.ok();
    assert_eq!(asked["ChallengeName"], "PASSWORD_VERIFIER");
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeResponses": prover.responses(&asked),
    });
    let asked = pool.call("RespondToAuthChallenge", body).await.ok();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let events = functions.events();
    let names: Vec<_> = events[1]["request"]["session"]
        .as_array()
        .unwrap()
        .iter()
        .map(|round| round["challengeName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["SRP_A", "PASSWORD_VERIFIER"]);
    let done = riddle(&pool, USER, &asked["Session"], "42").await.ok();
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
}
