use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, Uri};

use crate::core::Core;
use crate::error::Result;
use crate::fault;
use crate::oauth::request::AuthorizeRequest;
use crate::pages::{self, Visit};

/// `GET /oauth2/authorize`: straight back with what was asked for in a browser that
/// is signed in, else to the sign-in page.
pub(crate) async fn authorize(
    State(core): State<Arc<Core>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match fault::arrive(&core, "oauth2/authorize").await {
        Some(response) => response,
        None => pages::serve(core, answer, Method::GET, uri, headers, None).await,
    }
}

fn answer(core: &Core, visit: &Visit) -> Result<Response> {
    let request = match AuthorizeRequest::parse(core, &visit.query) {
        Ok(request) => request,
        Err(refusal) => return Ok(pages::refused(core, refusal)),
    };
    let session = pages::session::signed_in(core, visit)?.filter(|(session, _)| {
        !request.prompts("login") && !request.is_too_old(session.auth_time, visit.now)
    });
    let location = match session {
        Some((session, user)) => request.grant(core, &user, session.auth_time, visit.now)?,
        None if request.prompts("none") => request.error("login_required"),
        None => format!("/login?{}", request.query()),
    };
    Ok(pages::found(&location))
}
