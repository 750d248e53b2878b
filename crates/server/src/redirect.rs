//! Where browsers are sent: the frontend's own pages, values encoded.

use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use url::Url;

use crate::error::Code;

/// More of an error text than this helps nobody.
const MAX_VALUE: usize = 200;

/// 302: the browser goes on with GET, whatever it came with.
pub(crate) fn to(location: &Url) -> Response {
    let Ok(location) = HeaderValue::from_str(location.as_str()) else {
        return Code::Internal.into_response();
    };
    let mut response = StatusCode::FOUND.into_response();
    response.headers_mut().insert(LOCATION, location);
    response
}

/// A page below the frontend's address, with these values in its query.
pub(crate) fn page(frontend: &Url, path: &str, values: &[(&str, &str)]) -> Url {
    let mut url = frontend.clone();
    url.set_path(&format!("{}{path}", frontend.path().trim_end_matches('/')));
    if !values.is_empty() {
        let mut query = url.query_pairs_mut();
        for (name, value) in values {
            query.append_pair(name, bounded(value));
        }
    }
    url
}

/// A path, checked before, on the frontend's origin.
pub(crate) fn at(frontend: &Url, path: &str) -> Url {
    frontend
        .join(path)
        .ok()
        .filter(|url| url.origin() == frontend.origin())
        .unwrap_or_else(|| {
            let mut home = frontend.clone();
            home.set_path("/");
            home
        })
}

fn bounded(value: &str) -> &str {
    match value.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => value.get(..end).unwrap_or_default(),
        None => value,
    }
}
