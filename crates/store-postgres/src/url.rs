use std::fmt;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Where the database is and who asks, which may hold a password and prints none.
///
/// `postgres://user:password@host:5432/database?option=value`, with the options of libpq but for
/// client certificates and files. The connection is encrypted and the server's certificate and
/// name are checked, whatever `sslmode` says, unless it is `disable` or the host is a Unix
/// socket: what libpq calls `prefer` and `require` would trust anybody on the way.
#[derive(Clone)]
pub struct DatabaseUrl {
    config: Config,
    server: String,
}

/// Why a database URL cannot be used. It may hold a password, so that nothing of it is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It begins in another way.
    #[error("the database URL must begin with postgres:// or postgresql://")]
    Scheme,
    /// There is an `@` behind the one that ends the password.
    #[error("the database URL has more than one @: write one in a password as %40")]
    At,
    /// It says nothing of what it must.
    #[error("the database URL names no {0}")]
    Missing(&'static str),
    /// Its `sslmode` is none of libpq's.
    #[error("sslmode of the database URL must be verify-full, or disable for no TLS at all")]
    SslMode,
    /// An option of libpq that is not known here.
    #[error("the database URL has {0}, which is not supported: remove it")]
    Unsupported(&'static str),
    /// Its port or an option is not right.
    #[error("the database URL cannot be read: check its port and what stands behind the ?")]
    Malformed,
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let parts = Parts::of(text)?;
        let mut ssl_mode = None;
        let mut others = Vec::new();
        for option in parts.options() {
            match option.split_once('=') {
                Some(("sslmode", value)) if ssl_mode.is_none() => ssl_mode = Some(value),
                Some(("sslmode", _)) => return Err(UrlError::SslMode),
                Some((name, _)) => {
                    supported(name)?;
                    others.push(option);
                }
                None => return Err(UrlError::Malformed),
            }
        }
        let rest = format!("{}?{}", parts.before, others.join("&"));
        let mut config: Config = rest.parse().map_err(|_| UrlError::Malformed)?;
        check(&config)?;
        let sockets = config.get_hosts().iter().all(|host| !is_tcp(host));
        let sockets = sockets && !config.get_hosts().is_empty();
        config.ssl_mode(match ssl_mode {
            Some("disable") => SslMode::Disable,
            None | Some("allow" | "prefer" | "require" | "verify-ca" | "verify-full") => {
                match sockets {
                    true => SslMode::Disable,
                    false => SslMode::Require,
                }
            }
            Some(_) => return Err(UrlError::SslMode),
        });
        let server = server(&config);
        Ok(Self { config, server })
    }
}

impl DatabaseUrl {
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Host and database, for messages.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.server)
    }
}

/// The text up to the `?`, and what stands behind it.
struct Parts<'a> {
    before: &'a str,
    options: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, UrlError> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(UrlError::Scheme)?;
        // As the client reads it: all before the first `@` is user and password.
        let (_, place) = rest.split_once('@').ok_or(UrlError::Missing("user"))?;
        if place.contains('@') {
            return Err(UrlError::At);
        }
        let options = place.split_once('?').map_or("", |(_, options)| options);
        let before = text.strip_suffix(options).unwrap_or(text);
        let before = before.strip_suffix('?').unwrap_or(before);
        Ok(Self { before, options })
    }

    fn options(&self) -> impl Iterator<Item = &'a str> {
        self.options.split('&').filter(|option| !option.is_empty())
    }
}

/// Options that mean something to libpq and nothing here, so that leaving them out would not do
/// what was asked for.
fn supported(name: &str) -> Result<(), UrlError> {
    const REFUSED: [&str; 14] = [
        "gssencmode",
        "krbsrvname",
        "passfile",
        "replication",
        "require_auth",
        "requirepeer",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
    ];
    let refused = REFUSED.into_iter().find(|refused| *refused == name);
    refused.map_or(Ok(()), |name| Err(UrlError::Unsupported(name)))
}

/// Nothing is left to what the client would guess.
fn check(config: &Config) -> Result<(), UrlError> {
    let named = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let hosts = config.get_hosts();
    let no_host = |host: &Host| matches!(host, Host::Tcp(name) if name.is_empty());
    if hosts.iter().any(no_host) || hosts.is_empty() && config.get_hostaddrs().is_empty() {
        Err(UrlError::Missing("host"))
    } else if !named(config.get_user()) {
        Err(UrlError::Missing("user"))
    } else if !named(config.get_dbname()) {
        Err(UrlError::Missing("database"))
    } else {
        Ok(())
    }
}

