use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

use crate::core::Core;
use crate::error::ApiError;
use crate::model::model;
use crate::ops;

/// Endpoints that are no operation of the API.
const ENDPOINTS: [&str; 6] = [
    "oauth2/authorize",
    "oauth2/token",
    "oauth2/userInfo",
    "oauth2/revoke",
    "jwks",
    "openid-configuration",
];

/// What can be counted and made to fail: operations of the API by name, then the endpoints.
pub(crate) fn operations() -> impl Iterator<Item = &'static str> {
    model().names().chain(ENDPOINTS)
}

/// A failure to answer with; see [`crate::local`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    op: String,
    status: Option<u16>,
    #[serde(rename = "type")]
    kind: Option<String>,
    times: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
    body: Option<String>,
    #[serde(default)]
    drop: bool,
}

/// Faults waiting, at most one an operation.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<HashMap<&'static str, Fault>>);

/// Marks an answer that closes the connection instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DropConnection;

impl Faults {
    /// Sets the fault of its operation, or lifts it when `times` is 0.
    ///
    /// Answers the errors that the service model declares for the operation.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub(crate) fn set(&self, fault: Fault) -> Result<&'static [String], String> {
        let Some(op) = operations().find(|op| *op == fault.op) else {
            return Err(format!(
                "unknown op {:?}; valid are: {}",
                fault.op,
                operations().collect::<Vec<_>>().join(", ")
            ));
        };
        if fault
            .status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return Err("status must be 200 to 599".to_owned());
        }
        if fault.delay_ms > 600_000 {
            return Err("delay_ms must be at most 600000".to_owned());
        }
        let idle = !fault.fails() && fault.delay_ms == 0;
        if fault.times != Some(0) && idle {
            return Err("a fault needs status, type, body, drop or delay_ms".to_owned());
        }
        if fault.times == Some(0) {
            self.0.lock().remove(op);
        } else {
            self.0.lock().insert(op, fault);
        }
        let declared = model().operation(op).map(|(_, model)| &model.errors);
        Ok(declared.map_or(&[], Vec::as_slice))
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    fn take(&self, op: &'static str) -> Option<Fault> {
        let mut faults = self.0.lock();
        let fault = faults.get_mut(op)?;
        let taken = fault.clone();
        let left = fault.times.unwrap_or(1).saturating_sub(1);
        fault.times = Some(left);
        if left == 0 {
            faults.remove(op);
        }
        Some(taken)
    }
}

impl Fault {
    fn fails(&self) -> bool {
        self.status.is_some() || self.kind.is_some() || self.body.is_some() || self.drop
    }

    fn answer(self) -> Response {
        if self.drop {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(DropConnection);
            return response;
        }
        let api = !ENDPOINTS.contains(&self.op.as_str());
        let mut response = if api {
            self.api_answer()
        } else {
            self.oauth_answer()
        };
        if let Some(status) = self
            .status
            .and_then(|status| StatusCode::from_u16(status).ok())
        {
            *response.status_mut() = status;
        }
        if let Some(body) = self.body {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::from(body);
        }
        response
    }

    fn api_answer(&self) -> Response {
        let kind = self.kind.clone().unwrap_or_else(|| {
            match self.status {
                Some(429) => "TooManyRequestsException",
                Some(500..) => "InternalErrorException",
                _ => "InvalidParameterException",
            }
            .to_owned()
        });
        ops::refusal(&ApiError::new(kind, "Fault set at /_local/faults"))
    }

    fn oauth_answer(&self) -> Response {
        let server = self.status.is_some_and(|status| status >= 500);
        let default = if server {
            "server_error"
        } else {
            "invalid_request"
        };
        let error = self.kind.as_deref().unwrap_or(default);
        let status = if server {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        };
        let mut response = (status, json!({ "error": error }).to_string()).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json;charset=UTF-8"),
        );
        response
    }
}

/// Counts a call and applies its fault: waits, and gives the answer when it is to fail.
pub(crate) async fn arrive(core: &Core, op: &'static str) -> Option<Response> {
    core.stats.count(op);
    let fault = core.faults.take(op)?;
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    fault.fails().then(|| fault.answer())
}
