//! From a path to its handler. What applications ask with every page of theirs,
//! the routes that only read a session and the one that decides, goes there directly:
//! axum's router, ready for anything, costs half as much as all the checking of a session.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};
use tower::Service as _;
use utoipa::openapi::OpenApi;

use crate::App;
use crate::error::Error;
use crate::extract::{CurrentSession, Json, SignedIn, User};
use crate::routes::{authorize, check, me, profile, token};

/// The router, and a shorter way to some of its routes.
#[derive(Clone)]
pub(crate) struct Dispatch {
    app: Arc<App>,
    reads: Arc<[(String, Read)]>,
    decides: Option<Arc<str>>,
    router: Router,
}

/// A route that only reads a session.
#[derive(Clone, Copy)]
enum Read {
    Check,
    Me,
    Profile,
    Token,
}

/// By operation id.
const READS: [(&str, Read); 4] = [
    ("check", Read::Check),
    ("me", Read::Me),
    ("profile", Read::Profile),
    ("token", Read::Token),
];

impl Dispatch {
    /// Where these routes are is asked of the document, so that paths stand in
    /// the router alone; one of a family that is off is nowhere.
    pub(crate) fn new(app: &Arc<App>, document: &OpenApi, router: Router) -> Self {
        let reads = READS.iter();
        let reads = reads.filter_map(|(id, read)| Some((path_of(document, id)?, *read)));
        Self {
            app: Arc::clone(app),
            reads: reads.collect(),
            decides: path_of(document, "authorize").map(Into::into),
            router,
        }
    }

    pub(crate) async fn answer(&self, request: Request) -> Response {
        if request.method() == Method::GET {
            let path = request.uri().path();
            let found = self.reads.iter().find(|(known, _)| known == path);
            if let Some((_, read)) = found {
                let answer = self.read(*read, request.headers()).await;
                return answer.into_response();
            }
        }
        if request.method() == Method::POST && self.decides.as_deref() == Some(request.uri().path())
        {
            return self.decide(request).await.into_response();
        }
        let answer = self.router.clone().call(request).await;
        answer.unwrap_or_else(|never| match never {})
    }

    async fn decide(&self, request: Request) -> Result<Response, Error> {
        let user = User::of(&self.app, request.headers()).await.map(SignedIn)?;
        let question = Json::from_request(request, &self.app).await;
        authorize::authorize(State(Arc::clone(&self.app)), user, question).await
    }

    async fn read(&self, read: Read, headers: &HeaderMap) -> Result<Response, Error> {
        let user = async || User::of(&self.app, headers).await.map(SignedIn);
        match read {
            Read::Check => check::check(user().await?).await,
            Read::Me => me::me(user().await?).await,
            Read::Profile => profile::profile(user().await?).await,
            Read::Token => {
                let session = CurrentSession::of(&self.app, headers).await?;
                token::token(State(Arc::clone(&self.app)), session).await
            }
        }
    }
}

fn path_of(document: &OpenApi, operation: &str) -> Option<String> {
    let mut paths = document.paths.paths.iter();
    let found = paths.find(|(_, item)| {
        let mut operations = [&item.get, &item.post].into_iter().flatten();
        operations.any(|it| it.operation_id.as_deref() == Some(operation))
    });
    found.map(|(path, _)| path.clone())
}
