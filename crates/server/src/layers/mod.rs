//! What surrounds every route.

mod cors;
mod envelope;
mod guard;
mod login_limit;
mod request_id;

pub(crate) use cors::cors;
pub(crate) use envelope::{envelope, no_store};
pub(crate) use guard::guard;
pub(crate) use login_limit::LoginLimit;
