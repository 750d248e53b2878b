//! From a request to what a handler works with.

mod bodyless;
mod client;
mod current_session;
mod json;
mod user;

pub(crate) use bodyless::Bodyless;
pub(crate) use client::{Caller, address, is_one_of};
pub(crate) use current_session::CurrentSession;
pub(crate) use json::Json;
pub(crate) use user::SignedIn;
pub use user::{Denied, User};
