//! The real binary, as people and service managers run it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod audit;
mod bearer;
mod browser;
mod commands;
mod config;
mod deployment;
mod dev_tls;
mod docs;
mod durable;
mod entities;
mod keys;
mod logs;
mod mail;
mod policies;
mod policy;
mod process;
mod refused;
mod serve;
mod sessions;
mod stores;
mod surfaces;
mod token;
