//! The session a request comes with, ready to use.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use cogward_auth::audit::{self, Refused};
use cogward_auth::session::{self, Current};
use http::HeaderMap;
use http::request::Parts;

use crate::cookies::Which;
use crate::error::Error;
use crate::{App, origin};

/// A session within its deadlines, its tokens fresh, asked for by a page that may.
pub(crate) struct CurrentSession(pub(crate) Current);

impl CurrentSession {
    pub(crate) async fn of(app: &Arc<App>, headers: &HeaderMap) -> Result<Self, Error> {
        origin::check(&app.origins, headers)
            .inspect_err(|error| audit::refused(Refused::Request, &error.message()))?;
        let cookie = app.site.cookies.read(headers, Which::Session);
        Ok(Self(session::current(&app.auth, cookie).await?))
    }
}

impl FromRequestParts<Arc<App>> for CurrentSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        Self::of(app, &parts.headers).await
    }
}
