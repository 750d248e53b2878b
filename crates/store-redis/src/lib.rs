//! Sessions in Redis or Valkey, for many server processes.

mod cache;
mod call;
mod endpoint;
mod index;
mod keys;
mod node;
mod open;
mod options;
mod pulse;
mod router;
mod rows;
mod scripts;
mod servers;
mod store;
mod topology;
mod watch;

pub use options::{Addresses, OpenError, Options};
pub use store::RedisStore;
