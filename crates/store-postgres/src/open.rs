use std::time::Duration;

use crate::connect::Connector;
use crate::fault::Fault;
use crate::schema::{PEOPLE, SESSIONS, Schema};
use crate::url::DatabaseUrl;

/// How a database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Certificates (PEM) of who may have signed the server's; none for the system's own.
    pub authorities: Option<Vec<u8>>,
    /// How many connections are held, half of them for reading alone; at least two. 8 by
    /// default.
    pub connections: usize,
    /// How long a caller waits; then the store counts as unavailable. A write that was sent may
    /// still be carried out. 2 s by default.
    pub call_limit: Duration,
}

impl Options {
    /// The defaults, for this database.
    #[must_use]
    pub const fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            authorities: None,
            connections: 8,
            call_limit: Duration::from_secs(2),
        }
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The PEM text holds no certificates that can be read.
    #[error("the certificates for PostgreSQL cannot be read: they must be X.509 in PEM")]
    Authorities,
    /// The system's own authorities cannot be used.
    #[error("the system's certificate authorities cannot be used: name those of PostgreSQL")]
    SystemAuthorities(#[source] rustls::Error),
    /// The server is another than it should be, or nobody trusted says who it is.
    #[error(
        "the certificate of PostgreSQL at {server} is not trusted: check the host's name and the certificate authority"
    )]
    Untrusted {
        /// Host and database.
        server: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server wants to be talked to in another way, or offers no TLS.
    #[error(
        "cannot talk with PostgreSQL at {server}: check that it has TLS (else the URL needs sslmode=disable) and how it signs in"
    )]
    Handshake {
        /// Host and database.
        server: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Wrong user, password or database.
    #[error("PostgreSQL at {server} refuses: check user, password and database of its URL")]
    Refused {
        /// Host and database.
        server: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its tables were made by a later release.
    #[error(
        "the tables of PostgreSQL at {server} have schema {found}, this release knows up to {known}: use a later release"
    )]
    TooNew {
        /// Host and database.
        server: String,
        /// Its schema version.
        found: i32,
        /// The latest this release knows.
        known: i32,
    },
    /// They could not be made or brought up to date.
    #[error(
        "cannot make the tables in PostgreSQL at {server}: do so as a user who may create some, with cogward store prepare"
    )]
    Tables {
        /// Host and database.
        server: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// This user may not do what is needed, or a table is missing.
    #[error("PostgreSQL at {server} does not let its user {missing}: grant it")]
    Rights {
        /// Host and database.
        server: String,
        /// The first thing found, such as `INSERT on cogward_login`.
        missing: String,
    },
    /// There is no table of that name for resources.
    #[error(
        "there is no table `{table}` in PostgreSQL at {server} (names count as they are stored, which is in lower case unless quoted): make it, or name another"
    )]
    EntityTable {
        /// Host and database.
        server: String,
        /// Its name.
        table: String,
    },
    /// It does not say what it must.
    #[error(
        "the table `{table}` in PostgreSQL at {server} has no column `{column}` of {wanted}: it needs `id` and `owner`"
    )]
    EntityColumn {
        /// Host and database.
        server: String,
        /// The table.
        table: String,
        /// The first column that is missing or of another type.
        column: &'static str,
        /// What type it must have.
        wanted: &'static str,
    },
    /// Nobody answers there; told by [`prepare`] alone.
    #[error("cannot reach PostgreSQL at {server}: check its host and port, and whether it runs")]
    Unreachable {
        /// Host and database.
        server: String,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Makes the tables or brings them up to date, for servers whose user may not. Opening a store
/// does so too.
///
/// # Errors
/// [`OpenError`], also when the database cannot be reached.
pub async fn prepare(options: &Options) -> Result<(), OpenError> {
    made(options, &SESSIONS).await
}

/// The same, of the tables of [people](crate::PostgresDirectory).
///
/// # Errors
/// As of [`prepare`].
pub async fn prepare_people(options: &Options) -> Result<(), OpenError> {
    made(options, &PEOPLE).await
}

async fn made(options: &Options, schema: &'static Schema) -> Result<(), OpenError> {
    let connector = Connector::new(options, schema)?;
    match connector.bare().await {
        Ok(_) => Ok(()),
        Err(Fault::Unusable(error)) => Err(error),
        Err(other) => Err(OpenError::Unreachable {
            server: options.url.server().to_owned(),
            source: other.into(),
        }),
    }
}
