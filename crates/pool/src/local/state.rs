//! The whole state at once: back to the beginning, out as a file, and the time it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::guard::{self, Body};
use crate::clock::LATEST;
use crate::core::Core;
use crate::seed;

const LONGEST_ADVANCE: i64 = 10 * 366 * 86400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `POST /_local/reset`
pub(super) async fn reset(
    State(core): State<Arc<Core>>,
    Body(Nothing {}): Body<Nothing>,
) -> Response {
    match core.blocking(Core::reset).await {
        Ok(()) => Json(json!({})).into_response(),
        Err(error) => guard::fail(&error),
    }
}

/// `GET /_local/export`
pub(super) async fn export(State(core): State<Arc<Core>>) -> Response {
    let kind = HeaderValue::from_static("application/toml");
    match core.blocking(seed::export).await {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(error) => guard::fail(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetClock {
    advance_seconds: Option<i64>,
    /// Given as null, the clock runs again.
    #[serde(default, deserialize_with = "given")]
    fixed_at: Option<Option<i64>>,
}

/// `POST /_local/clock`
pub(super) async fn set_clock(
    State(core): State<Arc<Core>>,
    Body(body): Body<SetClock>,
) -> Response {
    match (body.advance_seconds, body.fixed_at) {
        (Some(seconds), None) if (0..=LONGEST_ADVANCE).contains(&seconds) => {
            core.clock.advance(seconds);
        }
        (None, Some(Some(at))) if (0..=LATEST).contains(&at) => core.clock.fix(at),
        (None, Some(None)) => core.clock.reset(),
        (None, None) => return guard::bad_request("give advance_seconds or fixed_at"),
        (Some(_), None) => return guard::bad_request("advance_seconds must be 0 to ten years"),
        (None, Some(_)) => {
            return guard::bad_request(
                "fixed_at must be seconds since 1970, up to the year 2200, or null",
            );
        }
        (Some(_), Some(_)) => {
            return guard::bad_request("give advance_seconds or fixed_at, not both");
        }
    }
    Json(json!({ "now": core.clock.now() })).into_response()
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
