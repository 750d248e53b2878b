//! The types a value can have, and how each is read from text.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;

use crate::secret::Secret;
use crate::setting::Kind;

/// Something a setting can be.
pub(crate) trait Item: Sized {
    const KIND: Kind;
    const SECRET: bool = false;

    /// Reads it; the error says what it must be and never repeats the text.
    fn parse(text: &str) -> Result<Self, String>;

    /// As `config show` prints it.
    fn text(&self) -> String;
}

/// An origin as browsers send it: `https://app.example.com`, lower case, no
/// path, no default port (RFC 6454 section 6.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The serialised origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of an `http` or `https` URL.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    pub(crate) fn local(scheme: &str, port: u16) -> Self {
        Self(format!("{scheme}://localhost:{port}"))
    }

    /// The origin as a URL, with the path `/`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "made from a URL, or from `local`")]
    pub fn to_url(&self) -> Url {
        Url::parse(&self.0).expect("an origin is a URL")
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// An absolute path without a trailing slash: `/api/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPath(String);

impl UrlPath {
    /// The path; never empty, starts with one slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether one of the two contains the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let inside = |a: &str, b: &str| {
            a.strip_prefix(b)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        inside(&self.0, &other.0) || inside(&other.0, &self.0)
    }
}

/// Makes an enum of allowed words.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $crate::value::Item for $name {
            const KIND: $crate::setting::Kind = $crate::setting::Kind::Choice(&[$($word),+]);

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("must be {}", [$($word),+].join(" or "))),
                }
            }

            fn text(&self) -> String {
                match self {
                    $(Self::$variant => $word,)+
                }
                .to_owned()
            }
        }
    };
}
pub(crate) use choice;

impl Item for String {
    const KIND: Kind = Kind::Text;

    fn parse(text: &str) -> Result<Self, String> {
        not_empty(text)?;
        if text.chars().any(char::is_control) {
            return Err("must not contain control characters".to_owned());
        }
        Ok(text.to_owned())
    }

    fn text(&self) -> String {
        self.clone()
    }
}

impl Item for Secret {
    const KIND: Kind = Kind::Text;
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        not_empty(text)?;
        if text.chars().any(char::is_control) {
            return Err("must be one line without control characters".to_owned());
        }
        Ok(Self::from(text.to_owned()))
    }

    fn text(&self) -> String {
        format!("(set, {} characters)", self.expose().chars().count())
    }
}

impl Item for bool {
    const KIND: Kind = Kind::Boolean;

    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        }
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

macro_rules! integer {
    ($($int:ty),+) => {$(
        impl Item for $int {
            const KIND: Kind = Kind::Integer;

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| {
                    format!("must be a whole number from 0 to {}", Self::MAX)
                })
            }

            fn text(&self) -> String {
                self.to_string()
            }
        }
    )+};
}
integer!(u16, u32, usize);

impl Item for IpAddr {
    const KIND: Kind = Kind::Address;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be an IP address".to_owned())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Item for IpNet {
    const KIND: Kind = Kind::Network;

    fn parse(text: &str) -> Result<Self, String> {
        let net = text
            .parse()
            .or_else(|_| text.parse().map(|address: IpAddr| Self::from(address)));
        net.map(|net: Self| net.trunc())
            .map_err(|_| "must be a network in CIDR notation or an IP address".to_owned())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Item for PathBuf {
    const KIND: Kind = Kind::File;

    fn parse(text: &str) -> Result<Self, String> {
        String::parse(text).map(Self::from)
    }

    fn text(&self) -> String {
        self.display().to_string()
    }
}

impl Item for Url {
    const KIND: Kind = Kind::Url;

    fn parse(text: &str) -> Result<Self, String> {
        let problem = || "must be an http or https URL".to_owned();
        if text.contains(['\\', ' ', '*']) || text.chars().any(char::is_control) {
            return Err(problem());
        }
        let url = Self::parse(text).map_err(|_| problem())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(problem());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must be a URL without a user name and password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must be a URL without `?` and `#`".to_owned());
        }
        Ok(url)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Item for Origin {
    const KIND: Kind = Kind::Origin;

    fn parse(text: &str) -> Result<Self, String> {
        let problem = "must be one exact origin: scheme, host and port, without a path or wildcard";
        let url = <Url as Item>::parse(text).map_err(|_| problem.to_owned())?;
        if url.path() != "/" || text.contains('*') {
            return Err(problem.to_owned());
        }
        Ok(Self::of(&url))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

impl Item for UrlPath {
    const KIND: Kind = Kind::UrlPath;

    fn parse(text: &str) -> Result<Self, String> {
        if text == "/" {
            return Ok(Self(text.to_owned()));
        }
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let rest = trimmed.strip_prefix('/');
        let good = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
        };
        if rest.is_some_and(|rest| rest.split('/').all(good)) {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err("must be a path that starts with one `/`, of letters, digits and -._~".to_owned())
        }
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    Ok(())
}
