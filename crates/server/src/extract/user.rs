//! Who calls: by a session or by a bearer token, as one type for both.
//!
//! One rule where both could be meant: an `Authorization` header of the scheme `Bearer`
//! decides alone. The cookie beside it is not looked at, also when the token is no good.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use cogward_auth::audit::{self, Refused};
use cogward_auth::authorize::Asking;
use cogward_auth::context::Caller;
use cogward_auth::session::Current;
use cogward_auth::{Bearers, bearer, chain};
use cogward_jwt::bearer::{Reason, Refusal, credentials};
use cogward_jwt::{AnyClaims, Claims as _, Verified};
use cogward_policy::Principal;
use http::HeaderMap;
use http::request::Parts;

use super::CurrentSession;
use crate::App;
use crate::error::{Code, Error};

/// The caller, for routes of an application that lives in the same process. Without one
/// the answer is 401 `{"detail"}`; `Option<User>` lets everybody in.
#[derive(Clone)]
pub struct User(By);

#[derive(Clone)]
enum By {
    Session(Current),
    Bearer(Verified<AnyClaims>),
}

impl User {
    /// Cognito's name of the person, for ever.
    pub fn sub(&self) -> &str {
        match &self.0 {
            By::Session(current) => &current.identity().sub,
            By::Bearer(claims) => claims.sub(),
        }
    }

    /// The address, as the ID token has it; access tokens carry none.
    pub fn email(&self) -> Option<&str> {
        match &self.0 {
            By::Session(current) => current.identity().email.as_deref(),
            By::Bearer(claims) => claims.email(),
        }
    }

    /// The address, only if Cognito verified it.
    fn verified_email(&self) -> Option<&str> {
        match &self.0 {
            By::Session(current) => current.identity().verified_email(),
            By::Bearer(claims) => claims.verified_email(),
        }
    }

    /// As the policies are asked of the caller.
    pub(crate) fn asking(&self) -> Asking<'_> {
        Asking {
            principal: Principal {
                sub: self.sub(),
                email: self.verified_email(),
                groups: self.groups(),
            },
            session: self.session().map(Current::handle),
        }
    }

    /// The groups in the user pool.
    pub fn groups(&self) -> &[String] {
        match &self.0 {
            By::Session(current) => &current.identity().groups,
            By::Bearer(claims) => claims.groups(),
        }
    }

    /// Lets only members of a group go on; others get 403 with `detail`.
    ///
    /// # Errors
    /// The caller is not in that group, exactly as it is spelt.
    pub fn require_group(&self, group: &str, detail: &'static str) -> Result<(), Denied> {
        match self.groups().iter().any(|name| name == group) {
            true => Ok(()),
            false => {
                let session = self.session().map(Current::handle);
                audit::refused_to(Refused::Request, Some(self.sub()), session, &detail);
                let refusal = Refusal::from(Reason::Group).with_detail(detail);
                Err(Denied(Error::from(refusal).plain()))
            }
        }
    }

    /// As the application's IAM service is asked of the caller; the `headers` are those that the
    /// caller came with.
    pub(crate) fn in_context<'a>(&'a self, headers: &'a HeaderMap) -> Result<Caller<'a>, Error> {
        Ok(match &self.0 {
            By::Session(current) => Caller::Session(current),
            By::Bearer(claims) => Caller::Bearer(claims, credentials(headers)?.unwrap_or_default()),
        })
    }

    /// The session that this is, if it is one.
    pub(crate) fn session(&self) -> Option<&Current> {
        match &self.0 {
            By::Session(current) => Some(current),
            By::Bearer(_) => None,
        }
    }

    pub(crate) async fn of(app: &Arc<App>, headers: &HeaderMap) -> Result<Self, Error> {
        if app.auth.settings().bearers != Bearers::Off
            && let Some(token) = credentials(headers).inspect_err(tell)?
        {
            let accepted = bearer::accept(&app.auth, token).await;
            if let Err(error) = &accepted
                && !error.is_transient()
            {
                tell(error);
            }
            return Ok(Self(By::Bearer(accepted?)));
        }
        let CurrentSession(current) = CurrentSession::of(app, headers).await?;
        Ok(Self(By::Session(current)))
    }
}

fn tell(error: &impl std::error::Error) {
    audit::refused(Refused::Bearer, &chain(error));
}

/// Why a route of an application does not answer as asked: it does not know its caller, as a rule.
pub struct Denied(Error);

impl Denied {
    fn to(app: &App, error: Error) -> Self {
        let error = error.plain();
        Self(match app.auth.settings().bearers {
            Bearers::Off => error,
            _ => error.or_bearer(),
        })
    }

    /// 404 with `detail`, for a caller that may know.
    pub fn not_found(detail: &'static str) -> Self {
        Self(Code::NotThere.saying(detail).plain())
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for User
where
    Arc<App>: FromRef<S>,
{
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Denied> {
        let app = Arc::from_ref(state);
        let user = Self::of(&app, &parts.headers).await;
        user.map_err(|error| Denied::to(&app, error))
    }
}

/// `None` for nobody and for a session or token that is no good. Where that could not be
/// found out it is an error still: an outage signs nobody out.
impl<S: Sync> OptionalFromRequestParts<S> for User
where
    Arc<App>: FromRef<S>,
{
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Denied> {
        let app = Arc::from_ref(state);
        match Self::of(&app, &parts.headers).await {
            Ok(user) => Ok(Some(user)),
            Err(error) if error.status().is_server_error() => Err(Denied::to(&app, error)),
            Err(_) => Ok(None),
        }
    }
}

/// The same for Cogward's own routes, which say their errors in the way of their family.
pub(crate) struct SignedIn(pub(crate) User);

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        User::of(app, &parts.headers).await.map(Self)
    }
}
