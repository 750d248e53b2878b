//! What surrounds every route.

mod cors;
mod envelope;
mod guard;
mod login_limit;
mod request_id;

pub(crate) use envelope::Envelope;
pub(crate) use login_limit::LoginLimit;
pub(crate) use request_id::RequestIds;
