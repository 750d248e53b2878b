//! The calls that came last, for people who wonder what their application does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use minijinja::{Value, context};
use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::rfc3339;
use crate::core::Core;
use crate::model::model;

const KEPT: usize = 200;

/// One call: what was asked and how it ended, never what was in it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Call {
    /// An operation of the API, or method and path.
    name: String,
    status: u16,
    /// The exception's name.
    error: Option<String>,
    milliseconds: u64,
    at: String,
}

impl Call {
    pub(crate) fn for_page(&self) -> Value {
        let Self {
            name,
            status,
            error,
            milliseconds,
            at,
        } = self;
        context! { name, status, error, milliseconds, at }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    calls: VecDeque<Call>,
    /// How often they were forgotten.
    cleared: u64,
}

impl Calls {
    /// Newest first.
    pub(crate) fn all(&self) -> Vec<Call> {
        self.0.lock().calls.iter().rev().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.0.lock();
        kept.calls.clear();
        kept.cleared += 1;
    }

    /// What is to be said when a call that begins now is added.
    fn begin(&self) -> u64 {
        self.0.lock().cleared
    }

    /// A call that began before they were forgotten is not added.
    fn add(&self, begun: u64, call: Call) {
        let mut kept = self.0.lock();
        if kept.cleared != begun {
            return;
        }
        if kept.calls.len() == KEPT {
            kept.calls.pop_front();
        }
        kept.calls.push_back(call);
    }
}

/// Remembers every call but those to `/_local` itself.
pub(crate) async fn remember(
    State(core): State<Arc<Core>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(name) = name(&request) else {
        return next.run(request).await;
    };
    let place = core.calls.begin();
    let begun = tokio::time::Instant::now();
    let response = next.run(request).await;
    let took: Duration = begun.elapsed();
    core.calls.add(
        place,
        Call {
            name,
            status: response.status().as_u16(),
            error: response
                .headers()
                .get("x-amzn-errortype")
                .and_then(|value: &HeaderValue| value.to_str().ok())
                .map(|kind| kind.trim_end_matches(':').to_owned()),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            at: rfc3339(core.clock.now()),
        },
    );
    response
}

/// Without the query, which may hold codes; a path that is not the pool's could say anything.
fn name(request: &Request) -> Option<String> {
    let path = request.uri().path();
    if path == "/_local" || path.starts_with("/_local/") {
        return None;
    }
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .and_then(|target| target.rsplit('.').next());
    if let Some(target) = target.filter(|_| path == "/") {
        let known = model().operation(target).map(|(name, _)| name);
        return Some(known.unwrap_or("unknown operation").to_owned());
    }
    let path: String = path.chars().take(100).collect();
    Some(format!("{} {path}", request.method()))
}
