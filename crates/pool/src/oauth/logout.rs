use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, Uri};

use super::params::Params;
use super::redirect::allowed;
use super::request::AuthorizeRequest;
use crate::core::Core;
use crate::error::Result;
use crate::pages::{self, Visit};

/// `GET /logout`: ends the browser's session with the pages; tokens stay as they are.
pub(crate) async fn logout(
    State(core): State<Arc<Core>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    pages::serve(core, answer, Method::GET, uri, headers, None).await
}

fn answer(core: &Core, visit: &Visit) -> Result<Response> {
    let params = Params::parse(visit.query.as_bytes());
    let (Ok(Some(client_id)), Ok(logout_uri), Ok(redirect_uri)) = (
        params.get("client_id"),
        params.get("logout_uri"),
        params.get("redirect_uri"),
    ) else {
        return Ok(missing("client_id"));
    };
    let Some(client) = core.find_client(client_id) else {
        return Ok(pages::error_page(core, "Client does not exist."));
    };
    let location = match (logout_uri, redirect_uri) {
        (Some(logout_uri), _) => {
            match allowed(&client, logout_uri, &client.logout_urls, &core.logout_urls) {
                Some(url) => url.into(),
                None => {
                    let message =
                        "redirect_mismatch: logout_uri is not one of this client's sign-out URLs.";
                    return Ok(pages::error_page(core, message));
                }
            }
        }
        (None, None) => return Ok(missing("redirect_uri")),
        (None, Some(_)) => match AuthorizeRequest::parse(core, &visit.query) {
            Ok(request) => format!("/login?{}", request.query()),
            Err(refusal) => return Ok(pages::refused(core, refusal)),
        },
    };
    let mut response = pages::found(&location);
    pages::session::end(core, visit, &mut response)?;
    Ok(response)
}

fn missing(name: &str) -> Response {
    let message = format!("Required String parameter '{name}' is not present");
    (StatusCode::BAD_REQUEST, message).into_response()
}
