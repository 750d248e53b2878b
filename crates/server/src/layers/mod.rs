//! What surrounds every route.

mod cors;
mod envelope;
mod guard;
mod rate_limit;
mod request_id;

pub(crate) use envelope::Envelope;
pub use rate_limit::RateLimits;
pub(crate) use rate_limit::{Counted, LIMIT, REMAINING, RESET, RateLimiter, UNCOUNTED};
pub(crate) use request_id::RequestIds;
