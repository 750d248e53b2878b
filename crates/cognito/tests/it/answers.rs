use cogward_cognito::{CallError, Cognito, Tokens};

use crate::server::{Server, public};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    Fatal,
    Transient,
    Protocol,
}
use Fate::{Fatal, Protocol, Transient};

fn fate(result: Result<Tokens, CallError>) -> Fate {
    let error = result.expect_err("an error");
    let fate = match &error {
        CallError::Fatal { .. } => Fatal,
        CallError::Transient { .. } => Transient,
        CallError::Protocol => Protocol,
        other => panic!("{other:?}"),
    };
    assert_eq!(error.is_fatal(), fate == Fatal);
    assert!(
        !format!("{error} {error:?}").contains(['\n', '<']),
        "{error:?}"
    );
    fate
}

async fn judge(
    cases: &[(u16, &str, Fate)],
    call: impl AsyncFn(&Cognito) -> Result<Tokens, CallError>,
) {
    for (status, body, wanted) in cases {
        let server = Server::answering(*status, *body).await;
        assert_eq!(
            fate(call(&public(&server.url)).await),
            *wanted,
            "{status} {body}"
        );
        assert_eq!(
            server.calls().len(),
            1,
            "neither repeated nor redirected: {status} {body}"
        );
    }
}

