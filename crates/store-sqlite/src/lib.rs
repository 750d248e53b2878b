//! Sessions in SQLite, for one server process; records of people, for one or a few; facts of an
//! application's resources, from a table of its own.
//!
//! Writes of all callers queue up to one thread that commits them together, with `fsync`, and
//! only then answers. Reads come from a write-through cache of the still sealed records, then
//! from a few read-only connections; they never wait for a writer.

mod cache;
mod entities;
mod open;
mod owner;
mod people;
mod read;
mod rows;
mod store;
mod write;

pub use entities::{EntitiesError, SqliteEntities};
pub use open::{OpenError, Options};
pub use people::SqliteDirectory;
pub use store::SqliteStore;
