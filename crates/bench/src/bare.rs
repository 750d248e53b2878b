//! The measure: a plain axum server with one route and no layers that gives one
//! answer, headers and body copied from what Cogward said.

use std::path::Path;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::generator::body_of;
use crate::table::say;
use crate::{decisions, messages};

pub(crate) fn run(answer: &Path) -> Result<()> {
    let answer = std::fs::read(answer)?;
    let body = body_of(&answer)?;
    let headers = headers_of(&answer, body.len())?;
    let body = Bytes::copy_from_slice(body);
    // The cheapest way there is: what does not change is only cloned.
    let answer = move || {
        let mut response = Response::new(Body::from(body.clone()));
        response.headers_mut().clone_from(&headers);
        std::future::ready(response)
    };
    let (route, decide) = (get(answer.clone()), post(answer));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            say(&listener.local_addr()?.to_string());
            let router = Router::new()
                .route("/api/v1/auth/check", route.clone())
                .route("/auth/me", route.clone())
                .route(messages::PATH, route)
                .route(decisions::PATH, decide);
            Ok(axum::serve(listener, router).await?)
        })
}

/// Those that hyper adds by itself are left to it.
fn headers_of(answer: &[u8], body: usize) -> Result<HeaderMap> {
    let head = answer.get(..answer.len() - body).unwrap_or_default();
    let head = str::from_utf8(head).context("head is not text")?;
    let mut headers = HeaderMap::new();
    for line in head.trim_end().lines().skip(1) {
        let (name, value) = line.split_once(": ").context("no header")?;
        let name: HeaderName = name.parse()?;
        if name != DATE && name != CONTENT_LENGTH {
            headers.append(name, HeaderValue::from_str(value)?);
        }
    }
    Ok(headers)
}
