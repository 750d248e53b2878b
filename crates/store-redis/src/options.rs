use std::fmt;
use std::time::Duration;

/// Where the sessions are kept, and how they are reached.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where Redis is.
    pub addresses: Addresses,
    /// Whether it is a Cluster, which is asked for its servers; several addresses always are
    /// those of one.
    pub cluster: bool,
    /// What every key begins with, so that several installations can share one Redis. None by
    /// default; no braces.
    pub key_prefix: String,
    /// How long a caller waits for Redis; then the store counts as unavailable. A write may
    /// have been carried out all the same. 2 s by default.
    pub call_limit: Duration,
    /// Longer than any session lives, in seconds: for so long a user index names it at most.
    /// 400 days by default.
    pub longest_life_seconds: u32,
    /// The authorities to trust for `rediss://`, as PEM, in place of the system's.
    pub certificate_authority: Option<Vec<u8>>,
    /// Bytes of records and marks kept in memory, for as long as Redis tells of every change.
    /// 32 MiB by default; with 0 every read asks Redis, and nothing is asked of Redis' memory.
    pub cache_bytes: u64,
}

impl Options {
    /// The defaults for these addresses.
    #[must_use]
    pub fn new(addresses: impl Into<Addresses>) -> Self {
        Self {
            addresses: addresses.into(),
            cluster: false,
            key_prefix: String::new(),
            call_limit: Duration::from_secs(2),
            longest_life_seconds: 400 * 24 * 60 * 60,
            certificate_authority: None,
            cache_bytes: 32 << 20,
        }
    }
}

/// `redis://` and `rediss://` addresses, separated by commas. They may hold a password, so they
/// do not print.
#[derive(Clone)]
pub struct Addresses(String);

impl Addresses {
    pub(crate) fn each(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').map(str::trim)
    }
}

impl<S: Into<String>> From<S> for Addresses {
    fn from(addresses: S) -> Self {
        Self(addresses.into())
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Addresses(..)")
    }
}

/// Why Redis cannot be used as configured. That it cannot be reached is none: it may be later.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An address that is none.
    #[error(
        "address {number} of Redis is not understood: write redis://user:password@host:port/database, or rediss:// for TLS, and percent-encode special characters"
    )]
    Address {
        /// Which, from 1.
        number: usize,
    },
    /// TLS that would check nothing.
    #[error(
        "address {number} of Redis ends in #insecure, which Cogward does not do: give the certificate authority instead"
    )]
    Insecure {
        /// Which, from 1.
        number: usize,
    },
    /// The addresses of one Cluster that do not fit together.
    #[error(
        "address {number} of Redis has another scheme, user, password or database than the first: they must be of one Cluster"
    )]
    Mixed {
        /// Which, from 1.
        number: usize,
    },
    /// A Cluster has but database 0.
    #[error("a Redis Cluster has no database {database}: leave it out of the address")]
    Database {
        /// The one that was asked for.
        database: i64,
    },
    /// It has fewer databases.
    #[error(
        "Redis at {server} does not have the database that the address names: leave it out, or raise the setting databases"
    )]
    NoDatabase {
        /// Its host and port.
        server: String,
    },
    /// A prefix with braces would undo those of the keys.
    #[error("the key prefix for Redis must be at most 100 visible ASCII characters, and no braces")]
    KeyPrefix,
    /// The authority is no certificate.
    #[error("the certificate authority for Redis holds no certificate: give it as PEM")]
    CertificateAuthority,
    /// An authority for a connection without TLS.
    #[error("Redis has a certificate authority but no TLS: write rediss:// for redis://")]
    NoTls,
    /// The certificate is not to be trusted.
    #[error(
        "the certificate of Redis at {server} is refused ({reason}): check the certificate authority and the host's name"
    )]
    Certificate {
        /// Its host and port.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Redis wants other credentials, or gives them too few rights.
    #[error("Redis at {server} refuses the user or the password ({reason})")]
    Refused {
        /// Its host and port.
        server: String,
        /// What it said.
        reason: String,
    },
    /// Redis is too old.
    #[error("Redis at {server} is version {found}: 6.2 is the oldest that will do")]
    TooOld {
        /// Its host and port.
        server: String,
        /// Its version.
        found: String,
    },
    /// One server of a Cluster is no Redis by itself.
    #[error("Redis at {server} is part of a Cluster: set the option for a Cluster")]
    IsCluster {
        /// Its host and port.
        server: String,
    },
    /// No Cluster after all.
    #[error(
        "Redis at {server} is not part of a Cluster: give one address, and no option for a Cluster"
    )]
    NotCluster {
        /// Its host and port.
        server: String,
    },
}