#[tokio::test]
async fn only_the_token_endpoints_own_word_is_fatal() {
    let cases = [
        (400, r#"{"error":"invalid_grant"}"#, Fatal),
        (
            401,
            r#"{"error":"invalid_grant","error_description":"x"}"#,
            Fatal,
        ),
        // The same word where it is not the endpoint's.
        (500, r#"{"error":"invalid_grant"}"#, Transient),
        (502, "<html>invalid_grant</html>", Transient),
        (503, r#"{"error":"invalid_grant"}"#, Transient),
        (429, r#"{"error":"invalid_grant"}"#, Transient),
        (403, r#"{"error":"invalid_grant"}"#, Protocol),
        (404, r#"{"error":"invalid_grant"}"#, Protocol),
        (302, r#"{"error":"invalid_grant"}"#, Protocol),
        (307, "", Protocol),
        (200, r#"{"error":"invalid_grant"}"#, Protocol),
        (204, "", Protocol),
        (
            400,
            r#"{"error":"temporarily_unavailable","error_description":"invalid_grant"}"#,
            Transient,
        ),
        (
            400,
            r#"{"error":"server_error","error_description":"invalid_grant"}"#,
            Transient,
        ),
        (400, r#"{"error":"Invalid_Grant"}"#, Transient),
        (400, r#"{"error":"invalid_grant "}"#, Transient),
        (400, r#"{"error":"x\n<b>"}"#, Transient),
        (400, r#"{"error":["invalid_grant"]}"#, Protocol),
        (400, r#"{"error":{"error":"invalid_grant"}}"#, Protocol),
        (400, r#"{"error_description":"invalid_grant"}"#, Protocol),
        (400, r#"{"__type":"NotAuthorizedException"}"#, Protocol),
        (400, r#""invalid_grant""#, Protocol),
        (400, "error=invalid_grant", Protocol),
        (400, "", Protocol),
        // About the app client, not the token.
        (400, r#"{"error":"invalid_client"}"#, Transient),
        (401, r#"{"error":"invalid_client"}"#, Transient),
        (400, r#"{"error":"unauthorized_client"}"#, Transient),
        (400, r#"{"error":"unsupported_grant_type"}"#, Transient),
        (400, r#"{"error":"invalid_request"}"#, Transient),
    ];
    judge(&cases, async |cognito| cognito.refresh("R").await).await;
}

#[tokio::test]
async fn only_the_apis_own_word_is_fatal() {
    let cases = [
        (
            400,
            r#"{"__type":"NotAuthorizedException","message":"Refresh Token has expired"}"#,
            Fatal,
        ),
        (400, r#"{"__type":"RefreshTokenReuseException"}"#, Fatal),
        (400, r#"{"__type":"UserNotFoundException"}"#, Fatal),
        (400, r#"{"__type":"UserNotConfirmedException"}"#, Fatal),
        (400, r#"{"__type":"PasswordResetRequiredException"}"#, Fatal),
        (
            400,
            r#"{"__type":"com.amazonaws.cognito#NotAuthorizedException"}"#,
            Fatal,
        ),
        (
            400,
            r#"{"__type":"NotAuthorizedException:http://internal.amazon.com/x#y/"}"#,
            Fatal,
        ),
        (500, r#"{"__type":"NotAuthorizedException"}"#, Transient),
        (503, "NotAuthorizedException", Transient),
        (429, r#"{"__type":"NotAuthorizedException"}"#, Transient),
        (403, r#"{"__type":"NotAuthorizedException"}"#, Protocol),
        (500, r#"{"__type":"InternalErrorException"}"#, Transient),
        (
            400,
            r#"{"__type":"TooManyRequestsException","message":"NotAuthorizedException"}"#,
            Transient,
        ),
        (400, r#"{"__type":"LimitExceededException"}"#, Transient),
        (400, r#"{"__type":"ResourceNotFoundException"}"#, Transient),
        (400, r#"{"__type":"InvalidParameterException"}"#, Transient),
        (400, r#"{"__type":"UnexpectedLambdaException"}"#, Transient),
        (400, r#"{"__type":"xNotAuthorizedException"}"#, Transient),
        (400, r#"{"__type":""}"#, Transient),
        (400, r#"{"message":"NotAuthorizedException"}"#, Protocol),
        (400, r#"{"error":"invalid_grant"}"#, Protocol),
        (400, r#"{"__type":7}"#, Protocol),
        (400, "<html>NotAuthorizedException", Protocol),
        (200, "{}", Protocol),
        (
            200,
            r#"{"ChallengeName":"SMS_MFA","Session":"x"}"#,
            Protocol,
        ),
        (200, r#"{"AuthenticationResult":{}}"#, Protocol),
    ];
    judge(&cases, async |cognito| cognito.refresh_rotating("R").await).await;
}

#[tokio::test]
async fn a_success_must_carry_an_access_token() {
    for body in [
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":null}"#,
        r#"{"id_token":"I","token_type":"Bearer"}"#,
        r#"{"access_token":"A","token_type":"DPoP"}"#,
        r#"{"access_token":"A","access_token":"B"}"#,
    ] {
        let server = Server::answering(200, body).await;
        assert_eq!(
            fate(public(&server.url).refresh("R").await),
            Protocol,
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_answer_may_be_partial() {
    for (body, expires_in) in [
        (r#"{"access_token":"A"}"#, None),
        (
            r#"{"access_token":"A","token_type":"bearer","expires_in":"soon"}"#,
            None,
        ),
        (
            r#"{"access_token":"A","id_token":null,"refresh_token":null,"expires_in":null}"#,
            None,
        ),
        (
            r#"{"access_token":"A","id_token":"","refresh_token":"","expires_in":300}"#,
            Some(300),
        ),
        (r#"{"access_token":"A","new_in_2027":{}}"#, None),
    ] {
        let server = Server::answering(200, body).await;
        let tokens = public(&server.url).refresh("R").await.unwrap();
        assert_eq!(tokens.access_token.expose(), "A");
        assert!(
            tokens.id_token.is_none() && tokens.refresh_token.is_none(),
            "{body}"
        );
        assert_eq!(tokens.expires_in, expires_in, "{body}");
    }
}

#[tokio::test]
async fn tokens_do_not_print() {
    let server = Server::answering(
        200,
        r#"{"access_token":"s3cret","id_token":"s3cret",
        "refresh_token":"s3cret"}"#,
    )
    .await;
    let tokens = public(&server.url).refresh("s3cret").await.unwrap();
    assert!(!format!("{tokens:?}").contains("s3cret"));
    let settings = crate::server::settings(&server.url);
    let client_secret = Some("s3cret".to_owned().into());
    let settings = cogward_cognito::Settings {
        client_secret,
        ..settings
    };
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let filled = |length| {
        format!(
            r#"{{"access_token":"A","filler":"{}"}}"#,
            "x".repeat(length)
        )
    };
    let server = Server::answering(200, filled(255 * 1024)).await;
    assert!(public(&server.url).refresh("R").await.is_ok());
    let server = Server::answering(200, filled(20_000_000)).await;
    assert_eq!(fate(public(&server.url).refresh("R").await), Protocol);
    let server = Server::answering(400, "x".repeat(20_000_000)).await;
    assert_eq!(fate(public(&server.url).refresh("R").await), Protocol);
}
