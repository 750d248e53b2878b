//! PostgreSQL.

use std::sync::Arc;

use cogward_config::{Config, Secret};
use cogward_session::SessionStore;
use cogward_store_postgres::{DatabaseUrl, Options, PostgresStore};

use super::{authorities, describe};
use crate::failure::Failure;

pub(super) async fn open(config: &Config) -> Result<Arc<dyn SessionStore>, Failure> {
    Ok(Arc::new(PostgresStore::open(options(config)?).await?))
}

/// Makes the tables, or brings them up to date.
pub(super) async fn prepare(config: &Config) -> Result<Vec<String>, Failure> {
    cogward_store_postgres::prepare(&options(config)?).await?;
    Ok(vec![format!("the tables are ready: {}", describe(config))])
}

fn options(config: &Config) -> Result<Options, Failure> {
    let (session, postgres) = (&config.session, &config.session.postgres);
    let url = postgres.url.as_ref().map_or("", Secret::expose);
    let url: DatabaseUrl = url.parse().map_err(|error| {
        Failure::from(error).hint("see session.postgres_url (POSTGRES_URL, DATABASE_URL)")
    })?;
    Ok(Options {
        authorities: authorities("session.postgres_ca_file", postgres.ca_file.as_ref())?,
        connections: postgres.connections.into(),
        call_limit: session.store_timeout,
        ..Options::new(url)
    })
}
