//! `[cookie]`

use std::net::IpAddr;

use crate::read::Reader;
use crate::sections::Section;
use crate::sections::server::Server;
use crate::setting::Setting;

/// The cookies' names and attributes.
#[derive(Clone, Debug)]
pub struct Cookie {
    /// Name of the session cookie.
    pub session_name: String,
    /// Name of the short-lived cookie of a sign-in under way.
    pub login_name: String,
    /// `Domain`; without it the cookie stays on the host that set it.
    pub domain: Option<String>,
    /// `Secure`.
    pub secure: bool,
}

pub(crate) static SECTION: Section = Section {
    name: "cookie",
    doc: "The cookies' names and attributes. `HttpOnly`, `SameSite=Lax` and `Path=/` are fixed.",
    settings: &[&NAME.about, &DOMAIN.about, &SECURE.about],
};

pub(crate) static NAME: Setting<String> =
    Setting::new("cookie.name", "Name of the session cookie.")
        .derived(
            "`__Host-cogward` when secure, `__Secure-cogward` when secure with a domain, else \
         `cogward_session`",
        )
        .check(token)
        .example("app_session");
pub(crate) static DOMAIN: Setting<String> = Setting::new(
    "cookie.domain",
    "Share the cookie with all hosts below this domain. Leave it unset when one host is enough: \
     the cookie is safer then.",
)
.env(&["COOKIE_DOMAIN"])
.check(domain)
.example("example.com");
pub(crate) static SECURE: Setting<bool> = Setting::new(
    "cookie.secure",
    "Send cookies over HTTPS only. Both environment names mean the same.",
)
.env(&["SECURE_COOKIES", "SESSION_HTTPS_ONLY"])
.derived("`true` in production or with an HTTPS `server.public_url`")
.example("true");

pub(crate) fn load(r: &mut Reader<'_>, server: &Server) -> Cookie {
    let secure = r.or(&SECURE, || server.is_production() || server.is_https());
    let domain = r.given(&DOMAIN);
    let domain = domain.map(|text| text.trim_start_matches('.').to_ascii_lowercase());
    let (session_name, login_name) = match (secure, &domain) {
        (true, None) => ("__Host-cogward", "__Host-cogward_login"),
        (true, Some(_)) => ("__Secure-cogward", "__Secure-cogward_login"),
        (false, _) => ("cogward_session", "cogward_login"),
    };
    Cookie {
        session_name: r.or(&NAME, || session_name.to_owned()),
        login_name: login_name.to_owned(),
        domain,
        secure,
    }
}

/// RFC 6265 section 4.1.1: a `cookie-name` is a token of RFC 9110.
fn token(text: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if (1..=64).contains(&text.len()) && text.bytes().all(good) {
        Ok(())
    } else {
        Err("must be a cookie name: up to 64 letters, digits and -_.".to_owned())
    }
}

fn domain(text: &str) -> Result<(), String> {
    let host = text.strip_prefix('.').unwrap_or(text);
    let label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let several = host.contains('.') || host.eq_ignore_ascii_case("localhost");
    if several && host.len() <= 253 && host.split('.').all(label) && host.parse::<IpAddr>().is_err()
    {
        Ok(())
    } else {
        Err("must be a domain name with a dot in it, without scheme and port".to_owned())
    }
}
