//! The store against real servers.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

mod cluster;
mod contract;
mod failing;
mod opening;
mod proxy;
mod remembering;
mod rows;
mod support;
