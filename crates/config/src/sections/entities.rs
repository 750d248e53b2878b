//! Of `[policy]`: who tells whose a resource is.

use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::session::{Session, long_enough};
use crate::sections::stores;
use crate::setting::{About, Setting};
use crate::sources::Mode;
use crate::value::{Item, choice};

choice! {
    /// Who tells whose a resource is.
    EntitySource {
        /// Nobody but the caller.
        None = "none",
        /// A table in a file of SQLite.
        Sqlite = "sqlite",
        /// A table in PostgreSQL.
        Postgres = "postgres",
        /// A table of DynamoDB.
        Dynamodb = "dynamodb",
        /// A service of the application's.
        Http = "http",
    }
}

/// Who tells whose a resource is.
#[derive(Clone, Debug)]
pub struct Entities {
    /// Who it is.
    pub source: EntitySource,
    /// The table; empty only for another source.
    pub table: String,
    /// The file of SQLite; empty only for another source.
    pub sqlite_path: PathBuf,
    /// `postgres://` URL, which may hold a password; none only for another source.
    pub postgres_url: Option<Secret>,
    /// Certificates (PEM) that PostgreSQL's is checked against, in place of the system's.
    pub postgres_ca_file: Option<PathBuf>,
    /// The service's address with `{id}`, perhaps `{type}`; empty only for another source.
    pub url: String,
    /// Shown to the service.
    pub service_token: Option<Secret>,
    /// How long an answer counts.
    pub ttl: Duration,
    /// What is not told by then is an error.
    pub timeout: Duration,
}

impl Entities {
    /// Where the service is, the template with its braces.
    pub(crate) fn service(&self) -> Option<Url> {
        Url::parse(&self.url).ok()
    }
}

pub(crate) static ENTITIES: Setting<EntitySource> = Setting::new(
    "policy.entities",
    "Who tells whose a resource is: a table of the application's in SQLite, PostgreSQL or \
     DynamoDB, or a service by HTTP. With `none` the caller's word counts. Where it does not \
     answer, everything is denied.",
)
.env(&["ENTITY_PROVIDER"])
.derived(
    "`dynamodb` when `policy.entity_table` is set, `http` when `policy.entity_url` is, else `none`",
)
.example("none");
pub(crate) static TABLE: Setting<String> = Setting::new(
    "policy.entity_table",
    "Table that tells whose a resource is, by `id` and `owner`, which all but `http` need. In \
     PostgreSQL a schema and a dot may be in front.",
)
.env(&["ENTITY_TABLE"])
.example("app_entities");
pub(crate) static SQLITE_PATH: Setting<PathBuf> = Setting::new(
    "policy.entity_sqlite_path",
    "The application's file with the table, which `sqlite` needs. It is only read.",
)
.example("/var/lib/app/app.db");
pub(crate) static POSTGRES_URL: Setting<Secret> = Setting::new(
    "policy.entity_postgres_url",
    "PostgreSQL database with the table, written as `session.postgres_url`, whose database it is \
     when this is not set. It is only read.",
)
.check(stores::postgres_url)
.example("postgres://reader:$PASSWORD@db.example.com:5432/app");
pub(crate) static POSTGRES_CA_FILE: Setting<PathBuf> = Setting::new(
    "policy.entity_postgres_ca_file",
    "Certificates (PEM) of the authority that signed PostgreSQL's; without it those of \
     `session.postgres_ca_file`.",
)
.example("/etc/cogward/postgres-ca.pem");
pub(crate) static URL: Setting<String> = Setting::new(
    "policy.entity_url",
    "Address at which the service tells of a resource. `{id}`, and `{type}` where it is of use, \
     stand for a whole segment of the path or the whole value of a query's name.",
)
.env(&["ENTITY_URL"])
.check(template)
.example("https://catalog.example.com/entities/{type}/{id}");
pub(crate) static SERVICE_TOKEN: Setting<Secret> = Setting::new(
    "policy.service_token",
    "Bearer token that Cogward shows to the service of `policy.entity_url`, at least 16 \
     characters.",
)
.env(&["SERVICE_TOKEN"])
.check(bearer);
pub(crate) static TTL: Setting<u32> = Setting::new(
    "policy.entity_ttl_seconds",
    "So many seconds an answer counts, that there is no such resource too; with 0 each request \
     asks anew.",
)
.default("30")
.range(0, 3600)
.example("5");
pub(crate) static TIMEOUT: Setting<u32> = Setting::new(
    "policy.entity_timeout_ms",
    "Who tells whose a resource is gets so many milliseconds for an answer; after that the \
     request is denied.",
)
.default("2000")
.range(50, 60_000)
.example("500");

