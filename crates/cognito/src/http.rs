//! One call: limits, and what its answer means.

use std::error::Error;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::error::{BuildError, CallError};

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const CALL_LIMIT: Duration = Duration::from_secs(4);
/// For a call that cannot be made twice.
const PATIENT_LIMIT: Duration = Duration::from_secs(15);
const MAX_BODY: usize = 256 * 1024;

/// A client whose calls take 4 s at most, connecting 2 s of them, and follow no redirects; one
/// certificate (PEM) may be good beside those of the system's authorities.
///
/// # Errors
/// No TLS roots, or a certificate that is none.
pub fn client(trusted: Option<&str>) -> Result<Client, BuildError> {
    let trusted = trusted.map(|pem| Certificate::from_pem(pem.as_bytes()));
    let trusted = trusted.transpose().map_err(BuildError::Http)?;
    Client::builder()
        .tls_certs_merge(trusted)
        .connect_timeout(CONNECT_LIMIT)
        .timeout(CALL_LIMIT)
        .redirect(Policy::none())
        .user_agent(concat!("cogward/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(BuildError::Http)
}

/// How one of Cognito's two interfaces words a refusal.
pub(crate) struct Dialect {
    /// The error's name in a refusal, if that is what the body is.
    pub(crate) name: fn(&Value) -> Option<&str>,
    /// Names that say: this code or token is dead.
    pub(crate) dead: &'static [&'static str],
    /// Names that say: later.
    pub(crate) later: &'static [&'static str],
}

/// Gives the body of a 200.
pub(crate) async fn call(
    operation: &str,
    request: RequestBuilder,
    dialect: &Dialect,
) -> Result<Vec<u8>, CallError> {
    let mut response = request.send().await.map_err(broken)?;
    let status = response.status();
    let body = read_bounded(&mut response).await?;
    if status == StatusCode::OK {
        return Ok(body);
    }
    Err(refusal(operation, status, &body, dialect))
}

/// The same for a call that cannot be made twice. An answer that is there counts even if its
/// time is over, as it is once a process that was stopped goes on; the client's own limit would
/// throw it away.
pub(crate) async fn call_patiently(
    operation: &str,
    request: RequestBuilder,
    dialect: &Dialect,
) -> Result<Vec<u8>, CallError> {
    let unlimited = request.timeout(Duration::MAX);
    let called = tokio::time::timeout(PATIENT_LIMIT, call(operation, unlimited, dialect)).await;
    called.unwrap_or_else(|_| {
        Err(CallError::Transient {
            what: format!("timed out: no answer within {PATIENT_LIMIT:?}"),
        })
    })
}

/// Only the status and the parsed name count: text in a body may come from anyone.
fn refusal(operation: &str, status: StatusCode, body: &[u8], dialect: &Dialect) -> CallError {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return CallError::Transient {
            what: format!("{operation} answered {}", status.as_u16()),
        };
    }
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let refusing = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED);
    let Some(name) = (dialect.name)(&body).filter(|_| refusing) else {
        tracing::warn!(
            operation,
            status = status.as_u16(),
            "answer is not Cognito's"
        );
        return CallError::Protocol;
    };
    if dialect.dead.contains(&name) {
        return CallError::Fatal {
            error: name.to_owned(),
        };
    }
    let name = printable(name);
    if !dialect.later.contains(&&*name) {
        tracing::error!(
            operation,
            error = name,
            "refused: check app client id, secret and flows"
        );
    }
    CallError::Transient {
        what: format!("{operation} answered {name}"),
    }
}

/// The answer may come from anyone; the log is ours.
fn printable(name: &str) -> String {
    let harmless = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().filter(harmless).take(64).collect()
}

async fn read_bounded(response: &mut Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(CallError::Protocol);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause says most: "connection refused", "certificate has expired".
fn broken(error: reqwest::Error) -> CallError {
    let kind = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "timed out",
        (_, true) => "cannot connect",
        _ => "broken connection",
    };
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    CallError::Transient {
        what: format!("{kind}: {cause}"),
    }
}
