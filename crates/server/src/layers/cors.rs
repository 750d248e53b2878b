//! CORS (Fetch standard): exact configured origins, credentials on.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::{LIMIT, REMAINING, RESET};

pub(crate) fn cors(origins: &[String]) -> CorsLayer {
    let allowed: Vec<HeaderValue> = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok())
        .collect();
    let credentials = allowed.clone();
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            allowed.contains(origin)
        }))
        // To a stranger not even this is said.
        .allow_credentials(AllowCredentials::predicate(move |origin, _| {
            credentials.contains(origin)
        }))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            CONTENT_TYPE,
            AUTHORIZATION,
            HeaderName::from_static("x-l42-csrf"),
        ])
        .expose_headers([
            WWW_AUTHENTICATE,
            HeaderName::from_static("x-request-id"),
            RETRY_AFTER,
            LIMIT,
            REMAINING,
            RESET,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
        ])
        .max_age(Duration::from_secs(600))
}
