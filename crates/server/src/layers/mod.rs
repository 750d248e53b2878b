//! What surrounds every route.

mod cors;
mod envelope;
mod guard;
mod login_limit;
mod request_id;

pub(crate) use envelope::{Envelope, no_store};
pub(crate) use login_limit::LoginLimit;
pub(crate) use request_id::RequestIds;
