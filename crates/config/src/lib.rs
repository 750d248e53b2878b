//! Configuration: one source for loading, checking, documentation and schema.
