//! Whose a resource is and what it is like, from where the application keeps that.

mod provider;

pub use provider::{EntityError, EntityProvider, Facts};
