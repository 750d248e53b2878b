//! `POST /auth/authorize`: a decision by the policies that Cogward brings along, told to the
//! audit log.

use std::fs::OpenOptions;

use anyhow::{Result, anyhow};
use cogward_auth::Authorization;

use crate::generator::request;

pub(crate) const PATH: &str = "/auth/authorize";
const QUESTION: &str = r#"{"action":"write:content","resource":{"id":"document-0123456789","type":"document"},"context":{}}"#;

/// What is asked at a path, as bytes, with the header that tells who asks.
pub(crate) fn question(path: &str, credentials: &str) -> Vec<u8> {
    if path != PATH {
        return request(path, credentials);
    }
    let length = QUESTION.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: cogward-bench\r\nAccept: */*\r\n\
         X-L42-CSRF: 1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         {credentials}\r\n\r\n{QUESTION}"
    )
    .into_bytes()
}

/// The policies in force.
pub(crate) fn authorization() -> Result<Authorization> {
    let authorization = Authorization::none();
    let policies = &authorization.policies;
    policies.take(&policies.source().read()?)?;
    Ok(authorization)
}

/// Writes events as the binary does, to where nobody reads them.
pub(crate) fn audit() -> Result<()> {
    let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
    let lines = tracing_subscriber::fmt().with_env_filter("info");
    let lines = lines.with_writer(nowhere).json().flatten_event(true);
    lines.try_init().map_err(|error| anyhow!(error))
}
