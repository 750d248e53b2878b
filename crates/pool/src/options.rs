use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use crate::seed::Seed;

/// The id of the local pool. Clients refuse ids of another shape.
pub const POOL_ID: &str = "us-east-1_Cogward01";

/// The part of the pool's id that goes with user ids into SRP.
pub(crate) fn pool_name() -> &'static str {
    POOL_ID.split_once('_').map_or(POOL_ID, |(_, name)| name)
}

/// How a local pool starts.
#[derive(Debug, Clone, Default)]
pub struct PoolOptions {
    /// Directory of `pool.db`, made when missing; `None` keeps everything in memory.
    pub data_dir: Option<PathBuf>,
    /// Loopback port to listen on; `0` takes any free one.
    pub port: u16,
    /// Issuer to write into tokens instead of `http://localhost:PORT/us-east-1_Cogward01`,
    /// such as `https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Cogward01`.
    pub issuer: Option<String>,
    /// Where a new pool takes its two signing keys from, and writes them when the file is not
    /// there: pools of one test run then share them, and none waits for its own. Whoever reads
    /// it signs for all of them.
    pub key_file: Option<PathBuf>,
    /// Serve HTTPS with a self-signed development certificate.
    pub tls: bool,
    /// Make `user@example.com` and `admin@example.com` (group `admin`), password
    /// `Passw0rd!`, when the pool is new.
    pub ready_users: bool,
    /// Redirect URIs allowed besides any http(s) URL on `localhost`, `127.0.0.1` or
    /// `[::1]`, which both built-in clients may always use.
    pub callback_urls: Vec<Url>,
    /// Sign-out URIs allowed besides the same loopback URLs.
    pub logout_urls: Vec<Url>,
    /// What the pool begins with. Its settings and clients hold at every start, its groups and
    /// users are made when they are missing; the ready users only where it names none.
    pub seed: Option<Seed>,
    /// The program runs in production: the start is refused.
    pub production: bool,
}

/// Why a pool did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A development pool with known credentials has no place in production.
    #[error(
        "the local user pool is refused with ENVIRONMENT=production: use a real Cognito user pool"
    )]
    Production,
    /// The issuer is not a URL that ends in the pool id.
    #[error("issuer {issuer:?} is not usable: give an http(s) URL that ends in /{POOL_ID}")]
    Issuer {
        /// What was given.
        issuer: String,
    },
    /// The address could not be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The loopback address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data directory could not be made or read.
    #[error("cannot use the data directory {}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another pool has the data directory.
    #[error("the data directory {} is in use by another process", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The database is of a later version of this program.
    #[error("{} was written by a later version: use that version, or another data directory", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
    },
    /// The database could not be opened or written.
    #[error("cannot use the pool's database")]
    Database(#[from] rusqlite::Error),
    /// The seed's users could not be made.
    #[error("the seed cannot be used: {what}")]
    Seed {
        /// What is wrong with it.
        what: String,
    },
    /// A key or certificate could not be made or read.
    #[error("cannot prepare the pool's {what}: remove the data directory to make a new one")]
    Keys {
        /// Which key material.
        what: &'static str,
    },
}
