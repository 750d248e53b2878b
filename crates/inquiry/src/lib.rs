//! Asking a service of the application's, within bounds, and remembering what it said.
//!
//! [`Lookups`] remembers answers and asks once however many want to know. With the feature `http`
//! `http` has what a question needs: a client, a path that stays a path, an answer of some size.

#[cfg(feature = "http")]
pub mod http;
mod lookups;

pub use lookups::{BrokeOff, Known, Lookups, OnError};
