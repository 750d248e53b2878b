//! What is refused before anybody looks who sends it: too many requests first, then addresses that
//! are too long and requests that a page elsewhere may have caused. It lies inside CORS, so that a
//! page of the frontend can read why it was refused.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use cogward_auth::audit::{self, Refused};
use http::StatusCode;
use tower::Service;

use super::errors::Errors;
use super::rate_limit::Left;
use crate::error::{Code, Error};
use crate::extract::address;
use crate::{App, origin};

/// A plain type around the routes, not a layer of axum's: those are boxed and
/// cloned for every request.
#[derive(Clone)]
pub(crate) struct Guard {
    app: Arc<App>,
    routes: Errors,
}

impl Guard {
    pub(super) fn new(app: &Arc<App>, routes: Errors) -> Self {
        let app = Arc::clone(app);
        Self { app, routes }
    }

    /// Counts a request that is answered elsewhere.
    pub(super) fn count(&self, request: &Request, from: Option<IpAddr>) -> Result<(), Error> {
        let counted = self.app.rate_limiter.begin(&self.app, request, from);
        counted.map(drop)
    }

    /// Answers who calls `from` there. `left` becomes what he has left of his limits: not in a
    /// tuple with the answer, which is big and would be moved about.
    pub(super) async fn answer<'a>(
        &'a self,
        request: Request,
        from: Option<IpAddr>,
        left: &mut Option<Left<'a>>,
    ) -> Response {
        let (app, limiter) = (&self.app, &self.app.rate_limiter);
        let counted = match limiter.begin(app, &request, from) {
            Ok(Some(granted)) => {
                *left = granted.left;
                Some(granted.to)
            }
            Ok(None) => None,
            Err(limited) => return limited.into_response(),
        };
        let response = match check(app, &request) {
            Ok(()) => self.routes.answer(request).await,
            Err(error) => {
                audit::refused(Refused::Request, &error.message());
                error.into_response()
            }
        };
        let counted = counted.map_or(Ok(()), |whom| limiter.end(app, whom, &response));
        let response = counted.map_or_else(Error::into_response, |()| response);
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            // It tells of the limit that was met.
            *left = None;
        }
        response
    }
}

/// For CORS, which wants a service to surround.
impl Service<Request> for Guard {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let guard = self.clone();
        Box::pin(async move {
            let from = address(&guard.app.site, request.headers(), request.extensions());
            let mut left = None;
            let mut response = guard.answer(request, from, &mut left).await;
            if let Some(left) = left {
                left.add_headers(response.headers_mut());
            }
            Ok(response)
        })
    }
}

/// In bytes. No link that is ours, or leads here from Cognito, comes near.
const MAX_TARGET: usize = 16 * 1024;

/// Refuses addresses that are too long, and unsafe requests that a page elsewhere may have caused.
fn check(app: &App, request: &Request) -> Result<(), Error> {
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| target.as_str().len() > MAX_TARGET) {
        return Err(Code::UriTooLong.into());
    }
    if !origin::is_unsafe(request.method()) {
        return Ok(());
    }
    origin::check(&app.origins, request.headers())?;
    if app.site.in_token_handler(request.uri().path()) {
        origin::check_header(request.headers())?;
    }
    Ok(())
}
