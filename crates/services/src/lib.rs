//! Redis, PostgreSQL, DynamoDB, nginx, SES and a server of mail for tests: the real things, started on free ports and
//! ended when they are dropped.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod certificate;
mod dynamodb;
mod nginx;
mod postgres;
mod process;
mod redis;
mod ses;
mod smtp;

pub use dynamodb::DynamoDb;
pub use nginx::Nginx;
pub use postgres::{Postgres, Query};
pub use process::free_ports;
pub use redis::{Redis, RedisCluster};
pub use ses::Ses;
pub use smtp::Smtp;
