//! Who tells whose a resource is, as the configuration has it.

use std::sync::Arc;

use cogward_config::{Config, EntitySource, Secret};
use cogward_policy::EntityProvider;
use cogward_policy::entities::{HttpEntities, TableName, TableNameError};
use cogward_store_sqlite::SqliteEntities;

use crate::failure::Failure;

/// None without a provider. A database that cannot be reached now is tried again when it is
/// asked; a service is not asked yet.
pub(crate) async fn open(config: &Config) -> Result<Option<Arc<dyn EntityProvider>>, Failure> {
    let entities = &config.policy.entities;
    Ok(Some(match entities.source {
        EntitySource::None => return Ok(None),
        EntitySource::Sqlite => {
            let path = &entities.sqlite_path;
            let opened = SqliteEntities::open(path, table(config)?, entities.timeout);
            Arc::new(
                opened.map_err(|error| told(error, "entity_sqlite_path, policy.entity_table"))?,
            )
        }
        EntitySource::Postgres => postgres(config).await?,
        EntitySource::Dynamodb => dynamodb(config).await?,
        EntitySource::Http => {
            let token = entities.service_token.as_ref().map(Secret::expose);
            let opened = HttpEntities::new(&entities.url, token, entities.timeout);
            Arc::new(opened.map_err(|error| told(error, "entity_url, policy.service_token"))?)
        }
    }))
}

/// Who tells, for the log: without what may be secret in a URL.
pub(crate) fn describe(config: &Config) -> String {
    let entities = &config.policy.entities;
    let table = &entities.table;
    match entities.source {
        EntitySource::None => "none".to_owned(),
        EntitySource::Sqlite => format!("sqlite {table} in {}", entities.sqlite_path.display()),
        EntitySource::Postgres => {
            let place = entities.postgres_url.as_ref().map(super::store::place);
            format!("postgres {table} in {}", place.unwrap_or_default())
        }
        EntitySource::Dynamodb => {
            let dynamodb = &config.session.dynamodb;
            let place = dynamodb.endpoint.as_ref().map(ToString::to_string);
            let place = place.as_ref().unwrap_or(&dynamodb.region);
            format!("dynamodb {table} in {place}")
        }
        EntitySource::Http => {
            let bare = entities.url.split('?').next().unwrap_or_default();
            format!("http {bare}")
        }
    }
}

#[cfg(feature = "postgres")]
async fn postgres(config: &Config) -> Result<Arc<dyn EntityProvider>, Failure> {
    use cogward_store_postgres::{DatabaseUrl, Options, PostgresEntities};

    /// Answers are remembered, and a connection takes one question at a time.
    const CONNECTIONS: usize = 4;
    let entities = &config.policy.entities;
    let url = entities.postgres_url.as_ref().map_or("", Secret::expose);
    let url: DatabaseUrl = url
        .parse()
        .map_err(|error| told(error, "entity_postgres_url"))?;
    let ca_file = entities.postgres_ca_file.as_ref();
    let options = Options {
        authorities: super::store::authorities("policy.entity_postgres_ca_file", ca_file)?,
        connections: CONNECTIONS,
        call_limit: entities.timeout,
        ..Options::new(url)
    };
    let opened = PostgresEntities::open(options, table(config)?).await;
    let opened = opened.map_err(|error| told(error, "entity_postgres_url, policy.entity_table"))?;
    Ok(Arc::new(opened))
}

#[cfg(feature = "dynamodb")]
async fn dynamodb(config: &Config) -> Result<Arc<dyn EntityProvider>, Failure> {
    use cogward_store_dynamodb::{DynamoEntities, Options};

    let entities = &config.policy.entities;
    let options = Options {
        table: entities.table.clone(),
        call_limit: entities.timeout,
        ..super::store::dynamodb::options(config)
    };
    let opened = DynamoEntities::open(options).await;
    Ok(Arc::new(
        opened.map_err(|error| told(error, "entity_table"))?,
    ))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &Config) -> Result<Arc<dyn EntityProvider>, Failure> {
    Err(not_built("postgres"))
}

#[cfg(not(feature = "dynamodb"))]
async fn dynamodb(_: &Config) -> Result<Arc<dyn EntityProvider>, Failure> {
    Err(not_built("dynamodb"))
}

#[cfg(not(all(feature = "postgres", feature = "dynamodb")))]
fn not_built(source: &str) -> Failure {
    Failure::new(format!(
        "this build cannot ask {source} whose a resource is"
    ))
    .hint(format!(
        "build with `--features {source}`, or choose another policy.entities"
    ))
}

fn table(config: &Config) -> Result<TableName, Failure> {
    let table = config.policy.entities.table.parse();
    table.map_err(|error: TableNameError| Failure::new(format!("policy.entity_table {error}")))
}

fn told(error: impl std::error::Error, setting: &str) -> Failure {
    Failure::from(error).hint(format!("see policy.{setting}"))
}
