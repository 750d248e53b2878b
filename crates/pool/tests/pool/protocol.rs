//! The wire of the user-pool API: headers, errors, hostile bodies.

use reqwest::Method;
use serde_json::json;

use crate::common::TestPool;

#[tokio::test]
async fn an_answer_has_the_headers_of_the_service() {
    let pool = TestPool::start().await;
    let answer = pool.sign_up("a@example.com").await;
    let header = |name: &str| {
        answer
            .headers
            .get(name)
            .map(|v| v.to_str().unwrap().to_owned())
    };
    assert_eq!(
        header("content-type").as_deref(),
        Some("application/x-amz-json-1.1")
    );
    assert_eq!(header("x-amzn-requestid").unwrap().len(), 36);
    assert_eq!(header("access-control-allow-origin").as_deref(), Some("*"));
    assert!(
        header("access-control-expose-headers")
            .unwrap()
            .contains("x-amzn-ErrorType")
    );
    assert_eq!(header("x-amzn-errortype"), None);
}

#[tokio::test]
async fn an_error_stands_in_headers_and_body() {
    let pool = TestPool::start().await;
    let answer = pool.password("user@example.com", "wrong").await;
    assert_eq!(answer.status, 400);
    let expected =
        json!({ "__type": "NotAuthorizedException", "message": "Incorrect username or password." });
    assert_eq!(answer.body, expected);
    assert_eq!(
        answer.headers["x-amzn-errortype"],
        "NotAuthorizedException:"
    );
    assert_eq!(
        answer.headers["x-amzn-errormessage"],
        "Incorrect username or password."
    );
    assert_eq!(answer.headers["x-amzn-requestid"].len(), 36);
}

#[tokio::test]
async fn what_a_caller_sent_cannot_break_out_of_the_message_header() {
    let pool = TestPool::start().await;
    let body = json!({ "ClientId": "a", "AuthFlow": "a\r\nSet-Cookie: x=1é" });
    let answer = pool.call("InitiateAuth", body).await;
    answer.refused("InvalidParameterException");
    assert_eq!(answer.headers.get("set-cookie"), None);
    assert!(
        answer.headers["x-amzn-errormessage"]
            .to_str()
            .unwrap()
            .contains("??Set-Cookie")
    );
}

#[tokio::test]
async fn a_long_value_is_told_in_part() {
    let pool = TestPool::start().await;
    let body = json!({ "ClientId": "x".repeat(200_000), "AuthFlow": "y".repeat(10_000) });
    let answer = pool.call("InitiateAuth", body).await;
    answer.refused("InvalidParameterException");
    assert!(answer.message().len() < 1500, "{}", answer.message().len());
}

#[tokio::test]
async fn operations_not_offered_say_so_and_unknown_ones_are_unknown() {
    let pool = TestPool::start().await;
    for operation in [
        "CreateUserPool",
        "SetUICustomization",
        "GetCSVHeader",
        "StartUserImportJob",
    ] {
        let answer = pool.call(operation, json!({})).await;
        answer.refused("OperationNotEnabledException");
        assert_eq!(
            answer.message(),
            format!("{operation} is not offered by the local user pool.")
        );
    }
    for operation in ["", "signup", "NoSuchThing", "SignUpX", "../SignUp"] {
        pool.call(operation, json!({}))
            .await
            .refused("UnknownOperationException");
    }
    let response = pool
        .request(Method::POST, "/")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.headers()["x-amzn-errortype"],
        "UnknownOperationException:"
    );
    let said: serde_json::Value = response.json().await.unwrap();
    let message = said["message"].as_str().unwrap();
    assert!(
        message.starts_with("The header X-Amz-Target is missing"),
        "{message}"
    );
}

const OPERATIONS: [&str; 10] = [
    "SignUp",
    "ConfirmSignUp",
    "ResendConfirmationCode",
    "InitiateAuth",
    "GetTokensFromRefreshToken",
    "RevokeToken",
    "GlobalSignOut",
    "GetUser",
    "ForgotPassword",
    "ConfirmForgotPassword",
];

#[tokio::test]
async fn every_operation_refuses_what_is_no_json_object() {
    let pool = TestPool::start().await;
    let bodies: [Vec<u8>; 12] = [
        b"".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"7".to_vec(),
        b"\"x\"".to_vec(),
        b"{".to_vec(),
        b"{} {}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        b"{\"ClientId\":\"\xff\"}".to_vec(),
        [vec![b'['; 100_000], vec![b']'; 100_000]].concat(),
        [
            b"{\"a\":".repeat(20_000),
            b"1".to_vec(),
            b"}".repeat(20_000),
        ]
        .concat(),
    ];
    for operation in OPERATIONS {
        for body in &bodies {
            pool.call_raw(operation, body.clone())
                .await
                .refused("SerializationException");
        }
    }
    pool.signed_in("user@example.com").await;
}

#[tokio::test]
async fn every_operation_refuses_members_of_another_type_and_missing_ones() {
    let pool = TestPool::start().await;
    let names = "ClientId Username Password ConfirmationCode AuthFlow AccessToken AuthParameters \
                 RefreshToken Token ClientSecret SecretHash";
    for operation in OPERATIONS {
        for value in [json!(1), json!([]), json!({}), json!(true), json!(1e300)] {
            let members = names
                .split(' ')
                .map(|name| (name.to_owned(), value.clone()));
            let body = members.collect::<serde_json::Map<_, _>>();
            pool.call(operation, body.into())
                .await
                .refused("SerializationException");
        }
        pool.call(operation, json!({}))
            .await
            .refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn a_body_too_large_is_refused() {
    let pool = TestPool::start().await;
    let answer = pool.call_raw("SignUp", vec![b' '; 300 * 1024]).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_preflight_lets_the_javascript_clients_call() {
    let pool = TestPool::start().await;
    let asked = "content-type,x-amz-target,x-amz-user-agent,cache-control,amz-sdk-request,\
                 amz-sdk-invocation-id";
    let response = pool
        .request(Method::OPTIONS, "/")
        .header("Origin", "http://localhost:5173")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", asked)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let allowed = response.headers()["access-control-allow-headers"]
        .to_str()
        .unwrap()
        .to_owned();
    for name in asked.split(',') {
        assert!(allowed.contains(name), "{name}");
    }
}
