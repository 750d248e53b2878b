//! `POST /auth/authorize`: a decision by the policies that Cogward brings along, told to the
//! audit trail.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Result;
use aws_lc_rs::rand::SystemRandom;
use cogward_auth::Authorization;
use cogward_auth::audit::{Trail, Whose};
use cogward_session::SystemClock;

use crate::generator::request;
use crate::sessions::{CLIENT_ID, POOL_ID};

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
pub(crate) fn trail() -> Result<Trail> {
    let whose = Whose {
        pool: POOL_ID,
        client: CLIENT_ID,
    };
    let nowhere = || -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(OpenOptions::new().write(true).open("/dev/null")?))
    };
    let clock = Arc::new(SystemClock);
    Ok(Trail::begin(
        Box::new(nowhere),
        &whose,
        clock,
        &SystemRandom::new(),
    )?)
}
