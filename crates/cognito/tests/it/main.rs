//! The client against the local pool, and against servers that record what they are told and
//! answer anything; and the AWS SDK for Rust against the local pool.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod pool;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rust_sdk;
#[cfg(test)]
mod server;