pub(crate) fn load(r: &mut Reader<'_>, session: &Session) -> Entities {
    let table = r.given(&TABLE);
    let (sqlite_path, url) = (r.given(&SQLITE_PATH), r.given(&URL));
    let own = r.given(&POSTGRES_URL);
    let named = (table.is_some(), url.is_some());
    let source = source(r, named);
    if named == (true, true) && r.is_derived(&ENTITIES.about) {
        let problem = "must be set when both policy.entity_table and policy.entity_url are";
        r.broken(&ENTITIES.about, problem.to_owned());
    }
    let database = sqlite_path.is_some() || own.is_some();
    if source == EntitySource::None && database && r.is_derived(&ENTITIES.about) {
        let problem = "must be set when the database with the table is";
        r.broken(&ENTITIES.about, problem.to_owned());
    }
    needed(r, source, &table, &sqlite_path, &url);
    if source == EntitySource::Postgres && own.is_none() {
        let shared = session.postgres.url.as_ref();
        // A URL that another program left there is none of ours.
        if shared.is_none_or(|url| stores::postgres_url(url.expose()).is_err()) {
            missing(r, &POSTGRES_URL.about, "postgres");
        }
    }
    Entities {
        source,
        table: table.unwrap_or_default(),
        sqlite_path: sqlite_path.unwrap_or_default(),
        postgres_url: own.or_else(|| session.postgres.url.clone()),
        postgres_ca_file: r
            .given(&POSTGRES_CA_FILE)
            .or_else(|| session.postgres.ca_file.clone()),
        url: url.unwrap_or_default(),
        service_token: r.given(&SERVICE_TOKEN),
        ttl: Duration::from_secs(r.value(&TTL).into()),
        timeout: Duration::from_millis(r.value(&TIMEOUT).into()),
    }
}

/// With whether there are a table and a URL.
pub(crate) fn source(r: &mut Reader<'_>, named: (bool, bool)) -> EntitySource {
    r.or(&ENTITIES, || match named {
        (true, _) => EntitySource::Dynamodb,
        (false, true) => EntitySource::Http,
        (false, false) => EntitySource::None,
    })
}

fn needed(
    r: &mut Reader<'_>,
    source: EntitySource,
    table: &Option<String>,
    sqlite_path: &Option<PathBuf>,
    url: &Option<String>,
) {
    let name = match source {
        EntitySource::None => return,
        EntitySource::Http if url.is_none() => return missing(r, &URL.about, "http"),
        EntitySource::Http => return,
        EntitySource::Sqlite => "sqlite",
        EntitySource::Postgres => "postgres",
        EntitySource::Dynamodb => "dynamodb",
    };
    if source == EntitySource::Sqlite && sqlite_path.is_none() {
        missing(r, &SQLITE_PATH.about, name);
    }
    let good = match (source, table) {
        (_, None) => return missing(r, &TABLE.about, name),
        (EntitySource::Dynamodb, Some(table)) => stores::table_name(table),
        (_, Some(table)) => sql_table(table),
    };
    if let Err(problem) = good {
        r.broken(&TABLE.about, problem);
    }
}

fn missing(r: &mut Reader<'_>, about: &About, source: &str) {
    // The pool alone asks nobody.
    if r.mode() != Mode::Pool {
        r.missing_because(about, &format!("is required by policy.entities {source}"));
    }
}

/// Whether a request without encryption goes no further than this machine or a private network.
pub(crate) fn is_private(url: &Url) -> bool {
    let ends = |end: &str| url.host_str().is_some_and(|host| host.ends_with(end));
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unique_local(),
        // Names that no public server of names has: RFC 6761, RFC 6762, ICANN's `.internal`,
        // those of containers and of Kubernetes.
        Some(Host::Domain(name)) => {
            let private = [".localhost", ".local", ".internal", ".svc"];
            !name.contains('.') || private.into_iter().any(ends)
        }
        None => false,
    }
}

/// `[schema.]table`, which needs no quotes within quotes.
fn sql_table(text: &str) -> Result<(), String> {
    let good = |name: &str| {
        let first = name.bytes().next();
        first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let parts: Vec<_> = text.split('.').collect();
    match parts.len() <= 2 && parts.into_iter().all(good) {
        true => Ok(()),
        false => Err("must be a table, or schema.table, of letters, digits and `_`".to_owned()),
    }
}

/// A URL with `{id}` once, `{type}` at most once, and nothing else in braces.
fn template(text: &str) -> Result<(), String> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let url = <Url as Item>::parse(place)?;
    let times = |name: &str| {
        let segment = format!("%7B{name}%7D");
        let segments = url.path_segments().into_iter().flatten();
        let values = query.split('&').filter_map(|pair| pair.split_once('='));
        segments.filter(|it| **it == segment).count()
            + values
                .filter(|(_, it)| *it == format!("{{{name}}}"))
                .count()
    };
    let (ids, kinds) = (times("id"), times("type"));
    let braces = text.matches(['{', '}']).count();
    let odd = query.contains(['#', ' ']) || braces != 2 * (ids + kinds);
    match ids == 1 && kinds <= 1 && !odd {
        true => Ok(()),
        false => Err(
            "must have `{id}` once, `{type}` once or not at all, each as a whole segment of the \
             path or a whole value of the query, and no `#`"
                .to_owned(),
        ),
    }
}

/// What a header can carry.
pub(crate) fn bearer(text: &str) -> Result<(), String> {
    long_enough(text)?;
    match text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(()),
        false => Err("must be of ASCII characters without spaces".to_owned()),
    }
}
