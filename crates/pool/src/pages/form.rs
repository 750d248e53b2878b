//! What keeps other sites from sending a form in a person's name: the browser's own word on
//! where it comes from, and a token that stands in the form and in a cookie.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq as _;

use crate::core::Core;
use crate::oauth::params::Params;

/// The last part of its cookie's name.
const COOKIE: &str = "form";
const FIELD: &str = "_csrf";

/// The token of this browser.
pub(super) fn token(core: &Core, headers: &HeaderMap) -> Option<String> {
    cookie(core, headers, COOKIE)
        .filter(|token| token.len() == 36)
        .map(str::to_owned)
}

pub(super) fn set_token(core: &Core, response: &mut Response, token: &str) {
    set_cookie(core, response, COOKIE, token, 86400);
}

/// The fields of a POST.
///
/// # Errors
/// A sentence for the person.
pub(super) fn accept(
    headers: &HeaderMap,
    body: &[u8],
    token: Option<&str>,
    tls: bool,
) -> Result<Params, &'static str> {
    if !same_origin(headers, tls) {
        return Err("The form came from another site.");
    }
    let form = Params::parse(body);
    let matches =
        token.is_some_and(|token| token.as_bytes().ct_eq(form.first(FIELD).as_bytes()).into());
    if matches {
        Ok(form)
    } else {
        Err("The form is too old, or this browser refuses cookies.")
    }
}

/// A client that says nothing of where it comes from is no browser.
pub(crate) fn same_origin(headers: &HeaderMap, tls: bool) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| value.to_str().unwrap_or(""))
    };
    let site_ok = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let own = text("host").map(|host| format!("{}://{host}", if tls { "https" } else { "http" }));
    let origin_ok = text("origin").is_none_or(|origin| own.as_deref() == Some(origin));
    site_ok && origin_ok
}

/// What a cookie is called. Browsers give a host's cookies to all its ports, where applications
/// and other pools are; with TLS nothing but this host can have set it.
fn name_of(core: &Core, name: &str) -> String {
    let port = core.base_url.port_or_known_default().unwrap_or_default();
    let prefix = if core.tls { "__Host-" } else { "" };
    format!("{prefix}cogward-pool-{port}-{name}")
}

pub(super) fn cookie<'a>(core: &Core, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = name_of(core, name);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

pub(super) fn set_cookie(core: &Core, response: &mut Response, name: &str, value: &str, age: i64) {
    let secure = if core.tls { "; Secure" } else { "" };
    let name = name_of(core, name);
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
