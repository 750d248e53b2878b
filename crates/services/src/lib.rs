//! Redis, PostgreSQL, DynamoDB and nginx for tests: the real things, started on free ports and
//! ended when they are dropped.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod dynamodb;
mod nginx;
mod postgres;
mod process;
mod redis;

pub use dynamodb::DynamoDb;
pub use nginx::Nginx;
pub use postgres::{Postgres, Query};
pub use process::free_ports;
pub use redis::{Redis, RedisCluster};
