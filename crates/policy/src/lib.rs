//! Who may do what to which resource, by [Cedar](https://www.cedarpolicy.com/) policies.
//!
//! Knows no tokens and no HTTP: it is told who asks, and what is known of the resource.

pub mod entities;

pub use entities::{EntityError, EntityProvider, Facts};
