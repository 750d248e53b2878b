//! The store on a real PostgreSQL server.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod contract;
mod entities;
mod failing;
mod opening;
mod people;
mod rows;
mod support;
mod tls;
