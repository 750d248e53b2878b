//! `GET /api/v1/auth/logout/redirect`: where a browser also loses Cognito's own session.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;

use super::answer;
use crate::App;
use crate::error::Error;

/// An address to go to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Address {
    /// Cognito's `/logout` with `client_id` and `logout_uri`.
    url: String,
}

/// The address that ends the browser's session with Cognito's hosted page.
#[utoipa::path(
    get, path = "", operation_id = "logoutRedirect", tag = "Backend proxy",
    responses((status = 200, description = "Where to go", body = Address)),
)]
pub(crate) async fn logout_redirect(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let own = app
        .site
        .own_origin(&headers)
        .map(|url| url.origin().ascii_serialization());
    let signed_out = own.as_ref().unwrap_or(&app.site.signed_out_url);
    let url = app.auth.pool().cognito.logout_url(signed_out);
    answer(&Address { url: url.into() })
}
