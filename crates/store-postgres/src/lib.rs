//! Sessions in PostgreSQL (12 or later), for many server processes, and records of people.
//!
//! What lies in the database is in the tables that `migrations/` makes and explains:
//! `cogward_session`, `cogward_login`, `cogward_lease`, `cogward_mark` and `cogward_budget`, found
//! by the connection's `search_path`; `cogward_schema` says which of the migrations are done. Keys are
//! SHA-256 hashes and everything else that says something about anybody is sealed. People are
//! in tables of their own, which may be in another database: see [`PostgresDirectory`]. Facts of an
//! application's resources are read from a table of its own: see [`PostgresEntities`].
//!
//! Whoever starts first makes the tables, or `cogward store prepare` does. With another user for
//! the servers, who owns nothing, that one needs `SELECT, INSERT, UPDATE, DELETE` on the five
//! tables and `SELECT` on `cogward_schema`.
//!
//! Every operation is one statement, prepared on each connection, so that a few connections
//! carry the calls of all requests, sent one behind the other without waiting. A `PgBouncer` in
//! between must be set to `pool_mode = session`.

mod calls;
mod connect;
mod connections;
mod entities;
mod fault;
mod lanes;
mod open;
mod people;
mod rows;
mod schema;
mod statements;
mod store;
mod tls;
mod url;

pub use entities::PostgresEntities;
pub use open::{OpenError, Options, prepare, prepare_people};
pub use people::PostgresDirectory;
pub use store::PostgresStore;
pub use url::{DatabaseUrl, UrlError};
