use std::error::Error;

use cogward_session::LookupKey;

use crate::calls::{CallError, in_words};
use crate::client;
use crate::items::Place;
use crate::options::Options;
use crate::store::DynamoStore;

/// Why DynamoDB cannot be used as configured. That it cannot be reached is none: it may be later.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody says in which region the table is.
    #[error("there is no AWS region for DynamoDB: set one")]
    Region,
    /// An address with more than an address.
    #[error("the endpoint of DynamoDB has a user name or password: leave them out")]
    Endpoint,
    /// No access key was found.
    #[error(
        "there are no AWS credentials for DynamoDB: give the machine, function or container a role, or set an access key"
    )]
    Credentials {
        /// Where they were looked for.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such table, or not yet.
    #[error(
        "there is no DynamoDB table `{table}` in {region}: make it with `cogward store prepare`, or name another"
    )]
    Missing {
        /// Its name.
        table: String,
        /// Where it should be.
        region: String,
    },
    /// It is another kind of table.
    #[error(
        "the DynamoDB table `{table}` in {region} is not one for sessions, whose key is `session_id`, a string, alone: name another"
    )]
    Keys {
        /// Its name.
        table: String,
        /// Where it is.
        region: String,
    },
    /// There is no such table of resources.
    #[error(
        "there is no DynamoDB table of resources `{table}` in {region}: make it, or name another"
    )]
    MissingEntities {
        /// Its name.
        table: String,
        /// Where it should be.
        region: String,
    },
    /// It is another kind of table.
    #[error(
        "the DynamoDB table `{table}` in {region} is not one of resources, whose key is `id`, a string, alone: name another"
    )]
    EntityKeys {
        /// Its name.
        table: String,
        /// Where it is.
        region: String,
    },
    /// Items of it end by another attribute.
    #[error(
        "the DynamoDB table `{table}` in {region} has its time to live in `{attribute}`: switch that off, then have it in `ttl`"
    )]
    TimeToLive {
        /// Its name.
        table: String,
        /// Where it is.
        region: String,
        /// That attribute.
        attribute: String,
    },
    /// The access key is not known or may not do that.
    #[error("DynamoDB refuses table `{table}` in {region} with {code}: {message}")]
    Refused {
        /// The table's name.
        table: String,
        /// Where it was looked for.
        region: String,
        /// The kind of refusal, as `AccessDeniedException`.
        code: String,
        /// DynamoDB's own words.
        message: String,
    },
    /// A table cannot be made now.
    #[error(
        "DynamoDB in {region} does not answer, or not in time: try again when it can be reached"
    )]
    Unreachable {
        /// The region.
        region: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

pub(crate) async fn open(options: Options) -> Result<DynamoStore, OpenError> {
    let store = DynamoStore {
        clients: client::connect(&options).await?,
        table: options.table,
        call_limit: options.call_limit,
    };
    let Err(error) = probe(&store).await else {
        return Ok(store);
    };
    let (table, region) = (&store.table, &store.clients.region);
    match OpenError::of(error, table, region) {
        // There is nothing else to be wrong with the question.
        OpenError::Refused { code, .. } if code == "ValidationException" => Err(OpenError::Keys {
            table: table.clone(),
            region: region.clone(),
        }),
        OpenError::Unreachable { region, source } => {
            let error = in_words(&*source);
            tracing::warn!(
                table,
                region,
                error,
                "DynamoDB does not answer: it is tried again"
            );
            Ok(store)
        }
        error => Err(error),
    }
}

/// Asks for an item that never is there: that takes but the right to read items, and nothing of
/// the few requests that AWS allows for descriptions of tables.
pub(crate) async fn probe(store: &DynamoStore) -> Result<(), CallError> {
    let nowhere = Place::Session(LookupKey::from_bytes([0; 32]));
    store.get(store.deadline(), nowhere).await.map(drop)
}

impl OpenError {
    pub(crate) fn of(error: CallError, table: &str, region: &str) -> Self {
        let (table, region) = (table.to_owned(), region.to_owned());
        match error {
            CallError::Credentials(source) => Self::Credentials { source },
            CallError::Refused { code, message } => match code.as_str() {
                "ResourceNotFoundException" => Self::Missing { table, region },
                // DynamoDB is busy.
                "ThrottlingException"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded" => Self::Unreachable {
                    region,
                    source: CallError::Refused { code, message }.into(),
                },
                _ => Self::Refused {
                    table,
                    region,
                    code,
                    message,
                },
            },
            error => Self::Unreachable {
                region,
                source: error.into(),
            },
        }
    }
}
