//! Of `[session]`: the stores on the network.

use std::path::PathBuf;

use url::Url;

use crate::read::Reader;
use crate::secret::Secret;
use crate::sections::aws::Aws;
use crate::sections::cognito::{self, Cognito};
use crate::sections::session::Backend;
use crate::setting::Setting;
use crate::sources::Mode;

/// A Redis or Valkey server, or a cluster of them.
#[derive(Clone, Debug)]
pub struct Redis {
    /// `redis://` and `rediss://` URLs, which may hold a password; empty only for another
    /// backend.
    pub urls: Vec<Secret>,
    /// The servers are nodes of a Redis Cluster.
    pub cluster: bool,
    /// Put before every key.
    pub key_prefix: String,
    /// Certificates (PEM) that the servers' are checked against, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// A PostgreSQL database.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// `postgres://` URL, which may hold a password; none only for another backend.
    pub url: Option<Secret>,
    /// How many connections this process opens.
    pub connections: u16,
    /// Certificates (PEM) that the server's is checked against, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// A DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    /// Its name.
    pub table: String,
    /// Its AWS region.
    pub region: String,
    /// Where DynamoDB is, when it is not AWS's own.
    pub endpoint: Option<Url>,
    /// Make the table at start when there is none.
    pub create_table: bool,
    /// Credentials; without them AWS's SDK looks where it always does.
    pub credentials: Option<AwsCredentials>,
}

/// Fixed credentials for AWS.
#[derive(Clone, Debug)]
pub struct AwsCredentials {
    /// The id of the key.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
    /// Belongs to temporary keys.
    pub session_token: Option<Secret>,
}

pub(crate) static REDIS_URL: Setting<Secret> = Setting::new(
    "session.redis_url",
    "Redis or Valkey server of the `redis` backend, which needs it; several nodes of a cluster \
     parted by commas. `rediss://` is TLS. Special characters in the password are \
     percent-encoded, a comma as `%2C`.",
)
.env(&["REDIS_URL"])
.list()
.check(redis_url)
.example("rediss://cogward:$PASSWORD@redis.example.com:6379/0");
pub(crate) static REDIS_CLUSTER: Setting<bool> = Setting::new(
    "session.redis_cluster",
    "The server of `session.redis_url` is a node of a Redis Cluster, whose other nodes are asked \
     of it.",
)
.derived("`true` when several URLs are given")
.example("true");
pub(crate) static REDIS_KEY_PREFIX: Setting<String> = Setting::new(
    "session.redis_key_prefix",
    "Put before every key, when others use the same Redis.",
)
.check(key_prefix)
.example("cogward:");
pub(crate) static REDIS_CA_FILE: Setting<PathBuf> = Setting::new(
    "session.redis_ca_file",
    "Certificates (PEM) of the authority that signed Redis's, when it is not one the system trusts.",
)
.example("/etc/cogward/redis-ca.pem");
pub(crate) static POSTGRES_URL: Setting<Secret> = Setting::new(
    "session.postgres_url",
    "PostgreSQL database of the `postgres` backend, which needs it. TLS is used, and the server's \
     certificate checked, unless the URL ends in `?sslmode=disable`. Special characters in the \
     password are percent-encoded.",
)
.env(&["POSTGRES_URL", "DATABASE_URL"])
.first_name_wins()
.example("postgres://cogward:$PASSWORD@db.example.com:5432/cogward");
pub(crate) static POSTGRES_CONNECTIONS: Setting<u16> = Setting::new(
    "session.postgres_connections",
    "Connections that each process opens to PostgreSQL; many requests share one.",
)
.default("8")
.range(2, 64)
.example("8");
pub(crate) static POSTGRES_CA_FILE: Setting<PathBuf> = Setting::new(
    "session.postgres_ca_file",
    "Certificates (PEM) of the authority that signed PostgreSQL's, when it is not one the system \
     trusts.",
)
.example("/etc/cogward/postgres-ca.pem");
pub(crate) static DYNAMODB_TABLE: Setting<String> =
    Setting::new("session.dynamodb_table", "Table of the `dynamodb` backend.")
        .env(&["DYNAMODB_TABLE"])
        .default("l42_sessions")
        .check(table_name)
        .example("l42_sessions");
pub(crate) static DYNAMODB_REGION: Setting<String> =
    Setting::new("session.dynamodb_region", "AWS region of the table.")
        .derived("`AWS_REGION`, else `cognito.region`")
        .check(cognito::region)
        .example("us-east-1");
pub(crate) static DYNAMODB_ENDPOINT: Setting<Url> = Setting::new(
    "session.dynamodb_endpoint",
    "Address of DynamoDB when not AWS's own.",
)
.env(&["DYNAMODB_ENDPOINT"])
.example("http://localhost:8000");
pub(crate) static DYNAMODB_CREATE_TABLE: Setting<bool> = Setting::new(
    "session.dynamodb_create_table",
    "Make the table at start when there is none; better made once with `cogward store prepare`, \
     so that the server needs no right to.",
)
.default("false")
.example("true");

