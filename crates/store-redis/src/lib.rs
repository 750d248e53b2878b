//! Sessions in Redis or Valkey (6.2 or later, by itself or as a Cluster), for many server
//! processes.
//!
//! What is kept where; `{…}` holds 32 bytes as unpadded base64url, and every key has an end:
//!
//! | key | holds |
//! |---|---|
//! | `session:{hash of the session id}` | a record: format 1, version, last seen, expiry, user index, three lengths (4 bytes each), then identity, tokens and device, sealed |
//! | `oauth_state:{hash of the state}` | a sign-in under way: format 1, expiry, then what was sealed |
//! | `revoked:{user index}` | what a "sign out everywhere" ended: see `KeptMark::to_bytes` |
//! | `lease:{hash of the session id}` | who renews the session's tokens, 16 random bytes; held until 15 minutes before the key's end |
//! | `budget:{keyed hash}` | when a budget of attempts or messages is full again, in milliseconds by the clock of Redis; a full one is not there |
//! | `user:{user index}` | a sorted set of the user's sessions (the hashes, as base64url) by the second at which each is over for certain |
//!
//! Numbers are big-endian, of 8 bytes where nothing else is said, and times are seconds. All
//! keys begin with the configured prefix. Redis drops what is over by itself, five minutes late,
//! because clocks differ; readers go by the expiry in the value.
//!
//! A read is one `GET`, a write one command or script on one key; in a Cluster a session and
//! its user index lie apart, so they are written one after the other. Records and marks that
//! were read are kept in memory for as long as every server tells of every change
//! (`CLIENT TRACKING … BCAST`), two seconds after its last sign of life at most.
//!
//! What Redis has answered it may still lose: with the process unless it writes to disk before
//! it answers (`appendfsync always`), and with a master that is lost before its replica has
//! heard. Then sessions are lost, and ended ones may come back.

mod cache;
mod call;
mod endpoint;
mod gather;
mod index;
mod keys;
mod marks;
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
