//! DynamoDB.

use std::sync::Arc;

use cogward_config::Config;
use cogward_session::SessionStore;
use cogward_store_dynamodb::{DynamoStore, OpenError, Options, StaticCredentials, create_table};

use super::describe;
use crate::failure::Failure;

pub(super) async fn open(config: &Config) -> Result<Arc<dyn SessionStore>, Failure> {
    if config.session.dynamodb.create_table {
        match create_table(&options(config)).await {
            // Nor can it be used yet: that is told below.
            Ok(()) | Err(OpenError::Unreachable { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Arc::new(DynamoStore::open(options(config)).await?))
}

/// Makes the table, unless it is there.
pub(super) async fn prepare(config: &Config) -> Result<Vec<String>, Failure> {
    create_table(&options(config)).await?;
    Ok(vec![format!("the table is ready: {}", describe(config))])
}

pub(in crate::wire) fn options(config: &Config) -> Options {
    let (session, dynamodb) = (&config.session, &config.session.dynamodb);
    let credentials = dynamodb.credentials.as_ref().map(|credentials| {
        let token = credentials.session_token.as_ref();
        StaticCredentials::new(
            credentials.access_key_id.expose(),
            credentials.secret_access_key.expose(),
            token.map(|token| token.expose().to_owned()),
        )
    });
    Options {
        table: dynamodb.table.clone(),
        region: Some(dynamodb.region.clone()),
        endpoint: dynamodb.endpoint.clone(),
        credentials,
        call_limit: session.store_timeout,
    }
}
