//! `GET /api/v1/auth/context/{name}`: who is the caller in the application's own terms?

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use cogward_auth::context::{self, NoContext};
use http::HeaderMap;

use super::answer;
use crate::App;
use crate::error::{Code, Error, Problem};
use crate::extract::SignedIn;

/// Who somebody is in one context.
#[derive(utoipa::ToSchema)]
#[schema(as = UserContext)]
#[expect(dead_code, reason = "describes what another crate's type is as JSON")]
pub(crate) struct Described {
    /// The claim `sub`.
    id: String,
    /// The name in the user pool; null for a machine.
    username: Option<String>,
    /// Only an address that Cognito verified; access tokens carry none.
    email: Option<String>,
    /// In the user pool.
    groups: Vec<String>,
    /// Which context this is.
    context: String,
    /// In this context, in alphabetical order.
    roles: Vec<String>,
    /// When the roles were asked for, seconds since the Unix epoch.
    roles_as_of: i64,
}

/// The caller's id, name, groups, and roles in one of the application's contexts.
#[utoipa::path(
    get, path = "", operation_id = "context", tag = "Backend proxy",
    security(("session" = []), ("bearer" = [])),
    params(("name" = String, Path, description = "One of `context.names`")),
    responses(
        (status = 200, description = "The caller in this context", body = Described),
        (status = 400, description = "Not exactly one bearer token", body = Problem),
        (
            status = 401, description = "Not signed in, or the token is refused", body = Problem,
            headers(("WWW-Authenticate" = String, description = "`Cookie`, or `Bearer` with what is wrong with the token")),
        ),
        (status = 403, description = "Asked with a session by a page of another origin", body = Problem),
        (status = 404, description = "There is no such context", body = Problem),
        (status = 503, description = "The IAM service does not tell, and what it told is too old; or store, Cognito or its signing keys do not answer", body = Problem),
    ),
)]
pub(crate) async fn context(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let caller = user.in_context(&headers)?;
    let told = context::of(&app.auth, caller, &name).await;
    answer(&told.map_err(refusal)?)
}

fn refusal(error: NoContext) -> Error {
    match error {
        NoContext::Unknown => Code::NotFound.into(),
        NoContext::Session(error) => error.into(),
        NoContext::Unavailable(_) => Error::from(Code::Unavailable).caused_by(&error),
    }
}
