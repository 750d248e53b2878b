//! Sessions in DynamoDB, for many server processes.
//!
//! One table, whose key is `session_id` (a string) alone and whose items DynamoDB removes some
//! time after their `ttl`. Until then they are still there: `ttl`, in seconds since 1970, is the
//! end that counts, and it is looked at on every read. What `session_id` begins with says what an
//! item is; the rest of it is a hash, as base64url without padding.
//!
//! | `session_id` | what | attributes |
//! |---|---|---|
//! | `session:` hash of the session's id | a session | `version`, `last_seen` (seconds), `owner` (the hash below), and sealed `identity`, `tokens`, `device` |
//! | `user:` keyed hash of pool and user | which sessions a user has | `sessions`: a set of the hashes above; its `ttl` lies beyond any session's |
//! | `oauth_state:` hash of a sign-in's state | a sign-in under way | `sealed` |
//! | `lease:` hash of the session's id | who renews its tokens | `holder` (random), `until` (seconds) |
//! | `budget:` keyed hash of what it is for and whose | a budget of attempts or messages | `full_at` (seconds): when it is full again |
//! | `revoked:` keyed hash of pool and user | which tokens of a user count no longer | `mark` |
//!
//! Every item has `format`, which is 1. Numbers are numbers, everything else is binary.
//!
//! All reads are strongly consistent. What a write is about stands in its condition, so that
//! DynamoDB decides who comes first. Leases and budgets go by the callers' clocks, for DynamoDB
//! tells of none: replicas must have theirs set, which Amazon's machines have.
//!
//! Facts of an application's resources are read from a table of its own: see [`DynamoEntities`].

mod budgets;
mod calls;
mod client;
mod entities;
mod items;
mod leases;
mod marks;
mod open;
mod options;
mod requests;
mod sessions;
mod store;
mod table;
mod users;

pub use entities::DynamoEntities;
pub use open::OpenError;
pub use options::{Options, StaticCredentials};
pub use store::DynamoStore;
pub use table::create_table;
