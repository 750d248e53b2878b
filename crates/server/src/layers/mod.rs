//! What surrounds every route, from the outside in. The order stands in [`around`] alone, and
//! `tests/it/layers.rs` shows it:
//!
//! 1. [`Envelope`]: the request's id, its line in the log, the body of an error as the family of
//!    the route has it, security headers. On every answer, whoever made it.
//! 2. CORS: a page of the frontend can read also why it was refused.
//! 3. [`Guard`]: what is refused unseen, whoever sends it; the limits first.
//! 4. [`Errors`]: a panic, and what the router answers by itself, is an error like any other.
//! 5. The route. Its extractors go from left to right: who calls comes before the body is read, and
//!    the handler runs when both are there. What it refuses goes outwards as an `Error`.

mod cors;
mod envelope;
mod errors;
mod guard;
mod rate_limit;
mod request_id;
mod request_log;

use std::sync::Arc;

use crate::App;
use crate::dispatch::Dispatch;
use cors::cors;
use errors::Errors;
use guard::Guard;
use request_log::RequestLog;

pub(crate) use envelope::Envelope;
pub use rate_limit::RateLimits;
pub(crate) use rate_limit::{Counted, LIMIT, REMAINING, RESET, RateLimiter, UNCOUNTED};
pub(crate) use request_id::RequestIds;

/// All of them around the routes. `templates` are the paths as the log names them.
pub(crate) fn around(app: &Arc<App>, templates: Vec<String>, routes: Dispatch) -> Envelope {
    let routes = Errors::new(routes);
    let routes = Guard::new(app, routes);
    let cors = cors(&app.origins);
    Envelope::new(app, RequestLog::new(templates), &cors, routes)
}
