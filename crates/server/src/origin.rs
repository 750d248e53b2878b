//! Who may use the cookie: Fetch Metadata first, `Origin` where it is missing.
//!
//! 1. An `Origin` that is sent must be a configured one or this server's own.
//! 2. Without one, `Sec-Fetch-Site` must say `same-origin` or `none`.
//! 3. Without either, a `Referer` must name one of those origins.
//! 4. A client that sends none of them is no browser, and no browser lends it a cookie.

use http::header::{HeaderName, ORIGIN, REFERER};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::error::{Code, Error};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-l42-csrf");

/// Refuses what a page elsewhere made the browser send.
pub(crate) fn check(allowed: &[String], headers: &HeaderMap) -> Result<(), Error> {
    let mut origins = headers.get_all(ORIGIN).iter();
    if let Some(origin) = origins.next() {
        let allowed = allowed
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes());
        return match allowed && origins.next().is_none() {
            true => Ok(()),
            false => Err(Code::OriginRefused.into()),
        };
    }
    match headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Code::CrossSite.into()),
        None => check_referer(allowed, headers),
    }
}

/// Browsers send no Fetch Metadata over plain HTTP, and no `Origin` with some requests.
fn check_referer(allowed: &[String], headers: &HeaderMap) -> Result<(), Error> {
    let Some(referer) = headers.get(REFERER) else {
        return Ok(());
    };
    let page = referer.to_str().ok().and_then(|text| Url::parse(text).ok());
    match page.map(|url| url.origin().ascii_serialization()) {
        Some(origin) if allowed.contains(&origin) => Ok(()),
        _ => Err(Code::RefererRefused.into()),
    }
}

/// The header every POST of the Token Handler protocol carries: a page
/// elsewhere cannot set it without a preflight that is refused.
pub(crate) fn check_header(headers: &HeaderMap) -> Result<(), Error> {
    match headers.get(CSRF_HEADER).map(HeaderValue::as_bytes) {
        Some(b"1") => Ok(()),
        _ => Err(Code::CsrfHeader.into()),
    }
}

/// Whether a method may change something (RFC 9110 §9.2.1).
pub(crate) fn is_unsafe(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    )
}
