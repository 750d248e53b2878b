//! Where a browser may be sent back to.

use url::{Host, Url, form_urlencoded};

use crate::client::Client;

/// These run or read something in the browser that follows them.
const NEVER: [&str; 7] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "javascript",
    "vbscript",
];

/// A URL of the client's list, letter by letter; for a client that may use them also those the
/// pool was started with and any plain URL on the loopback interface.
pub(super) fn allowed(
    client: &Client,
    given: &str,
    listed: &[Url],
    of_pool: &[Url],
) -> Option<Url> {
    let url = Url::parse(given).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !plain || NEVER.contains(&url.scheme()) {
        return None;
    }
    let local = is_loopback(&url) && matches!(url.scheme(), "http" | "https");
    let open = client.loopback_urls && (local || of_pool.iter().any(|one| same(one, given)));
    (open || listed.iter().any(|one| same(one, given))).then_some(url)
}

/// RFC 8707: `https`, `http` on localhost or a scheme of an app, without a fragment.
pub(super) fn is_resource(given: &str) -> bool {
    Url::parse(given).is_ok_and(|url| {
        let allowed = match url.scheme() {
            "https" => url.has_host(),
            "http" => url.host_str() == Some("localhost"),
            scheme => !NEVER.contains(&scheme),
        };
        allowed && url.fragment().is_none()
    })
}

/// The URL with parameters in its query.
pub(super) fn with_query(url: &Url, parameters: &[(&str, &str)]) -> String {
    let separator = match url.query() {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{}", encoded(parameters))
}

/// The URL with parameters in its fragment.
pub(super) fn with_fragment(url: &Url, parameters: &[(&str, &str)]) -> String {
    format!("{url}#{}", encoded(parameters))
}

/// A space becomes `%20`, which forms and URIs decode alike.
fn encoded(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
        .replace('+', "%20")
}

/// A URL without a path may be given without the slash.
fn same(listed: &Url, given: &str) -> bool {
    let text = listed.as_str();
    let bare = listed.path() == "/" && listed.query().is_none();
    given == text || (bare && text.strip_suffix('/') == Some(given))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
