//! Whose a resource is and what it is like, from where the application keeps that.

mod cached;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "http")]
mod http;
mod provider;
mod table;

pub use cached::Cached;
#[cfg(feature = "http")]
pub use http::{HttpEntities, HttpEntitiesError};
pub use provider::{EntityError, EntityProvider, Facts};
pub use table::{TableName, TableNameError};
