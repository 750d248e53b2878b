//! Sessions in Redis or Valkey, for many server processes.
