//! Sessions in SQLite, for one server process.
