//! The endpoints of a user-pool domain that speak OAuth, and discovery.

mod authorize;
mod client_auth;
mod discovery;
mod error;
mod logout;
pub(crate) mod params;
mod redirect;
pub(crate) mod request;
mod revoke;
mod token;
mod user_info;

pub(crate) use authorize::authorize;
pub(crate) use discovery::{jwks, openid_configuration};
pub(crate) use logout::logout;
pub(crate) use revoke::revoke;
pub(crate) use token::token;
pub(crate) use user_info::user_info;
