//! `GET /auth/permissions`: what may the caller do to this?

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cogward_auth::authorize::{AskedResource, cost_of_permissions, permissions as permitted};
use http::Uri;
use serde::Serialize;

use super::answer;
use super::navigation::query_value;
use crate::App;
use crate::error::{Error, TokenHandlerProblem, Undecided};
use crate::extract::SignedIn;
use crate::layers::Counted;

/// What the caller may do.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Permissions<'a> {
    /// Actions of the schema, in order; not those that need a context.
    actions: &'a [String],
}

/// The actions that the caller may take on a resource, or on the application as a whole.
#[utoipa::path(
    get, path = "", operation_id = "permissions", tag = "Token Handler",
    security(("session" = []), ("bearer" = [])),
    params(
        ("id" = Option<String>, Query, description = "The resource; `_application` without it"),
        ("type" = Option<String>, Query, description = "What it is; `application` without it"),
        ("owner" = Option<String>, Query, description = "`sub` of its owner; not looked at where an entity provider is configured"),
    ),
    responses(
        (status = 200, description = "The actions", body = Permissions<'_>),
        (status = 400, description = "A parameter stands twice or is too long; or not exactly one bearer token", body = TokenHandlerProblem),
        (
            status = 401, description = "Not signed in, or the token is refused", body = TokenHandlerProblem,
            headers(("WWW-Authenticate" = String, description = "`Cookie`, or `Bearer` with what is wrong with the token")),
        ),
        (status = 403, description = "Asked with a session by a page of another origin", body = TokenHandlerProblem),
        (status = 500, description = "What is known of the resource does not fit the schema, or the policies take too long for all actions", body = Undecided),
        (status = 503, description = "No policies are in force; or store, Cognito or its signing keys do not answer", body = Undecided),
    ),
)]
pub(crate) async fn permissions(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    counted: Counted,
    uri: Uri,
) -> Result<Response, Error> {
    let query = uri.query().unwrap_or_default();
    let once = |name| query_value(query, name).map(|value| value.map(Cow::into_owned));
    let resource = AskedResource {
        id: once("id")?,
        kind: once("type")?,
        owner: once("owner")?,
    };
    counted.further(&app, cost_of_permissions(&app.auth) - 1)?;
    match permitted(&app.auth, &user.asking(), &resource).await {
        Ok(actions) => answer(&Permissions { actions: &actions }),
        Err(error) => Err(error.into()),
    }
}