pub(crate) fn redis(r: &mut Reader<'_>, backend: Backend) -> Redis {
    let urls = r.list(&REDIS_URL);
    if backend == Backend::Redis && urls.is_empty() {
        needed(r, &REDIS_URL, "redis");
    }
    let cluster = r.or(&REDIS_CLUSTER, || urls.len() > 1);
    if urls.len() > 1 && !cluster {
        let problem = "must be true with several URLs, which are those of one cluster";
        r.broken(&REDIS_CLUSTER.about, problem.to_owned());
    }
    Redis {
        cluster,
        key_prefix: r.given(&REDIS_KEY_PREFIX).unwrap_or_default(),
        ca_file: r.given(&REDIS_CA_FILE),
        urls,
    }
}

pub(crate) fn postgres(r: &mut Reader<'_>, backend: Backend) -> Postgres {
    let url = r.given(&POSTGRES_URL);
    // `DATABASE_URL` may be there for another program: only now it matters what it is.
    match &url {
        _ if backend != Backend::Postgres => {}
        None => needed(r, &POSTGRES_URL, "postgres"),
        Some(url) => {
            if let Err(problem) = postgres_url(url.expose()) {
                r.broken(&POSTGRES_URL.about, problem);
            }
        }
    }
    Postgres {
        url,
        connections: r.value(&POSTGRES_CONNECTIONS),
        ca_file: r.given(&POSTGRES_CA_FILE),
    }
}

pub(crate) fn dynamodb(r: &mut Reader<'_>, cognito: &Cognito, aws: &Aws) -> DynamoDb {
    let here = here(r);
    DynamoDb {
        table: r.value(&DYNAMODB_TABLE),
        region: r.or(&DYNAMODB_REGION, || {
            here.unwrap_or_else(|| cognito.region.clone())
        }),
        endpoint: r.given(&DYNAMODB_ENDPOINT),
        create_table: r.value(&DYNAMODB_CREATE_TABLE),
        credentials: aws.credentials(),
    }
}

/// The region of the process's own surroundings (every Lambda function has it), where the pool's
/// own may be another.
pub(crate) fn here(r: &Reader<'_>) -> Option<String> {
    let here = r.sources.env.get("AWS_REGION");
    here.filter(|here| cognito::region(here).is_ok()).cloned()
}

fn needed(r: &mut Reader<'_>, url: &Setting<Secret>, backend: &str) {
    // The pool alone keeps no sessions.
    if r.mode() != Mode::Pool {
        r.missing_because(
            &url.about,
            &format!("is required by session.backend {backend}"),
        );
    }
}

/// Whether what is sent there can be read on the way: neither TLS nor this machine.
pub(crate) fn is_plain(url: &Secret) -> bool {
    let text = url.expose();
    let Ok(url) = Url::parse(text) else {
        return text.contains("sslmode=disable");
    };
    let encrypted = match url.scheme() {
        "rediss" => true,
        "redis" => false,
        // PostgreSQL: see the setting's doc.
        _ => !url
            .query_pairs()
            .any(|(name, value)| name == "sslmode" && value == "disable"),
    };
    // These schemes have their host unparsed.
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    !encrypted && !host.is_empty() && !is_loopback(host)
}

/// Whether the host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn redis_url(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "redis" | "rediss") && has_host(&url) => Ok(()),
        _ => Err("must be a URL that starts with redis:// or rediss://".to_owned()),
    }
}

pub(crate) fn postgres_url(text: &str) -> Result<(), String> {
    let scheme = ["postgres://", "postgresql://"];
    let good = match Url::parse(text) {
        Ok(url) => {
            // A Unix socket is named behind the `?`.
            let socket = url.query_pairs().any(|(name, _)| name == "host");
            (has_host(&url) || socket) && url.path().len() > 1
        }
        // Several servers with their ports are a URL to PostgreSQL alone.
        Err(_) => text.contains(','),
    };
    match good && scheme.iter().any(|scheme| text.starts_with(scheme)) {
        true => Ok(()),
        false => {
            Err("must be a URL that starts with postgres:// and names host and database".to_owned())
        }
    }
}

fn has_host(url: &Url) -> bool {
    url.host_str().is_some_and(|host| !host.is_empty())
}

/// In Redis Cluster braces in front of ours would put all keys into one slot, and the other
/// characters are those of patterns.
fn key_prefix(text: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b);
    if text.len() <= 64 && text.bytes().all(good) {
        Ok(())
    } else {
        Err("must be up to 64 letters, digits and _.:/-".to_owned())
    }
}

/// `TableName` of DynamoDB: 3 to 255 of `[a-zA-Z0-9_.-]`.
pub(crate) fn table_name(text: &str) -> Result<(), String> {
    let good = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if good && (3..=255).contains(&text.len()) {
        Ok(())
    } else {
        Err("must be a DynamoDB table name: 3 to 255 letters, digits and _.-".to_owned())
    }
}
