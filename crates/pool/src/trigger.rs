//! Functions of the pool (Lambda triggers), run beside it: each an HTTP endpoint that is sent
//! Cognito's event and answers with it, as the Lambda runtime emulators do.

use std::time::Duration;

use axum::body::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use url::{Position, Url};

use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::options::POOL_ID;
use crate::settings::Triggers;

/// As long as Cognito waits.
const WITHIN: Duration = Duration::from_secs(5);
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// A function of `CUSTOM_AUTH`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trigger {
    DefineAuthChallenge,
    CreateAuthChallenge,
    VerifyAuthChallengeResponse,
}

impl Trigger {
    fn name(self) -> &'static str {
        match self {
            Self::DefineAuthChallenge => "DefineAuthChallenge",
            Self::CreateAuthChallenge => "CreateAuthChallenge",
            Self::VerifyAuthChallengeResponse => "VerifyAuthChallengeResponse",
        }
    }

    fn url(self, triggers: &Triggers) -> Option<&Url> {
        match self {
            Self::DefineAuthChallenge => triggers.define_auth_challenge.as_ref(),
            Self::CreateAuthChallenge => triggers.create_auth_challenge.as_ref(),
            Self::VerifyAuthChallengeResponse => triggers.verify_auth_challenge_response.as_ref(),
        }
    }
}

/// Runs the function with an event of this `request` and gives its `response`. Call on blocking
/// threads only.
///
/// # Errors
/// `InvalidParameterException` where there is no such function; `UserLambdaValidationException`
/// when it says no, `UnexpectedLambdaException` when it cannot be run and
/// `InvalidLambdaResponseException` when its answer is not one.
pub(crate) fn run(
    core: &Core,
    trigger: Trigger,
    client_id: &str,
    user_name: &str,
    request: &Value,
    response: &Value,
) -> Result<Value> {
    let definition = core.definition();
    let url = trigger.url(&definition.settings.triggers).ok_or_else(|| {
        ApiError::invalid_parameter(
            "Custom auth lambda trigger is not configured for the user pool.",
        )
    })?;
    let name = trigger.name();
    let event = json!({
        "version": "1",
        "region": POOL_ID.split_once('_').map(|(region, _)| region),
        "userPoolId": POOL_ID,
        "userName": user_name,
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id },
        "triggerSource": format!("{name}_Authentication"),
        "request": request,
        "response": response,
    });
    let call = tokio::time::timeout(WITHIN, post(url, event.to_string()));
    let answer = Handle::current().block_on(async { call.await.ok().flatten() });
    let Some((status, body)) = answer else {
        tracing::warn!(%url, "{name} did not answer within {} s", WITHIN.as_secs());
        return Err(unexpected(name));
    };
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    let error = body.as_ref().and_then(|body| body.get("errorMessage"));
    if let Some(error) = error.and_then(Value::as_str) {
        return Err(ApiError::new(
            "UserLambdaValidationException",
            format!("{name} failed with error {error}."),
        ));
    }
    if status != StatusCode::OK {
        return Err(unexpected(name));
    }
    body.and_then(|mut body| body.get_mut("response").map(Value::take))
        .filter(Value::is_object)
        .ok_or_else(|| unrecognized(name))
}

/// The function answered with something that cannot be read.
pub(crate) fn unrecognized(name: &str) -> ApiError {
    ApiError::new(
        "InvalidLambdaResponseException",
        format!("Unrecognizable lambda output from {name}"),
    )
}

fn unexpected(name: &str) -> ApiError {
    ApiError::new(
        "UnexpectedLambdaException",
        format!("{name} could not be invoked: see the log of the local user pool"),
    )
}

/// Status and body, `None` when there is no whole answer.
async fn post(url: &Url, event: String) -> Option<(StatusCode, Bytes)> {
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    // It ends with the answer, or with the time there is for it.
    let connection = tokio::spawn(connection);
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let request = Request::post(target)
        .header(header::HOST, format!("{host}:{port}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(event)))
        .ok()?;
    let answer = async {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_ANSWER);
        Some((status, body.collect().await.ok()?.to_bytes()))
    };
    let answer = answer.await;
    connection.abort();
    answer
}
