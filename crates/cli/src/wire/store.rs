//! Opens the store that the configuration names.

#[cfg(feature = "dynamodb")]
pub(super) mod dynamodb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;

use std::path::PathBuf;
use std::sync::Arc;

use cogward_config::{Backend, Config, Secret};
use cogward_session::{MemoryStore, SessionStore};
use cogward_store_sqlite::{OpenError, Options, SqliteStore};
use url::Url;

use crate::data_dir;
use crate::failure::Failure;
use crate::printable::printable;

/// The store; one on the network that cannot be reached now is tried again when it is used.
pub(crate) async fn open(config: &Config) -> Result<Arc<dyn SessionStore>, Failure> {
    match config.session.backend {
        Backend::Memory => Ok(Arc::new(MemoryStore::new())),
        Backend::Sqlite => sqlite(config),
        #[cfg(feature = "redis")]
        Backend::Redis => redis::open(config).await,
        #[cfg(not(feature = "redis"))]
        Backend::Redis => Err(not_built("redis")),
        #[cfg(feature = "postgres")]
        Backend::Postgres => postgres::open(config).await,
        #[cfg(not(feature = "postgres"))]
        Backend::Postgres => Err(not_built("postgres")),
        #[cfg(feature = "dynamodb")]
        Backend::Dynamodb => dynamodb::open(config).await,
        #[cfg(not(feature = "dynamodb"))]
        Backend::Dynamodb => Err(not_built("dynamodb")),
    }
}

/// Makes what the store needs to be there; returns what there is to say of it, a line each.
pub(crate) async fn prepare(config: &Config) -> Result<Vec<String>, Failure> {
    match config.session.backend {
        Backend::Memory => Ok(vec!["sessions in memory need nothing".to_owned()]),
        Backend::Sqlite => Ok(vec![
            "sqlite needs nothing: the server makes its file at start".to_owned(),
        ]),
        #[cfg(feature = "redis")]
        Backend::Redis => redis::prepare(config).await,
        #[cfg(not(feature = "redis"))]
        Backend::Redis => Err(not_built("redis")),
        #[cfg(feature = "postgres")]
        Backend::Postgres => postgres::prepare(config).await,
        #[cfg(not(feature = "postgres"))]
        Backend::Postgres => Err(not_built("postgres")),
        #[cfg(feature = "dynamodb")]
        Backend::Dynamodb => dynamodb::prepare(config).await,
        #[cfg(not(feature = "dynamodb"))]
        Backend::Dynamodb => Err(not_built("dynamodb")),
    }
}

/// Whether what has expired must be removed: Redis and DynamoDB do so themselves.
pub(crate) fn is_shared(config: &Config) -> bool {
    !matches!(config.session.backend, Backend::Memory | Backend::Sqlite)
}

pub(crate) fn is_swept(config: &Config) -> bool {
    !matches!(config.session.backend, Backend::Redis | Backend::Dynamodb)
}

/// Which store, for log and banner: without password and whatever else may be secret in a URL.
pub(crate) fn describe(config: &Config) -> String {
    let session = &config.session;
    match session.backend {
        Backend::Memory => "memory".to_owned(),
        Backend::Sqlite => format!("sqlite {}", session.sqlite_path.display()),
        Backend::Redis => {
            let cluster = if session.redis.cluster {
                " cluster"
            } else {
                ""
            };
            let places: Vec<_> = session.redis.urls.iter().map(place).collect();
            format!("redis{cluster} {}", places.join(", "))
        }
        Backend::Postgres => {
            let place = session.postgres.url.as_ref().map(place);
            format!("postgres {}", place.unwrap_or_default())
        }
        Backend::Dynamodb => {
            let place = session.dynamodb.endpoint.as_ref().map(ToString::to_string);
            let place = place.unwrap_or_else(|| session.dynamodb.region.clone());
            format!("dynamodb {} in {place}", session.dynamodb.table)
        }
    }
}

/// Scheme, host, port and path.
pub(super) fn place(url: &Secret) -> String {
    let Ok(url) = Url::parse(url.expose()) else {
        return String::new();
    };
    // Part of a password that is not encoded as it should be.
    if url.path().contains('@') {
        return format!("{}://…", url.scheme());
    }
    let host = url.host_str().unwrap_or("");
    let port = url.port().map(|port| format!(":{port}"));
    let port = port.unwrap_or_default();
    printable(&format!("{}://{host}{port}{}", url.scheme(), url.path()))
}

fn sqlite(config: &Config) -> Result<Arc<dyn SessionStore>, Failure> {
    let session = &config.session;
    if let Some(folder) = session.sqlite_path.parent() {
        data_dir::make(folder)?;
    }
    let options = Options {
        cache_bytes: u64::from(session.cache_megabytes) << 20,
        ..Options::default()
    };
    match SqliteStore::open(&session.sqlite_path, options) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error @ OpenError::InUse { .. }) => Err(Failure::from(error)
            .hint("is another cogward running? choose another data folder with --data-dir")),
        Err(error) => Err(error.into()),
    }
}

/// Certificates that stand in a file, for the setting of this key.
pub(super) fn authorities(key: &str, file: Option<&PathBuf>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = file else { return Ok(None) };
    let read = std::fs::read(path).map(Some);
    read.map_err(|error| {
        Failure::new(format!("cannot read {}: {error}", path.display()))
            .hint(format!("{key} names a file of certificates (PEM)"))
    })
}

#[cfg(not(all(feature = "redis", feature = "postgres", feature = "dynamodb")))]
pub(super) fn not_built(backend: &str) -> Failure {
    Failure::new(format!("this build has no {backend} store")).hint(format!(
        "build with `--features {backend}`, or choose another session.backend"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_nothing_of_a_password() {
        let shown = |url: &str| place(&Secret::from(url.to_owned()));
        let good = "postgres://cogward:s3cret@db:5433/sessions?sslmode=disable";
        assert_eq!(shown(good), "postgres://db:5433/sessions");
        for bad in [
            "postgres://u:12/34secret@db/cogward",
            "redis://:12/34secret@db",
            "postgres://u:34secret#x@db/cogward",
            "postgres://u:34secret?x@db/cogward",
            "34secret",
        ] {
            assert!(!shown(bad).contains("34secret"), "{bad}: {}", shown(bad));
        }
    }
}
