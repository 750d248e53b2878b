//! For unsafe routes that take no body.

use axum::extract::FromRequestParts;
use cogward_auth::audit::{self, Refused};
use http::header::CONTENT_TYPE;
use http::request::Parts;

use super::json::is_json;
use crate::error::{Code, Error};

/// Refuses the content types that a plain HTML form can send: a request
/// without a body has no use for one, a forged request does.
pub(crate) struct Bodyless;

impl<S: Sync> FromRequestParts<S> for Bodyless {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        if parts.headers.contains_key(CONTENT_TYPE) && !is_json(&parts.headers) {
            let error = Error::from(Code::FormRefused);
            audit::refused(Refused::Request, &error.message());
            return Err(error);
        }
        Ok(Self)
    }
}
