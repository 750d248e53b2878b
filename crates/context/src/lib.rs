//! Who a signed-in person is in an application's own terms: roles by context.
//!
//! [`Provider`] asks the application's IAM service, within bounds. [`Contexts`] remembers what it
//! said, asks once however many want to know, and goes on with an answer that is a little old
//! while the service is down; then it is an error, never a wrong role.

mod breaker;
mod contexts;
mod pattern;
mod provider;
mod roles;
mod statistics;

pub use cogward_session::Timestamp;
pub use contexts::{ContextError, Contexts, Keeping, UserContext, Whose};
pub use pattern::{Pattern, PatternError};
pub use provider::{Credentials, Provider, ProviderError, Refused, SetupError};
pub use roles::{NoRoles, Roles};
pub use statistics::Statistics;
