//! Sessions in PostgreSQL, for many server processes.