fn is_tcp(host: &Host) -> bool {
    matches!(host, Host::Tcp(_))
}

fn server(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let hosts: Vec<_> = hosts.collect();
    let hosts = match hosts.is_empty() {
        true => addresses.collect::<Vec<_>>().join(","),
        false => hosts.join(","),
    };
    let ports: Vec<_> = config.get_ports().iter().map(u16::to_string).collect();
    let database = config.get_dbname().unwrap_or_default();
    match ports.is_empty() {
        true => format!("{hosts}/{database}"),
        false => format!("{hosts}:{}/{database}", ports.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "hunter2";

    #[test]
    fn it_prints_no_password() {
        let url = parse(&format!("postgres://me:{PASSWORD}@db:5433/s")).unwrap();
        let printed = format!("{url:?} {:?} {}", url.config(), url.server());
        assert!(!printed.contains(PASSWORD), "{printed}");
        assert_eq!(url.server(), "db:5433/s");
        assert_eq!(url.config().get_password(), Some(PASSWORD.as_bytes()));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, expected) in [
            ("mysql://me:hunter2@db/s", UrlError::Scheme),
            ("host=db user=me password=hunter2", UrlError::Scheme),
            ("postgres://me:hunter2", UrlError::Missing("user")),
            ("postgres://:hunter2@db/s", UrlError::Missing("user")),
            ("postgres://me:hunter2@/s", UrlError::Missing("host")),
            ("postgres://me:hunter2@db", UrlError::Missing("database")),
            ("postgres://me:hun@ter2@db/s", UrlError::At),
            ("postgres://me:hun@ter2/w@db/s", UrlError::At),
            ("postgres://me:hunter2@db:port/s", UrlError::Malformed),
            ("postgres://me:hunter2@db/s?hunter2=1", UrlError::Malformed),
            ("postgres://me:hunter2@db/s?hunter2", UrlError::Malformed),
            ("postgres://me:x@db/s?sslmode=hunter2", UrlError::SslMode),
            (
                "postgres://me:x@db/s?sslmode=disable&sslmode=require",
                UrlError::SslMode,
            ),
            (
                "postgres://me:x@db/s?sslkey=hunter2",
                UrlError::Unsupported("sslkey"),
            ),
        ] {
            let error = parse(url).err();
            assert_eq!(error, Some(expected), "{url}");
            let printed = format!("{error:?} {expected}");
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }

    #[test]
    fn only_disable_turns_encryption_off() {
        for (end, expected) in [
            ("", SslMode::Require),
            ("?sslmode=prefer", SslMode::Require),
            ("?sslmode=allow", SslMode::Require),
            ("?connect_timeout=1&sslmode=require", SslMode::Require),
            ("?sslmode=verify-ca&connect_timeout=1", SslMode::Require),
            ("?sslmode=verify-full", SslMode::Require),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=disable&connect_timeout=1", SslMode::Disable),
        ] {
            let url = parse(&format!("postgresql://me:x@db/s{end}")).unwrap();
            assert_eq!(url.config().get_ssl_mode(), expected, "{end}");
        }
        let socket = parse("postgres://me@%2Frun%2Fpostgresql/s").unwrap();
        assert_eq!(socket.config().get_ssl_mode(), SslMode::Disable);
        let socket = parse("postgres://me@/s?host=/run/postgresql").unwrap();
        assert_eq!(socket.config().get_ssl_mode(), SslMode::Disable);
        let both = parse("postgres://me@%2Frun%2Fpostgresql,db/s").unwrap();
        assert_eq!(both.config().get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn a_question_mark_in_a_password_begins_no_options() {
        let url = parse("postgres://me:a?sslmode=disable@db/s").unwrap();
        assert_eq!(url.config().get_ssl_mode(), SslMode::Require);
        let password = url.config().get_password();
        assert_eq!(password, Some(b"a?sslmode=disable".as_slice()));
    }

    fn parse(url: &str) -> Result<DatabaseUrl, UrlError> {
        url.parse()
    }
}
