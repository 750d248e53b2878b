//! Calls of the user-pool API, one connection each.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// `operation` as bytes, for a connection that stays open.
pub(super) fn request(operation: &str, body: &Value) -> Vec<u8> {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    with_headers("/", &[("X-Amz-Target", &target)], body)
}

/// The answer to `operation`, whatever it is. Asked as an administrator asks whose AWS
/// credentials nobody checks.
pub(super) fn post(address: SocketAddr, operation: &str, body: &Value) -> Result<Answer> {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let headers = [
        ("X-Amz-Target", target.as_str()),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/cognito-idp/aws4_request, \
             SignedHeaders=host, Signature=0",
        ),
        ("Connection", "close"),
    ];
    exchange(address, &with_headers("/", &headers, body))
}

/// The body of the answer to `operation`.
///
/// # Errors
/// Any other answer than 200.
pub(crate) fn call(address: SocketAddr, operation: &str, body: &Value) -> Result<Value> {
    let answer = post(address, operation, body)?;
    let (status, body) = (answer.status, answer.body);
    ensure!(status == 200, "{operation}: {status} {body}");
    Ok(body)
}

/// A `POST` of Cogward's own surface for tests.
pub(crate) fn local(address: SocketAddr, path: &str, body: &Value) -> Result<Value> {
    let headers = [("X-Cogward-Local", "1"), ("Connection", "close")];
    let path = format!("/_local/{path}");
    let answer = exchange(address, &with_headers(&path, &headers, body))?;
    let (status, body) = (answer.status, answer.body);
    ensure!(status == 200, "{path}: {status} {body}");
    Ok(body)
}

fn with_headers(path: &str, headers: &[(&str, &str)], body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let mut request = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    let kind = match path {
        "/" => "application/x-amz-json-1.1",
        _ => "application/json",
    };
    let length = body.len();
    request += &format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
    request.into_bytes()
}

fn exchange(address: SocketAddr, request: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
    Ok(Answer { status, body })
}
