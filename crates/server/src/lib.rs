//! All of Cogward's HTTP, and none of its rules.

mod cookies;
mod dispatch;
mod error;
mod extract;
mod layers;
mod openapi;
mod origin;
mod redirect;
mod router;
mod routes;
mod serve;
mod site;

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use cogward_auth::Auth;

pub use error::errors;
pub use extract::{Denied, User};
pub use layers::RateLimits;
pub use openapi::{document, page};
pub use router::{Routes, router};
pub use serve::{Limits, Running, ServeError, listen, serve};
pub use site::{CallbackOrigins, Cookies, Pages, Site};

/// What every handler works with.
pub struct App {
    /// The rules.
    pub auth: Arc<Auth>,
    /// Where this deployment lives.
    pub site: Site,
    /// Origins whose pages may use the session cookie.
    origins: Vec<String>,
    rate_limiter: layers::RateLimiter,
    request_ids: layers::RequestIds,
}

impl App {
    /// Joins rules and settings.
    pub fn new(auth: Arc<Auth>, site: Site) -> Arc<Self> {
        let origins = site.origins();
        Arc::new(Self {
            auth,
            origins,
            rate_limiter: layers::RateLimiter::new(site.rate_limits),
            site,
            request_ids: layers::RequestIds::new(&SystemRandom::new()),
        })
    }
}
