//! Every kind of session store, the real thing behind it started for the test.

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
        let service = match self {
            Self::Memory => Service::InProcess(Arc::new(MemoryStore::new())),
            Self::Sqlite => {
                let path = folder.join("sessions.db");
                let store = SqliteStore::open(&path, Default::default());
                Service::InProcess(Arc::new(store.unwrap()))
            }
            Self::Redis | Self::RedisCached => Service::Redis {
                server: Redis::start(),
                cached: self == Self::RedisCached,
            },
            Self::Postgres => {
                let server = Postgres::start();
                let database = server.database();
                Service::Postgres {
                    _server: server,
                    database,
                }
            }
            Self::DynamoDb => Service::DynamoDb(DynamoDb::start()),
        };
        Opened {
            store: service.open().await,
            service: Arc::new(service),
        }
    }
}

/// A store, and what it is kept in.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn SessionStore>,
    service: Arc<Service>,
}

impl Opened {
    /// As another process has it.
    pub(crate) async fn again(&self) -> Self {
        Self {
            store: self.service.open().await,
            service: Arc::clone(&self.service),
        }
    }
}

impl Opened {
    /// Stops the database itself, for good.
    pub(crate) fn stop(&self) {
        let Service::Redis { server, .. } = &*self.service else {
            panic!("only a Redis of its own is stopped");
        };
        // It says nothing and hangs up.
        let _hung_up = server.query(&["SHUTDOWN", "NOSAVE"]);
    }
}

enum Service {
    InProcess(Arc<dyn SessionStore>),
    Redis { server: Redis, cached: bool },
    Postgres { _server: Postgres, database: String },
    DynamoDb(DynamoDb),
}

impl Service {
    async fn open(&self) -> Arc<dyn SessionStore> {
        match self {
            Self::InProcess(store) => Arc::clone(store),
            Self::Redis { server, cached } => {
                let mut options = cogward_store_redis::Options::new(server.url());
                if !cached {
                    options.cache_bytes = 0;
                }
                Arc::new(RedisStore::open(options).await.unwrap())
            }
            Self::Postgres { database, .. } => {
                let url = database.parse().unwrap();
                let options = cogward_store_postgres::Options::new(url);
                Arc::new(PostgresStore::open(options).await.unwrap())
            }
            Self::DynamoDb(server) => {
                let options = cogward_store_dynamodb::Options {
                    endpoint: Some(server.endpoint().parse().unwrap()),
                    region: Some("us-east-1".to_owned()),
                    credentials: Some(StaticCredentials::new("test", "test", None)),
                    // The stand-in does one thing at a time.
                    call_limit: Duration::from_secs(20),
                    ..cogward_store_dynamodb::Options::default()
                };
                let made = cogward_store_dynamodb::create_table(&options).await;
                made.unwrap();
                Arc::new(DynamoStore::open(options).await.unwrap())
            }
        }
    }
}
