//! Every kind of session store, the real thing behind it started for the test.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cogward_services::{DynamoDb, Postgres, Redis};
use cogward_session::{MemoryStore, SessionStore};
use cogward_store_dynamodb::{DynamoStore, StaticCredentials};
use cogward_store_postgres::PostgresStore;
use cogward_store_redis::RedisStore;
use cogward_store_sqlite::SqliteStore;

/// Which store keeps the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In the process.
    Memory,
    /// In a file of its own.
    Sqlite,
    /// In a Redis of its own, every read asked of it.
    Redis,
    /// In a Redis of its own, what was read kept in memory.
    RedisCached,
    /// In a PostgreSQL of its own.
    Postgres,
    /// In the stand-in for DynamoDB.
    DynamoDb,
}

impl StoreKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Memory,
        Self::Sqlite,
        Self::Redis,
        Self::RedisCached,
        Self::Postgres,
        Self::DynamoDb,
    ];

    pub(crate) async fn open(self, folder: &Path) -> Opened {
        match self {
            Self::Memory => Opened::new(MemoryStore::new(), ()),
            Self::Sqlite => {
                let path = folder.join("sessions.db");
                Opened::new(SqliteStore::open(&path, Default::default()).unwrap(), ())
            }
            Self::Redis | Self::RedisCached => {
                let redis = Redis::start();
                let mut options = cogward_store_redis::Options::new(redis.url());
                if self == Self::Redis {
                    options.cache_bytes = 0;
                }
                Opened::new(RedisStore::open(options).await.unwrap(), redis)
            }
            Self::Postgres => {
                let postgres = Postgres::start();
                let url = postgres.database().parse().unwrap();
                let options = cogward_store_postgres::Options::new(url);
                Opened::new(PostgresStore::open(options).await.unwrap(), postgres)
            }
            Self::DynamoDb => {
                let dynamodb = DynamoDb::start();
                let options = cogward_store_dynamodb::Options {
                    endpoint: Some(dynamodb.endpoint().parse().unwrap()),
                    region: Some("us-east-1".to_owned()),
                    credentials: Some(StaticCredentials::new("test", "test", None)),
                    // The stand-in does one thing at a time.
                    call_limit: Duration::from_secs(20),
                    ..cogward_store_dynamodb::Options::default()
                };
                let made = cogward_store_dynamodb::create_table(&options).await;
                made.unwrap();
                Opened::new(DynamoStore::open(options).await.unwrap(), dynamodb)
            }
        }
    }
}

/// A store, and what it is kept in.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn SessionStore>,
    _service: Arc<dyn Any + Send + Sync>,
}

impl Opened {
    fn new(store: impl SessionStore, service: impl Any + Send + Sync) -> Self {
        Self {
            store: Arc::new(store),
            _service: Arc::new(service),
        }
    }
}
