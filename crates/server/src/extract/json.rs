//! A JSON body, strictly: declared as such, bounded, in time, and nothing behind it.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use crate::App;
use crate::error::Error;

pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Error::of_status(
                status,
                "the body must be application/json",
            ));
        }
        let body = Limited::new(request.into_body(), app.site.body_limit).collect();
        let bytes = match tokio::time::timeout(app.site.body_timeout, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                return Err(Error::of_status(status, "the body is too large"));
            }
            Ok(Err(_)) => return Err(Error::bad_request("the body ended early")),
            Err(_) => {
                let status = StatusCode::REQUEST_TIMEOUT;
                return Err(Error::of_status(status, "the body took too long"));
            }
        };
        // What was wrong with it may quote a token, so it is not told.
        let value = serde_json::from_slice(&bytes);
        value
            .map(Self)
            .map_err(|_| Error::bad_request("the body is not the JSON expected here"))
    }
}

/// Exactly one `application/json`, with parameters or without.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
    essence.trim().eq_ignore_ascii_case("application/json") && !parameters.contains([',', '/'])
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_json_is_json() {
        let judge = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            is_json(&headers)
        };
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
        ] {
            assert!(judge(good), "{good}");
        }
        for bad in [
            "text/plain",
            "TEXT/PLAIN",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain;application/json",
            "application/json, text/plain",
            "application/json; text/plain",
            "application/jsonx",
            "",
        ] {
            assert!(!judge(bad), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
