//! The DynamoDB store, against moto, and against what moto cannot answer.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod contract;
mod support;
