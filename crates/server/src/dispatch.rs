//! From a path to its handler. What applications ask with every page of theirs
//! goes there directly: axum's router, ready for anything, costs half as much
//! as all the checking of a session.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};
use tower::Service as _;
use utoipa::openapi::OpenApi;

use crate::App;
use crate::error::Error;
use crate::extract::CurrentSession;
use crate::routes::{check, me};

/// The router, and a shorter way to two of its routes.
#[derive(Clone)]
pub(crate) struct Dispatch {
    app: Arc<App>,
    check: Option<Arc<str>>,
    me: Option<Arc<str>>,
    router: Router,
}

impl Dispatch {
    /// Where the two are is asked of the document, so that paths stand in the
    /// router alone.
    pub(crate) fn new(app: &Arc<App>, document: &OpenApi, router: Router) -> Self {
        Self {
            app: Arc::clone(app),
            check: path_of(document, "check"),
            me: path_of(document, "me"),
            router,
        }
    }

    pub(crate) async fn answer(&self, request: Request) -> Response {
        if request.method() == Method::GET {
            let path = Some(request.uri().path());
            if path == self.check.as_deref() {
                return with_session(&self.app, request.headers(), check::check).await;
            }
            if path == self.me.as_deref() {
                return with_session(&self.app, request.headers(), me::me).await;
            }
        }
        let answer = self.router.clone().call(request).await;
        answer.unwrap_or_else(|never| match never {})
    }
}

fn path_of(document: &OpenApi, operation: &str) -> Option<Arc<str>> {
    let mut paths = document.paths.paths.iter();
    let found = paths.find(|(_, item)| {
        let get = item.get.as_ref();
        get.and_then(|get| get.operation_id.as_deref()) == Some(operation)
    });
    found.map(|(path, _)| Arc::from(path.as_str()))
}

async fn with_session<F>(
    app: &Arc<App>,
    headers: &HeaderMap,
    handler: impl Fn(CurrentSession) -> F,
) -> Response
where
    F: Future<Output = Result<Response, Error>>,
{
    let answer = match CurrentSession::of(app, headers).await {
        Ok(session) => handler(session).await,
        Err(error) => Err(error),
    };
    answer.into_response()
}
