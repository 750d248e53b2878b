//! Whose a resource is and what it is like, from where the application keeps that.

mod cached;
mod provider;

pub use cached::Cached;
pub use provider::{EntityError, EntityProvider, Facts};
