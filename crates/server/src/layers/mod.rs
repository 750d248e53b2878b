//! What surrounds every route.

mod cors;
mod envelope;
mod login_limit;
mod request_id;

pub(crate) use cors::cors;
pub(crate) use envelope::{envelope, no_store};
pub(crate) use login_limit::LoginLimit;
