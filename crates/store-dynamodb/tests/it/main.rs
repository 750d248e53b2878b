//! The DynamoDB store, against moto, and against answers that moto does not give.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod answers;
mod contract;
mod entities;
mod faults;
mod items;
mod opening;
mod rights;
mod scripted;
mod support;
mod users;
