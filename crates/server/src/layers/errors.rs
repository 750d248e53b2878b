//! The innermost layer: what goes wrong in a route is an [`Error`] from here on outwards, also a
//! panic and what the router answers by itself.

use std::panic::AssertUnwindSafe;
use std::pin::pin;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::dispatch::Dispatch;
use crate::error::{Code, Error, OwnWords};

#[derive(Clone)]
pub(super) struct Errors {
    routes: Dispatch,
}

impl Errors {
    pub(super) fn new(routes: Dispatch) -> Self {
        Self { routes }
    }

    pub(super) async fn answer(&self, request: Request) -> Response {
        // Pinned where it stands, since it is big.
        let answer = pin!(self.routes.answer(request));
        let Ok(mut response) = AssertUnwindSafe(answer).catch_unwind().await else {
            // The panic hook has logged where; the caller learns nothing.
            return Code::Internal.into_response();
        };
        if is_of_the_router(&response)
            && let Some(error) = Error::of_status(response.status())
        {
            response.extensions_mut().insert(error);
        }
        response
    }
}

/// Which knows no more than a status.
fn is_of_the_router(response: &Response) -> bool {
    let status = response.status();
    let told = response.extensions();
    (status.is_client_error() || status.is_server_error())
        && told.get::<Error>().is_none()
        && told.get::<OwnWords>().is_none()
}
