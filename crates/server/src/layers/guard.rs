//! What is refused before anybody looks who sends it: too many requests first, then addresses that
//! are too long and requests that a page elsewhere may have caused. It lies inside CORS, so that a
//! page of the frontend can read why it was refused.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use cogward_auth::audit::{self, Refused};
use tower::Service;

use super::errors::Errors;
use crate::error::{Code, Error};
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

    pub(crate) async fn answer(&self, request: Request) -> Response {
        let (app, counted) = (&self.app, async |request| {
            self.answer_counted(request).await
        });
        app.rate_limiter.guard(app, request, counted).await
    }

    async fn answer_counted(&self, request: Request) -> Response {
        if let Err(error) = check(&self.app, &request) {
            audit::refused(Refused::Request, &error.message());
            return error.into_response();
        }
        self.routes.answer(request).await
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
        Box::pin(async move { Ok(guard.answer(request).await) })
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
