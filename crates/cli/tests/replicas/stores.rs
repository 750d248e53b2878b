//! The stores that processes can share: the real things.

use std::sync::Arc;

use cogward_services::{DynamoDb, Postgres, Redis};
use cogward_session::SessionStore;
use cogward_store_dynamodb::{DynamoStore, StaticCredentials};
use cogward_store_postgres::PostgresStore;
use cogward_store_redis::RedisStore;

/// Of the shape that AWS's have.
const ACCESS_KEY: &str = "TESTS0TESTS0TESTS0TESTS0TESTS0TESTS0TEST";

/// Which store, and how it is used.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// With copies of what is read most in the servers' memory.
    Redis,
    RedisWithoutCopies,
    Postgres,
    DynamoDb,
}

impl Kind {
    /// How many of so many requests are under way at a time: all of them, but what stands in
    /// for DynamoDB takes them one by one, and slowly.
    pub(crate) fn at_once(self, all: usize) -> usize {
        match self {
            Self::DynamoDb => 40,
            _ => all,
        }
    }
}

/// A running store.
pub(crate) enum Store {
    Redis { server: Redis, copies: bool },
    Postgres { server: Postgres, url: String },
    DynamoDb(DynamoDb),
}

impl Store {
    pub(crate) fn start(kind: Kind) -> Self {
        let redis = |copies| Self::Redis {
            server: Redis::start_with(&["--appendonly", "yes"]),
            copies,
        };
        match kind {
            Kind::Redis => redis(true),
            Kind::RedisWithoutCopies => redis(false),
            Kind::Postgres => {
                let server = Postgres::start();
                let url = server.database();
                Self::Postgres { server, url }
            }
            Kind::DynamoDb => Self::DynamoDb(DynamoDb::start()),
        }
    }

    /// What a server is told of it.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Redis { server, copies } => vec![
                ("SESSION_BACKEND", "redis".to_owned()),
                ("REDIS_URL", server.url()),
                (
                    "COGWARD_SESSION_CACHE_MEGABYTES",
                    if *copies { "8" } else { "0" }.to_owned(),
                ),
            ],
            Self::Postgres { url, .. } => vec![
                ("SESSION_BACKEND", "postgres".to_owned()),
                ("POSTGRES_URL", url.clone()),
            ],
            Self::DynamoDb(server) => vec![
                ("SESSION_BACKEND", "dynamodb".to_owned()),
                ("DYNAMODB_ENDPOINT", server.endpoint()),
                ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
                ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY.to_owned()),
                ("COGWARD_SESSION_DYNAMODB_CREATE_TABLE", "true".to_owned()),
            ],
        }
    }

    /// A reader and writer of its own, beside the servers'.
    pub(crate) async fn open(&self) -> Arc<dyn SessionStore> {
        match self {
            Self::Redis { server, .. } => {
                let mut options = cogward_store_redis::Options::new(server.url());
                options.cache_bytes = 0;
                Arc::new(RedisStore::open(options).await.unwrap())
            }
            Self::Postgres { url, .. } => {
                let options = cogward_store_postgres::Options::new(url.parse().unwrap());
                Arc::new(PostgresStore::open(options).await.unwrap())
            }
            Self::DynamoDb(server) => {
                let options = cogward_store_dynamodb::Options {
                    region: Some("us-east-1".to_owned()),
                    endpoint: Some(server.endpoint().parse().unwrap()),
                    credentials: Some(StaticCredentials::new(ACCESS_KEY, ACCESS_KEY, None)),
                    ..cogward_store_dynamodb::Options::default()
                };
                Arc::new(DynamoStore::open(options).await.unwrap())
            }
        }
    }

    pub(crate) fn pause(&self) {
        match self {
            Self::Redis { server, .. } => server.pause(),
            Self::Postgres { server, .. } => server.pause(),
            Self::DynamoDb(server) => server.pause(),
        }
    }

    pub(crate) fn resume(&self) {
        match self {
            Self::Redis { server, .. } => server.resume(),
            Self::Postgres { server, .. } => server.resume(),
            Self::DynamoDb(server) => server.resume(),
        }
    }

    pub(crate) fn kill(&mut self) {
        match self {
            Self::Redis { server, .. } => server.kill(),
            Self::Postgres { server, .. } => server.kill(),
            Self::DynamoDb(server) => server.kill(),
        }
    }

    /// Starts it again where it was, with what it had.
    pub(crate) fn restart(&mut self) {
        match self {
            Self::Redis { server, .. } => server.restart(),
            Self::Postgres { server, .. } => server.restart(),
            Self::DynamoDb(server) => server.restart(),
        }
    }
}
