//! Opens the directory of people that the configuration names.

use std::sync::Arc;

use cogward_auth::{Auth, chain};
use cogward_config::{Config, Directory};
use cogward_people::UserDirectory;
use cogward_store_sqlite::SqliteDirectory;

use super::{SWEEP_EVERY, SWEEP_LIMIT};
use crate::data_dir;
use crate::failure::Failure;

/// One on the network that cannot be reached now is tried again when it is used.
pub(crate) async fn open(config: &Config) -> Result<Option<Arc<dyn UserDirectory>>, Failure> {
    let people = &config.people;
    match people.directory {
        Directory::None => Ok(None),
        Directory::Sqlite => {
            if let Some(folder) = people.sqlite_path.parent() {
                data_dir::make(folder)?;
            }
            Ok(Some(Arc::new(SqliteDirectory::open(&people.sqlite_path)?)))
        }
        #[cfg(feature = "postgres")]
        Directory::Postgres => {
            let options = postgres(config)?;
            let directory = cogward_store_postgres::PostgresDirectory::open(options).await?;
            Ok(Some(Arc::new(directory)))
        }
        #[cfg(not(feature = "postgres"))]
        Directory::Postgres => Err(super::store::not_built("postgres")),
    }
}

/// Makes what the directory needs to be there; returns what there is to say of it.
pub(crate) async fn prepare(config: &Config) -> Result<Option<String>, Failure> {
    match config.people.directory {
        #[cfg(feature = "postgres")]
        Directory::Postgres => {
            cogward_store_postgres::prepare_people(&postgres(config)?).await?;
            Ok(Some("the tables of people are ready".to_owned()))
        }
        _ => Ok(None),
    }
}

#[cfg(feature = "postgres")]
fn postgres(config: &Config) -> Result<cogward_store_postgres::Options, Failure> {
    let people = &config.people;
    let url = people.postgres_url.as_ref();
    let url = url.map_or("", cogward_config::Secret::expose).parse();
    let url = url.map_err(|error: cogward_store_postgres::UrlError| {
        Failure::from(error).hint("see people.postgres_url")
    })?;
    let ca_file = people.postgres_ca_file.as_ref();
    Ok(cogward_store_postgres::Options {
        authorities: super::store::authorities("people.postgres_ca_file", ca_file)?,
        call_limit: config.session.store_timeout,
        ..cogward_store_postgres::Options::new(url)
    })
}

/// Removes codes that are over, for as long as the process lives.
pub(super) fn sweep(auth: &Arc<Auth>) {
    let Some(people) = auth.pool().people.clone() else {
        return;
    };
    let auth = Arc::clone(auth);
    tokio::spawn(async move {
        let mut every = tokio::time::interval(SWEEP_EVERY);
        loop {
            every.tick().await;
            if let Err(error) = people.sweep(auth.now(), SWEEP_LIMIT).await {
                tracing::warn!(error = chain(&error), "codes that are over are not removed");
            }
        }
    });
}
