//! Reading and writing the two cookies (RFC 6265bis).

use cogward_session::CookieValue;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::site::Cookies;

/// No honest browser sends more of them.
const MAX_SESSIONS: usize = 8;

/// The value of the cookie with exactly this name, byte for byte. Cookies of
/// other applications on the host may hold any bytes; they are passed over.
///
/// Two of the same name that differ are refused, both: which one is the
/// attacker's cannot be told.
pub(crate) fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = values(headers, name);
    let value = values.next()?;
    match values.all(|other| other == value) {
        true => std::str::from_utf8(value).ok(),
        false => None,
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h [u8]> {
    let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    lines.flat_map(pairs).filter_map(move |pair| {
        let pair = pair.trim_ascii();
        pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
    })
}

/// Many bytes at a time: on every request, and an application's own cookies may be long.
fn pairs(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b';', line).chain([line.len()]);
    ends.filter_map(move |end| {
        let pair = line.get(start..end);
        start = end + 1;
        pair
    })
}

/// Which of the two cookies.
#[derive(Clone, Copy)]
pub(crate) enum Which {
    Session,
    Login,
}

impl Cookies {
    fn name(&self, which: Which) -> &str {
        match which {
            Which::Session => &self.session,
            Which::Login => &self.login,
        }
    }

    /// The cookie a request came with.
    pub(crate) fn read<'h>(&self, headers: &'h HeaderMap, which: Which) -> Option<&'h str> {
        find(headers, self.name(which))
    }

    /// The first of them, whatever it is.
    pub(crate) fn first<'h>(&self, headers: &'h HeaderMap, which: Which) -> Option<&'h [u8]> {
        values(headers, self.name(which)).next()
    }

    /// All session cookies a request came with, for ending what they name: a
    /// neighbour on the domain must not keep a session alive by adding another.
    pub(crate) fn sessions<'h>(&self, headers: &'h HeaderMap) -> Vec<&'h str> {
        values(headers, &self.session)
            .filter_map(|value| std::str::from_utf8(value).ok())
            .take(MAX_SESSIONS)
            .collect()
    }

    /// Sets a cookie for so many seconds.
    pub(crate) fn set(
        &self,
        headers: &mut HeaderMap,
        which: Which,
        value: &CookieValue,
        seconds: i64,
    ) {
        self.append(headers, which, value.expose(), seconds);
    }

    /// Takes a cookie away.
    pub(crate) fn clear(&self, headers: &mut HeaderMap, which: Which) {
        self.append(headers, which, "", 0);
    }

    fn append(&self, headers: &mut HeaderMap, which: Which, value: &str, seconds: i64) {
        let name = self.name(which);
        let secure = if self.secure { "; Secure" } else { "" };
        let domain = self
            .domain
            .as_deref()
            .map(|domain| format!("; Domain={domain}"));
        let domain = domain.unwrap_or_default();
        let cookie = format!(
            "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}{domain}"
        );
        // Names and values are ours and plain ASCII, so this always holds.
        if let Ok(mut header) = HeaderValue::try_from(cookie) {
            header.set_sensitive(true);
            headers.append(SET_COOKIE, header);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    #[test]
    fn only_the_exact_name_counts() {
        let name = "__Host-cogward";
        assert_eq!(find(&headers(&[b"a=b; __Host-cogward=v"]), name), Some("v"));
        assert_eq!(
            find(&headers(&[b"a=b", b"__Host-cogward=v"]), name),
            Some("v")
        );
        assert_eq!(
            find(&headers(&[b"city=Z\xfcrich; __Host-cogward=v"]), name),
            Some("v")
        );
        for smuggled in [
            b"__host-cogward=v".as_slice(),
            b"\xe2\x80\x80__Host-cogward=v",
            b"\xc2\xa0__Host-cogward=v",
            b"=__Host-cogward=v",
            b"x__Host-cogward=v",
            b"__Host-cogward =v",
            b"__Host-cogward",
        ] {
            assert_eq!(find(&headers(&[smuggled]), name), None, "{smuggled:?}");
        }
    }

    #[test]
    fn two_that_differ_are_refused() {
        let name = "sc";
        assert_eq!(find(&headers(&[b"sc=a; sc=b"]), name), None);
        assert_eq!(find(&headers(&[b"sc=a", b"sc=b"]), name), None);
        assert_eq!(find(&headers(&[b"sc=a; sc=a"]), name), Some("a"));
    }
}
